"use strict";
// The list of the inbox: tabs and rows. The server writes both; rows are keyed by conversation.

const inboxList = (() => {
  const root = document.querySelector(".lq-inbox");
  const body = root?.querySelector(".lq-inbox-list-body");
  const news = root?.querySelector(".lq-inbox-news");
  // More rows than this are not kept: the end of the list is dropped, and shown again on demand.
  const MOST_ROWS = 1_000;
  const MOST_ASKED = 300;
  const TICK = 15_000;
  const RETRY = 5_000;

  let tab = body?.dataset.tab ?? "waiting";
  let selected = "";
  let onNumbers = () => {};
  let onShown = () => {};
  let pending = new Set();
  let isAsking = false;
  let isReading = false;
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
      element.hidden = !Number(number);
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
    while (before && (before === row || Number(before.dataset.order) <= order)) before = before.nextElementSibling;
    const isBeyond = before === null && !body.querySelector(".lq-inbox-more").hidden;
    if (isBeyond) row.remove();
    else rows().insertBefore(row, before);
  }

  function isInPlace(row) {
    const order = Number(row.dataset.order);
    const [before, after] = [row.previousElementSibling, row.nextElementSibling];
    return (!before || Number(before.dataset.order) <= order) && (!after || Number(after.dataset.order) >= order);
  }

  /** Shows a row as the server wrote it. The link stays: it may have the focus, or be pressed now. */
  function put(id, row) {
    const there = rowOf(id);
    if (row) row.lqSource = row.outerHTML;
    if (!there) {
      if (row) place(document.adoptNode(row));
      return;
    }
    const hadFocus = there.contains(document.activeElement);
    const next = there.nextElementSibling ?? there.previousElementSibling;
    if (!row) there.remove();
    else if (there.lqSource !== row.lqSource) {
      there.lqSource = row.lqSource;
      Object.assign(there.dataset, row.dataset);
      const [link, written] = [there.firstElementChild, row.firstElementChild];
      link.href = written.getAttribute("href");
      link.replaceChildren(...[...written.childNodes].map((node) => document.adoptNode(node)));
      if (!isInPlace(there)) place(there);
    }
    if (hadFocus && !there.contains(document.activeElement)) {
      (there.isConnected ? there : next)?.querySelector("a").focus();
    }
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

  function readNumbers(page) {
    const numbers = {};
    for (const each of page.querySelectorAll("[role='tab']")) {
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

  /** Shows these conversations as they are now; while a request runs, later ones wait: the answer to
   * an earlier one would take them back. */
  async function changed(ids) {
    for (const id of ids) pending.add(id);
    if (isAsking || isReading || !pending.size) return;
    isAsking = true;
    const asked = [...pending].slice(0, MOST_ASKED);
    pending = new Set([...pending].slice(MOST_ASKED));
    const now = generation;
    try {
      const page = await inboxRequests.fragment(url(`&ids=${asked.join(",")}`));
      if (now === generation) {
        const found = new Map([...page.querySelectorAll("li[data-id]")].map((row) => [row.dataset.id, row]));
        for (const id of asked) put(id, found.get(id) ?? null);
        showNumbers({ ...page.querySelector("[data-numbers]").dataset, numbers: "" });
        settle();
      }
    } catch {
      reloadLater();
    }
    isAsking = false;
    if (pending.size) changed([]);
  }

  /** Reads the tab again: as many rows as there are. */
  async function reload() {
    generation += 1;
    const now = generation;
    pending.clear();
    isReading = true;
    try {
      const page = await inboxRequests.fragment(url(`&most=${rows().children.length}`));
      if (now !== generation) return;
      clearTimeout(retry);
      const found = new Map([...page.querySelectorAll("li[data-id]")].map((row) => [row.dataset.id, row]));
      for (const row of [...rows().children]) if (!found.has(row.dataset.id)) put(row.dataset.id, null);
      showMore(false);
      for (const [id, row] of found) put(id, row);
      showMore(!page.querySelector(".lq-inbox-more").hidden);
      const empty = page.querySelector(".lq-inbox-empty").textContent;
      body.querySelector(".lq-inbox-empty").textContent = empty;
      showNumbers(readNumbers(page));
      settle();
    } catch {
      if (now === generation) reloadLater();
    }
    if (now !== generation) return;
    isReading = false;
    changed([]);
  }

  /** Reads everything again in a moment; also when the connection is back. */
  function reloadLater() {
    clearTimeout(retry);
    retry = setTimeout(reload, RETRY * (0.5 + Math.random()));
  }

  async function more() {
    const asked = tab;
    const page = await inboxRequests.fragment(url(`&skip=${rows().children.length}`)).catch(() => null);
    if (!page || asked !== tab) return;
    showMore(false);
    for (const row of page.querySelectorAll("li[data-id]")) put(row.dataset.id, row);
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
    body.dataset.tab = name;
    body.querySelector("[role='tabpanel']").setAttribute("aria-labelledby", `lq-tab-${name}`);
    rows().replaceChildren();
    reload();
  }

  function start({ open, showTab, shown, numbers }) {
    onNumbers = numbers;
    onShown = shown;
    onNumbers(readNumbers(body));
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
