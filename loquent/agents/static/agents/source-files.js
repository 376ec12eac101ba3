"use strict";
// Adds a file that an agent's knowledge is read from, or replaces it by a new version.
(() => {
  const { AWAY, token } = loquentAgent;
  const section = document.querySelector(".lq-websites");
  const dialog = document.getElementById("lq-file");
  if (!section || !dialog) return;
  const form = dialog.querySelector("form");
  const { file: field, url } = form.elements;
  const error = dialog.querySelector("[role=alert]");
  const submit = dialog.querySelector("[type=submit]");
  const box = dialog.querySelector(".lq-progress");
  const bar = dialog.querySelector("progress");
  const limit = Number(field.dataset.limit);
  const kinds = field.accept;
  let replaced = "";
  let request = null;

  function tell(sentence) {
    error.textContent = sentence;
    error.hidden = !sentence;
  }

  function open(source, name) {
    form.reset();
    tell("");
    box.hidden = true;
    replaced = source;
    field.accept = source ? name.slice(name.lastIndexOf(".")) : kinds;
    dialog.querySelector("h2").textContent = source ? `Replace ${name}` : "Add a file";
    submit.textContent = source ? "Replace file" : "Add file";
    dialog.showModal();
  }

  section.querySelector("[data-add-file]").addEventListener("click", () => open("", ""));
  section.addEventListener("click", (event) => {
    const button = event.target.closest("[data-replace]");
    if (button) open(button.closest("[data-source]").dataset.source, button.dataset.replace);
  });
  field.addEventListener("change", () => tell(""));
  dialog.addEventListener("close", () => request?.abort());

  /** Sends the form; gives what is wrong, or nothing. */
  const send = (body) =>
    new Promise((resolve) => {
      request = new XMLHttpRequest();
      request.open("POST", section.dataset.change);
      request.setRequestHeader("X-CSRFToken", token());
      request.upload.addEventListener("progress", (event) => {
        bar.value = event.loaded / (event.total || 1);
      });
      request.addEventListener("error", () => resolve(AWAY));
      request.addEventListener("abort", () => resolve("Not sent."));
      request.addEventListener("load", () => {
        try {
          const told = JSON.parse(request.responseText);
          const sentences = Object.values(told.fields ?? {}).flat();
          resolve(request.status === 200 ? "" : sentences.join(" ") || told.message);
        } catch {
          resolve(request.status === 413 ? "The file is too large." : AWAY);
        }
      });
      request.send(body);
    });

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const [file] = field.files;
    tell("");
    if (file.size > limit) {
      tell(`The file is larger than ${limit / 1024 / 1024} MB.`);
      return;
    }
    const body = new FormData();
    body.set("do", replaced ? "replace" : "upload");
    body.set("source", replaced);
    body.set("file", file);
    body.set("url", url.value);
    submit.disabled = true;
    box.hidden = false;
    bar.value = 0;
    const problem = await send(body);
    submit.disabled = false;
    box.hidden = true;
    if (problem) {
      tell(problem);
      return;
    }
    dialog.close();
    section.dispatchEvent(new Event("lq-added"));
  });
})();
