"use strict";
// Files become entries, one after the other, with a bar and a report.
function loquentImport(section, refresh) {
  const { AWAY, make, token } = loquentAgent;
  const dialog = document.getElementById("lq-import");
  const form = dialog.querySelector("form");
  const chosen = dialog.querySelector("[type=file]");
  const box = dialog.querySelector(".lq-progress");
  const bar = dialog.querySelector("progress");
  const state = dialog.querySelector("#lq-import-state");
  const report = dialog.querySelector(".lq-report");
  const submit = dialog.querySelector("[type=submit]");
  const close = dialog.querySelector("[data-close]");
  const limit = Number(section.dataset.limit);
  const most = Number(section.dataset.told);

  const question = dialog.querySelector(".lq-encodings");
  const answers = question.querySelector(".lq-encodings-list");

  /** One file: how far it is goes to `onBytes`; gives { added, skipped, more, encodings }. */
  const upload = (file, encoding, onBytes, onSent) =>
    new Promise((resolve) => {
      const failed = (why) =>
        resolve({ added: 0, skipped: [{ what: file.name, why }], more: 0, encodings: [] });
      const request = new XMLHttpRequest();
      request.open("POST", section.dataset.import);
      request.setRequestHeader("X-CSRFToken", token());
      request.upload.addEventListener("progress", (event) => onBytes(event.loaded));
      request.upload.addEventListener("load", onSent);
      request.addEventListener("error", () => failed(AWAY));
      request.addEventListener("load", () => {
        try {
          const told = JSON.parse(request.responseText);
          if (request.status === 200) resolve(told);
          else failed(told.message);
        } catch {
          failed(request.status === 413 ? "The file is too large." : AWAY);
        }
      });
      const body = new FormData();
      body.set("file", file);
      if (encoding) body.set("encoding", encoding);
      request.send(body);
    });

  /** How a file reads in an encoding, to be chosen. */
  function answer({ encoding, label, sample }) {
    const row = make("label", "lq-encoding");
    const radio = make("input");
    Object.assign(radio, { type: "radio", name: "encoding", value: encoding });
    const text = make("span", "lq-encoding-sample", sample);
    text.dir = "auto";
    row.append(radio, make("strong", "", label), text);
    return row;
  }

  /** Asks how a file reads correctly; gives the encoding, or null to skip the file. */
  const choose = (file, encodings) =>
    new Promise((resolve) => {
      if (!dialog.open) {
        resolve(null);
        return;
      }
      const use = question.querySelector("[data-use]");
      const skip = question.querySelector("[data-skip]");
      question.querySelector(".lq-encodings-file").textContent = file.name;
      answers.replaceChildren(...encodings.map(answer));
      question.hidden = false;
      state.textContent = `Choose the text encoding of ${file.name}.`;
      answers.querySelector("input").focus();
      const end = (encoding) => {
        events.abort();
        question.hidden = true;
        resolve(encoding);
      };
      const events = new AbortController();
      const { signal } = events;
      const chosenOne = () => answers.querySelector("input:checked");
      use.disabled = true;
      answers.addEventListener("change", () => (use.disabled = false), { signal });
      use.addEventListener("click", () => end(chosenOne().value), { signal });
      skip.addEventListener("click", () => end(null), { signal });
      dialog.addEventListener("close", () => end(null), { signal });
    });

  /** After an import the main button is "Close", until other files are chosen. */
  function offer(isOver) {
    submit.hidden = isOver;
    close.classList.toggle("lq-primary", isOver);
  }
  chosen.addEventListener("change", () => offer(false));

  function show({ added, skipped, more, files }) {
    report.hidden = false;
    const entries = added === 1 ? "entry" : "entries";
    const told = skipped.slice(0, most);
    const count = skipped.length + more;
    const lines = files.filter(({ count }) => count > 0 && files.length > 1).map(
      ({ name, count }) => `${name}: ${count} ${count === 1 ? "entry" : "entries"}`,
    );
    lines.push(...told.map(({ what, why }) => `${what}: ${why}`));
    if (count > told.length) lines.push(`and ${count - told.length} more.`);
    report.querySelector("h3").textContent =
      `${added} ${entries} added${count ? `, ${count} skipped:` : "."}`;
    report.querySelector("ul").replaceChildren(...lines.map((line) => make("li", "", line)));
  }

  section.querySelector("[data-import-open]").addEventListener("click", () => {
    form.reset();
    offer(false);
    box.hidden = report.hidden = question.hidden = true;
    dialog.showModal();
  });

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const files = [...chosen.files];
    const all = files.reduce((sum, file) => sum + file.size, 0) || 1;
    const total = { added: 0, skipped: [], more: 0, files: [] };
    let done = 0;
    submit.disabled = true;
    box.hidden = false;
    report.hidden = true;
    bar.value = 0;
    for (const [index, file] of files.entries()) {
      const name = files.length === 1 ? file.name : `${file.name} (${index + 1} of ${files.length})`;
      state.textContent = `Sending ${name}…`;
      if (file.size > limit) {
        total.skipped.push({ what: file.name, why: `The file is larger than ${limit / 1024 / 1024} MB.` });
      } else {
        const before = done;
        const send = (encoding) =>
          upload(
            file,
            encoding,
            (bytes) => {
              bar.value = (before + Math.min(bytes, file.size)) / all;
            },
            () => {
              state.textContent = `Reading ${name}…`;
            },
          );
        let result = await send("");
        if (result.encodings?.length) {
          const encoding = await choose(file, result.encodings);
          if (encoding) result = await send(encoding);
        }
        total.added += result.added;
        total.files.push({ name: file.name, count: result.added });
        total.skipped.push(...result.skipped);
        total.more += result.more;
      }
      done += file.size;
      bar.value = done / all;
    }
    state.textContent = "Done.";
    submit.disabled = false;
    offer(total.added > 0);
    show(total);
    try {
      await refresh(total.added ? "Imported." : "");
    } catch {
      state.textContent = `Done. ${AWAY}`;
    }
  });
}
