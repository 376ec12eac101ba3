"use strict";
// The list of the inbox: tabs and rows. The server writes both; rows are keyed by conversation.

const inboxList = (() => {
  const root = document.querySelector(".lq-inbox");
  const body = root?.querySelector(".lq-inbox-list-body");
  const news = root?.querySelector(".lq-inbox-news");
  // More rows than this are not kept: the end of the list is dropped, and shown again on demand.
  const MOST_ROWS = 300;
  const TICK = 15_000;
  const RETRY = 5_000;

  let tab = body?.dataset.tab ?? "waiting";
  let selected = "";
  let onNumbers = () => {};
  let onShown = () => {};
  let pending = new Set();
  let isAsking = false;
  let retry = 0;
  // Answers to requests of an earlier tab are dropped.
  let generation = 0;

  const rows = () => body.querySelector(".lq-inbox-rows");
  const rowOf = (id) => rows().querySelector(`[data-id="${CSS.escape(id)}"]`);
  const links = () => [...rows().querySelectorAll("li > a")];
  const url = (query) => `${root.dataset.rows}?tab=${tab}${query}`;

  // --- times ---

  function span(seconds) {
    if (seconds < 60) return "now";
    if (seconds < 3_600) return `${Math.floor(seconds / 60)} min`;
    if (seconds < 86_400) return `${Math.floor(seconds / 3_600)} h`;
    return `${Math.floor(seconds / 86_400)} d`;
  }

  function tick() {
    for (const time of body.querySelectorAll("time[data-ago], time[data-waits]")) {
      const seconds = Math.max(0, (Date.now() - Date.parse(time.dateTime)) / 1_000);
      const words = span(seconds);
      const text = "waits" in time.dataset ? (words === "now" ? "waiting" : `waiting ${words}`) : words;
      if (time.textContent !== text) time.textContent = text;
    }
  }

  // --- what the server has ---

  function showNumbers(numbers) {
    for (const [name, number] of Object.entries(numbers)) {
      const element = body.querySelector(`[role='tab'][data-tab='${name}'] .lq-number`);
      if (!element) continue;
      const before = Number(element.textContent || 0);
      element.textContent = number;
      element.hidden = number === "0";
      if (name === "waiting" && Number(number) > before) {
        news.textContent = `${number} waiting for a person`;
      }
    }
    onNumbers(numbers);
  }

  function showMore(hasMore) {
    body.querySelector(".lq-inbox-more").hidden = !hasMore;
  }

  function place(row) {
    const order = Number(row.dataset.order);
    let before = rows().firstElementChild;
    while (before && Number(before.dataset.order) <= order) before = before.nextElementSibling;
    const isBeyond = before === null && !body.querySelector(".lq-inbox-more").hidden;
    if (!isBeyond) rows().insertBefore(row, before);
  }

  function put(id, row) {
    const there = rowOf(id);
    if (row) row.lqSource = row.outerHTML;
    if (there && row && there.lqSource === row.lqSource) return;
    const hadFocus = there?.contains(document.activeElement);
    const next = there?.nextElementSibling ?? there?.previousElementSibling;
    there?.remove();
    if (row) place(row);
    if (hadFocus) (rowOf(id) ?? next)?.querySelector("a").focus();
  }

  function settle() {
    while (rows().children.length > MOST_ROWS) {
      rows().lastElementChild.remove();
      showMore(true);
    }
    body.querySelector(".lq-inbox-empty").hidden = rows().children.length > 0;
    mark();
    tick();
    onShown();
  }

  function readNumbers() {
    const numbers = {};
    for (const each of body.querySelectorAll("[role='tab']")) {
      numbers[each.dataset.tab] = each.querySelector(".lq-number").textContent;
    }
    return numbers;
  }

  function mark() {
    for (const link of links()) {
      if (link.parentElement.dataset.id === selected) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
  }

  /** Shows these conversations as they are now; while a request runs, later ones wait. */
  async function changed(ids) {
    for (const id of ids) pending.add(id);
    if (isAsking || !pending.size) return;
    isAsking = true;
    const asked = [...pending].slice(0, MOST_ROWS);
    pending = new Set([...pending].slice(MOST_ROWS));
    const now = generation;
    try {
      const page = await inboxRequests.fragment(url(`&ids=${asked.join(",")}`));
      if (now === generation) {
        const found = new Map([...page.querySelectorAll("li[data-id]")].map((row) => [row.dataset.id, row]));
        for (const id of asked) put(id, found.has(id) ? document.adoptNode(found.get(id)) : null);
        showNumbers({ ...page.querySelector("[data-numbers]").dataset, numbers: "" });
        settle();
      }
    } catch {
      reloadLater();
    }
    isAsking = false;
    if (pending.size) changed([]);
  }

  /** Reads the tab again. */
  async function reload() {
    generation += 1;
    const now = generation;
    pending.clear();
    try {
      const page = await inboxRequests.fragment(url(""));
      if (now !== generation) return;
      const hadFocus = body.contains(document.activeElement) && document.activeElement.closest("[data-id], [role='tab']");
      const id = hadFocus?.dataset.id;
      const at = rows().scrollTop;
      body.replaceChildren(...[...page.body.childNodes].map((node) => document.adoptNode(node)));
      body.dataset.tab = tab;
      clearTimeout(retry);
      settle();
      rows().scrollTop = at;
      onNumbers(readNumbers());
      if (hadFocus) (id ? rowOf(id)?.querySelector("a") : body.querySelector("[aria-selected='true']"))?.focus();
    } catch {
      if (now === generation) reloadLater();
    }
  }

  /** Reads everything again in a moment; also when the connection is back. */
  function reloadLater() {
    clearTimeout(retry);
    retry = setTimeout(reload, RETRY * (0.5 + Math.random()));
  }

  async function more() {
    const page = await inboxRequests.fragment(url(`&skip=${rows().children.length}`)).catch(() => null);
    if (!page) return;
    showMore(false);
    for (const row of page.querySelectorAll("li[data-id]")) put(row.dataset.id, document.adoptNode(row));
    const count = rows().children.length;
    showMore(Boolean(page.querySelector("[data-has-more]")) && count < MOST_ROWS);
    settle();
  }

  function switchTab(name) {
    if (name === tab) return;
    tab = name;
    for (const each of body.querySelectorAll("[role='tab']")) {
      const isSelected = each.dataset.tab === name;
      each.setAttribute("aria-selected", String(isSelected));
      each.tabIndex = isSelected ? 0 : -1;
    }
    reload();
  }

  function start({ open, showTab, shown, numbers }) {
    onNumbers = numbers;
    onShown = shown;
    onNumbers(readNumbers());
    body.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      if (event.target.closest(".lq-inbox-more")) more();
      const chosen = event.target.closest("[role='tab']");
      const row = event.target.closest("li[data-id] > a");
      if (!chosen && !row) return;
      event.preventDefault();
      if (chosen) showTab(chosen.dataset.tab);
      else open(row.parentElement.dataset.id);
    });
    body.addEventListener("keydown", (event) => {
      const from = event.target.closest("[role='tab']");
      if (!from) return;
      const tabs = [...body.querySelectorAll("[role='tab']")];
      const isRtl = getComputedStyle(body).direction === "rtl";
      const step = { ArrowRight: isRtl ? -1 : 1, ArrowLeft: isRtl ? 1 : -1 }[event.key];
      const to = { Home: 0, End: tabs.length - 1 }[event.key] ?? (tabs.indexOf(from) + step + tabs.length) % tabs.length;
      if (event.key === " ") showTab(from.dataset.tab);
      else if (!Number.isInteger(to)) return;
      else {
        showTab(tabs[to].dataset.tab);
        body.querySelector(`[role='tab'][data-tab='${tabs[to].dataset.tab}']`).focus();
      }
      event.preventDefault();
    });
    setInterval(tick, TICK);
    tick();
  }

  /** Moves the focus by `step` rows. */
  function move(step) {
    const all = links();
    const from = all.indexOf(document.activeElement);
    const current = from >= 0 ? from : all.findIndex((link) => link.parentElement.dataset.id === selected);
    const to = current < 0 ? 0 : Math.min(all.length - 1, Math.max(0, current + step));
    all[to]?.focus();
  }

  return {
    start,
    changed,
    reload,
    switchTab,
    move,
    get tab() {
      return tab;
    },
    select(id) {
      selected = id;
      mark();
    },
  };
})();
