"use strict";
// The form of a widget: its preview, and what is told while somebody types. Without this script
// the form works all the same; the server says everything once more.
{
  const data = JSON.parse(document.getElementById("lq-preview-data").textContent);
  const form = document.getElementById("widgetconfig_form");
  const box = document.getElementById("lq-preview");
  const frames = document.getElementById("lq-preview-frames");
  const theme = document.getElementById("lq-preview-theme");
  const state = document.getElementById("lq-preview-status");
  const here = window.location.origin;
  const field = (name) => document.getElementById(`id_${name}`);
  let config = data.config;

  // --- The preview: a new frame is drawn behind the old one, and takes its place when it is there.

  function draw() {
    if (!box.checkVisibility()) return;
    const frame = document.createElement("iframe");
    frame.title = "Preview of the widget";
    frame.src = data.frame;
    frame.className = "lq-next";
    for (const late of frames.querySelectorAll(".lq-next")) late.remove();
    frames.append(frame);
  }

  window.addEventListener("message", (event) => {
    if (event.origin !== here) return;
    const frame = [...frames.children].find((one) => one.contentWindow === event.source);
    if (!frame) return;
    if (event.data?.type === "ready") {
      frame.contentWindow.postMessage({ type: "show", config, theme: theme.value }, here);
    } else if (event.data?.type === "shown") {
      frame.className = "";
      for (const other of [...frames.children]) if (other !== frame && !other.className) other.remove();
    }
  });
  box.addEventListener("lq:shown", draw);
  theme.addEventListener("change", draw);

  // --- What the server says of the settings, before they are saved.

  function note(name, lines, kind) {
    const input = field(name);
    if (!input) return;
    const id = `lq-note-${name}`;
    let list = document.getElementById(id);
    if (!list) {
      list = document.createElement("div");
      list.id = id;
      list.setAttribute("role", "status");
      input.closest(".form-row").append(list);
      const described = input.getAttribute("aria-describedby");
      input.setAttribute("aria-describedby", described ? `${described} ${id}` : id);
    }
    // What the server has said beside the field is not said twice.
    const said = input.closest(".form-row").querySelector(".errorlist")?.textContent ?? "";
    lines = lines.filter((line) => !said.includes(line));
    list.className = `lq-live lq-${kind}`;
    list.replaceChildren(
      ...lines.map((line) => Object.assign(document.createElement("div"), { textContent: line })),
    );
  }

  function tell(answer) {
    note("text_color", answer.contrast ? [answer.contrast] : [], "warn");
    note(
      "allowed_origins",
      answer.origins
        .filter((one) => one.error || one.origin !== one.typed)
        .map((one) => one.error || `${one.typed} → ${one.origin}`),
      answer.origins.some((one) => one.error) ? "warn" : "quiet",
    );
    if (JSON.stringify(answer.config) === JSON.stringify(config)) return;
    config = answer.config;
    draw();
  }

  let pending = null;
  async function check() {
    pending?.abort();
    pending = new AbortController();
    const { signal } = pending;
    try {
      const url = data.widget ? `${data.check}?widget=${data.widget}` : data.check;
      const response = await fetch(url, { method: "POST", body: new FormData(form), signal });
      if (!response.ok) throw new Error(String(response.status));
      tell(await response.json());
      state.textContent = "";
    } catch {
      if (!signal.aborted) state.textContent = "The preview can't be reached. The form still works.";
    }
  }

  let timer = 0;
  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(check, 250);
  });

  // --- Colours: the field takes #rrggbb, and a picker beside it.

  for (const input of document.querySelectorAll("[data-color]")) {
    const picker = document.createElement("input");
    picker.type = "color";
    picker.setAttribute("aria-label", `Pick: ${input.labels[0]?.textContent ?? input.name}`);
    const row = document.createElement("span");
    row.className = "lq-color";
    input.replaceWith(row);
    row.append(picker, input);
    const follow = () => { if (/^#[0-9a-f]{6}$/i.test(input.value)) picker.value = input.value; };
    follow();
    input.addEventListener("input", follow);
    picker.addEventListener("input", () => {
      input.value = picker.value;
      input.dispatchEvent(new Event("input", { bubbles: true }));
    });
    const swatches = Object.entries(JSON.parse(input.dataset.swatches ?? "{}"));
    for (const [name, color] of swatches) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "lq-swatch";
      button.title = name;
      button.setAttribute("aria-label", `${name}: ${input.labels[0]?.textContent ?? input.name}`);
      button.style.backgroundColor = color;
      button.addEventListener("click", () => {
        input.value = color;
        input.dispatchEvent(new Event("input", { bubbles: true }));
      });
      row.append(button);
    }
  }

  // --- A site that was refused is allowed and saved at once; what is typed stays as it is.

  function allowed(origin, answer) {
    const list = field("allowed_origins");
    const version = form.elements.version;
    if (version.value === answer.before) version.value = answer.version;
    if (!list.value.split("\n").includes(origin))
      list.value = [list.value.trimEnd(), origin].filter(Boolean).join("\n");
    const detail = { name: "allowed_origins", value: answer.allowed_origins.join("\n") };
    form.dispatchEvent(new CustomEvent("lq:saved", { detail }));
    check();
  }

  for (const button of document.querySelectorAll("[data-allow]")) {
    button.addEventListener("click", async (event) => {
      event.preventDefault();
      if (button.getAttribute("aria-disabled")) return;
      const status = button.closest(".lq-state, section").querySelector("[role='status']");
      const body = new FormData(button.form);
      body.set("origin", button.value);
      try {
        const response = await fetch(button.form.action, {
          method: "POST", body, redirect: "error", headers: { Accept: "application/json" },
        });
        const answer = await response.json();
        if (!response.ok) {
          status.textContent = answer.message;
          return;
        }
        allowed(button.value, answer);
      } catch {
        status.textContent = "The server can't be reached. Please try again.";
        return;
      }
      status.textContent = `Allowed and saved: ${button.value}`;
      for (const same of document.querySelectorAll("[data-allow]"))
        if (same.value === button.value) same.setAttribute("aria-disabled", "true");
    });
  }

  draw();
  if (field("text_color")) check();
}
