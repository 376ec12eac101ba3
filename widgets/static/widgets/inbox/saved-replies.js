"use strict";
// Saved replies: `/` at the start of a word opens a list, which is filtered as you type. A choice is
// inserted, never sent.

const inboxSavedReplies = (() => {
  const MOST_SHOWN = 8;
  const list = document.querySelector("#lq-saved");
  let area;
  let factsOf = () => ({});
  let loaded = { id: "", replies: [] };
  let shown = [];
  let active = 0;

  /** What is typed after the slash before the cursor; null if there is none. */
  function query() {
    if (area.selectionStart !== area.selectionEnd) return null;
    return area.value.slice(0, area.selectionStart).match(/(?:^|\s)\/([^\s/]{0,40})$/)?.[1] ?? null;
  }

  async function load() {
    const { id, organization } = factsOf();
    if (loaded.id === id) return;
    loaded = { id, replies: [] };
    try {
      const replies = await inboxRequests.all(`saved-replies/?session_id=${id}`, organization);
      if (loaded.id === id) loaded.replies = replies;
    } catch {
      loaded.id = "";
    }
    update();
  }

  const fold = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

  function found(words) {
    const wanted = fold(words);
    const named = (reply) => fold(reply.name).includes(wanted);
    const all = loaded.replies.filter((reply) => named(reply) || fold(reply.text).includes(wanted));
    return all.sort((one, other) => named(other) - named(one)).slice(0, MOST_SHOWN);
  }

  function update() {
    const words = query();
    if (words === null) return hide();
    load();
    shown = found(words);
    active = Math.min(active, Math.max(0, shown.length - 1));
    list.replaceChildren(...shown.map(option));
    list.hidden = !shown.length;
    point();
  }

  function option(reply, at) {
    const item = document.createElement("li");
    item.id = `lq-saved-${at}`;
    item.setAttribute("role", "option");
    const name = document.createElement("strong");
    name.textContent = reply.name;
    const text = document.createElement("span");
    text.textContent = reply.text;
    text.dir = "auto";
    item.append(name, " ", text);
    // Before the box loses the focus.
    item.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      insert(reply);
    });
    return item;
  }

  function point() {
    for (const [at, item] of [...list.children].entries()) item.setAttribute("aria-selected", String(at === active));
    if (list.hidden) area.removeAttribute("aria-activedescendant");
    else {
      area.setAttribute("aria-activedescendant", `lq-saved-${active}`);
      list.children[active]?.scrollIntoView({ block: "nearest" });
    }
  }

  function hide() {
    list.hidden = true;
    active = 0;
    area.removeAttribute("aria-activedescendant");
  }

  function insert(reply) {
    const end = area.selectionStart;
    area.setRangeText(reply.text, end - query().length - 1, end, "end");
    hide();
    area.dispatchEvent(new Event("input", { bubbles: true }));
  }

  function pressed(event) {
    if (list.hidden || event.isComposing || event.ctrlKey || event.metaKey) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) active = (active + step + shown.length) % shown.length;
    else if (event.key === "Enter" || event.key === "Tab") insert(shown[active]);
    else if (event.key === "Escape") hide();
    else return;
    event.preventDefault();
    event.stopPropagation();
    point();
  }

  return {
    /** The replies are others by now. */
    changed() {
      loaded = { id: "", replies: [] };
    },
    start(options) {
      area = options.area;
      factsOf = options.facts;
      area.addEventListener("input", update);
      area.addEventListener("click", update);
      area.addEventListener("blur", hide);
      area.addEventListener("keydown", pressed);
    },
  };
})();
