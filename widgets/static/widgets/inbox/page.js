"use strict";
// The inbox page: what is open, the socket, and what a member does with a conversation.
(() => {
  const root = document.querySelector(".lq-inbox");
  if (!root) return;
  const status = root.querySelector(".lq-status");
  const head = root.querySelector(".lq-inbox-thread-head");

  // --- what is open; the address names it ---

  const wanted = () => new URLSearchParams(location.search);
  const address = (tab, id) => `?tab=${tab}${id ? `&c=${id}` : ""}`;

  function showPane(name) {
    root.dataset.pane = name;
  }

  async function open(id, { isNew = true, focuses = true } = {}) {
    if (isNew && id !== inboxThread.id) history.pushState({}, "", address(inboxList.tab, id));
    inboxList.select(id);
    showPane("conversation");
    if (await inboxThread.open(id)) {
      if (focuses) inboxThread.focus();
    }
  }

  function close() {
    inboxThread.close();
    inboxList.select("");
    showPane("list");
  }

  function showTab(name) {
    history.replaceState({}, "", address(name, inboxThread.id));
    inboxList.switchTab(name);
  }

  addEventListener("popstate", () => {
    const id = wanted().get("c");
    if (id) open(id, { isNew: false });
    else close();
    inboxList.switchTab(wanted().get("tab") ?? "waiting");
  });

  root.addEventListener("click", (event) => {
    const pane = event.target.closest("button[data-pane]")?.dataset.pane;
    const other = event.target.closest("[data-open]");
    if (other) {
      event.preventDefault();
      open(other.dataset.open);
    }
    if (pane === "list") {
      history.pushState({}, "", address(inboxList.tab, ""));
      close();
    } else if (pane === "person" && root.dataset.pane === "person") showPane("conversation");
    else if (pane) showPane(pane);
  });

  // --- what a member does ---

  async function act(button) {
    const { id, organization } = inboxThread.facts;
    const { from, member, until } = button.dataset;
    const body = JSON.parse(JSON.stringify({ from, member, until }));
    button.disabled = true;
    try {
      await inboxRequests.send("POST", `sessions/${id}/${button.dataset.do}/`, body, organization);
    } catch (error) {
      const taken = error.data?.code === "taken";
      complain(taken ? `${error.data.assignee.name} has this conversation.` : error.message);
    }
    button.disabled = false;
    await inboxThread.update();
    inboxList.changed([id]);
  }

  function complain(words) {
    let line = head.parentElement.querySelector(".lq-inbox-error");
    if (!line) {
      line = document.createElement("p");
      line.className = "lq-inbox-error";
      line.setAttribute("role", "alert");
      head.after(line);
    }
    line.textContent = words;
  }

  head.addEventListener("click", (event) => {
    const button = event.target.closest("[data-do]");
    if (!button) return;
    head.parentElement.querySelector(".lq-inbox-error")?.remove();
    closeMenus();
    act(button);
  });

  // The menus of the head come and go with it.
  function closeMenus(but) {
    for (const menu of head.querySelectorAll("details[open]")) if (menu !== but) menu.open = false;
  }
  document.addEventListener("click", (event) => closeMenus(event.target.closest("details")));
  head.addEventListener("keydown", (event) => {
    const menu = event.target.closest("details[open]");
    if (event.key !== "Escape" || !menu) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });

  // --- keys ---

  const press = (selector) => head.querySelector(selector)?.click();
  function openMenu(name) {
    const menu = head.querySelector(`details[data-menu="${name}"]`);
    if (!menu) return;
    menu.open = true;
    menu.querySelector("button")?.focus();
  }
  const keys = {
    j: () => inboxList.move(1),
    k: () => inboxList.move(-1),
    r: () => inboxComposer.write("reply"),
    n: () => inboxComposer.write("note"),
    t: () => press("[data-do='take-over']:not([data-from])"),
    e: () => press("[data-do='resolve']"),
    a: () => openMenu("assign"),
    z: () => openMenu("snooze"),
    "/": () => root.querySelector(".lq-inbox-search input").focus(),
  };

  // --- what happens elsewhere ---

  function take(frame) {
    switch (frame.type) {
      case "live":
      case "reload":
        inboxList.reload();
        inboxThread.update();
        inboxComposer.flush();
        inboxPresence.again();
        break;
      case "typing_start":
      case "delta":
      case "typing_stop":
        inboxThread.grow(frame);
        break;
      case "presence":
        inboxPresence.take(frame);
        break;
      case "changed": {
        for (const each of frame.conversations) {
          // The list shows one organization, unless a superuser sees all.
          const isShown = !root.dataset.organization || each.organization === root.dataset.organization;
          if (isShown) inboxAlerts.changed(each, inboxPresence.own);
        }
        const ids = frame.conversations.map((conversation) => conversation.id);
        inboxList.changed(ids);
        if (ids.includes(inboxThread.id)) inboxThread.update();
        break;
      }
    }
  }

  function say(kind, words) {
    status.dataset.kind = kind;
    if (status.textContent !== words) status.textContent = words;
  }

  inboxThread.start({
    shown(facts) {
      inboxComposer.show(facts);
      inboxPresence.opened(facts);
    },
  });
  inboxList.start({
    open,
    showTab,
    shown: inboxPresence.draw,
    numbers: ({ waiting }) => inboxAlerts.show(Number(waiting || 0)),
  });
  inboxAlerts.start({ open });
  inboxAvailability.start({ failed: complain });
  inboxKeys.start({ keys, leave: () => inboxThread.focus() });
  const first = wanted().get("c");
  if (first) open(first, { isNew: false, focuses: false });
  const socket = loquentSocket({
    path: root.dataset.live,
    take,
    say,
    lost: inboxThread.lost,
    gone: "You are logged out, or no longer have access. Reload the page.",
  });
  inboxPresence.start({ send: socket.send });
  inboxComposer.start({
    sent: (item) => inboxList.changed([item.conversation]),
    typing: inboxPresence.does,
  });
})();
