"use strict";
// The websites and files that an agent's knowledge is read from: preview, add, progress, report.
(() => {
  const { AWAY, make, post, sentenceOf } = loquentAgent;
  const POLL_MS = 1500;
  const section = document.querySelector(".lq-websites");
  if (!section) return;
  const list = section.querySelector(".lq-websites-list");
  const status = section.querySelector("[role=status]");
  const adder = document.getElementById("lq-website");
  const reporter = document.getElementById("lq-source-report");
  const asker = document.getElementById("lq-source-ask");
  let timer = 0;
  let asked = null;

  const QUESTIONS = {
    delete: ["Delete this source?", "Delete", "Its entries are deleted, too. Entries that you have edited are kept."],
    accept: ["Remove the pages that are gone?", "Accept removals", "It is read again. Pages that it no longer has are removed from the knowledge."],
  };

  async function refresh(words) {
    const wasBusy = list.querySelector("[data-busy]") !== null;
    const response = await fetch(section.dataset.list, { redirect: "error" });
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const focused = document.activeElement?.closest?.("[data-source]");
    const label = document.activeElement?.getAttribute?.("aria-label");
    list.replaceChildren(...page.body.childNodes);
    if (focused && label) {
      const again = [...list.querySelectorAll("button")].find((button) => button.getAttribute("aria-label") === label);
      (again ?? section.querySelector("h3")).focus();
    }
    const isBusy = list.querySelector("[data-busy]") !== null;
    if (words !== undefined) status.textContent = words;
    if (wasBusy && !isBusy) {
      status.textContent = "The sync has ended.";
      document.dispatchEvent(new Event("lq-knowledge-changed"));
    }
    watch(isBusy);
  }

  function watch(isBusy) {
    clearTimeout(timer);
    if (isBusy) timer = setTimeout(() => refresh().catch(() => watch(true)), POLL_MS);
  }

  async function act(what, source, words) {
    const body = new FormData();
    body.set("do", what);
    body.set("source", source);
    try {
      const response = await post(section.dataset.change, body);
      const isDone = response.ok && !response.redirected;
      await refresh(isDone ? words : await sentenceOf(response));
      if (isDone && (what === "delete" || what === "undo")) document.dispatchEvent(new Event("lq-knowledge-changed"));
    } catch {
      status.textContent = AWAY;
    }
  }

  const WORDS = { sync: "", accept: "", undo: "The last sync was undone.", delete: "Deleted." };

  list.addEventListener("click", async (event) => {
    const row = event.target.closest("[data-source]");
    const what = event.target.closest("[data-do]")?.dataset.do;
    if (what && QUESTIONS[what]) {
      const [title, button, text] = QUESTIONS[what];
      asked = () => act(what, row.dataset.source, WORDS[what]);
      asker.querySelector("h2").textContent = title;
      asker.querySelector("p").textContent = text;
      asker.querySelector("[type=submit]").textContent = button;
      asker.showModal();
    } else if (what) {
      await act(what, row.dataset.source, WORDS[what]);
    } else if (event.target.closest("[data-report]")) {
      try {
        const response = await fetch(`${section.dataset.list}?report=${row.dataset.source}`, { redirect: "error" });
        const page = new DOMParser().parseFromString(await response.text(), "text/html");
        reporter.querySelector(".lq-report").replaceChildren(...page.body.childNodes);
        reporter.showModal();
      } catch {
        status.textContent = AWAY;
      }
    }
  });
  watch(list.querySelector("[data-busy]") !== null);
  if (!adder) return;
  section.addEventListener("lq-added", () => refresh("").catch(() => watch(true)));

  asker.querySelector("form").addEventListener("submit", () => asked?.());

  const form = adder.querySelector("form");
  const field = form.elements.url;
  const found = adder.querySelector(".lq-preview");
  const submit = adder.querySelector("[type=submit]");
  const error = adder.querySelector("[role=alert]");
  const state = adder.querySelector(".lq-preview-state");
  let previewed = "";

  function tell(sentence) {
    error.textContent = sentence;
    error.hidden = !sentence;
  }

  function reset() {
    previewed = "";
    found.hidden = true;
    submit.textContent = "Preview";
  }

  section.querySelector("[data-add-website]").addEventListener("click", () => {
    form.reset();
    reset();
    tell("");
    state.textContent = "";
    adder.showModal();
  });
  field.addEventListener("input", reset);

  function show({ url, title, excerpt, pages, count, is_whole: isWhole, warnings }) {
    const number = `${count} page${count === 1 ? "" : "s"}`;
    const sum = isWhole ? `${number} will be read.` : `${number} found so far. More are found by following their links.`;
    found.replaceChildren(
      make("h3", "", title || url),
      make("p", "lq-preview-text", excerpt),
      ...warnings.map((text) => make("p", "lq-source-error", text)),
    );
    const items = make("ul");
    items.append(...pages.slice(0, 20).map((address) => make("li", "", address)));
    if (count > 20) items.append(make("li", "", `and ${count - 20} more`));
    found.append(items);
    found.hidden = false;
    submit.textContent = "Read this website";
    state.textContent = sum;
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const body = new FormData();
    const isAdding = previewed !== "" && previewed === field.value;
    body.set("url", field.value);
    body.set("do", isAdding ? "add" : "preview");
    tell("");
    submit.disabled = true;
    state.textContent = isAdding ? "" : "Looking at the website…";
    try {
      const response = await post(section.dataset.change, body);
      if (!response.ok || response.redirected) {
        state.textContent = "";
        tell(await sentenceOf(response, () => "Address"));
      } else if (isAdding) {
        adder.close();
        await refresh("");
      } else {
        previewed = field.value;
        show(await response.json());
      }
    } catch {
      state.textContent = "";
      tell(AWAY);
    }
    submit.disabled = false;
  });
})();
