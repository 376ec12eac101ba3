"use strict";
// The transcript of a conversation: markdown of answers, and what happens live.
(() => {
  const section = document.querySelector(".lq-transcript");
  if (!section) return;
  const list = section.querySelector(".lq-lines");
  const scroller = section.querySelector(".lq-scroller");
  const growing = section.querySelector(".lq-growing");
  const bubble = growing.querySelector(".lq-bubble");
  const status = section.querySelector(".lq-status");
  const replaced = section.querySelector(".lq-replaced");
  const MAX_DELAY = 30_000;

  /** The plain text that the server wrote becomes what its markdown means, as DOM nodes. */
  function dress(root) {
    for (const element of root.querySelectorAll("[data-markdown]")) {
      const text = element.textContent;
      element.removeAttribute("data-markdown");
      element.textContent = "";
      loquentMarkdown.renderMarkdown(element, text, "Copy");
    }
  }

  const isAtEnd = () => scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 80;
  const toEnd = () => scroller.scrollTo(0, scroller.scrollHeight);

  list.addEventListener("click", async (event) => {
    const button = event.target.closest(".copy");
    if (!button) return;
    const code = button.closest("figure").querySelector("code").textContent;
    try {
      await navigator.clipboard.writeText(code);
      button.textContent = "Copied";
    } catch {
      button.textContent = "Not copied";
    }
    setTimeout(() => {
      button.textContent = "Copy";
    }, 2_000);
  });

  // --- what the server has ---

  const newest = () => Number(list.lastElementChild?.dataset.seq ?? 0);
  /** What the server wrote of each line, before it was dressed. */
  const sources = new WeakMap();
  let isAsking = false;
  let wantsAgain = false;

  /** Takes over the lines after the newest but one: that one's answer may be another by now. */
  async function catchUp() {
    if (isAsking) {
      wantsAgain = true;
      return;
    }
    isAsking = true;
    try {
      const after = Math.max(0, newest() - 2);
      const response = await fetch(`${section.dataset.messages}?after=${after}`, {
        headers: { Accept: "text/html" },
        redirect: "error",
      });
      if (response.ok) show(await response.text());
    } catch {
      // The socket comes back, and asks again then.
    }
    isAsking = false;
    if (wantsAgain) {
      wantsAgain = false;
      catchUp();
    }
  }

  /** The server's own lines, in which all text is escaped. */
  function show(html) {
    const stays = isAtEnd();
    const page = new DOMParser().parseFromString(html, "text/html");
    for (const line of page.querySelectorAll("li[data-seq]")) {
      const there = list.querySelector(`[data-seq="${line.dataset.seq}"]`);
      const source = line.innerHTML;
      if (there && sources.get(there) === source) continue;
      document.adoptNode(line);
      if (there) there.replaceWith(line);
      else list.append(line);
      sources.set(line, source);
      dress(line);
    }
    section.querySelector(".lq-nothing")?.remove();
    if (stays) toEnd();
  }

  // --- what happens ---

  let replyId = "";
  let text = "";

  function grow() {
    const stays = isAtEnd();
    growing.hidden = !replyId;
    if (replyId) loquentMarkdown.renderMarkdown(bubble, text, "Copy", true);
    bubble.hidden = !text;
    if (stays) toEnd();
  }

  function take(frame) {
    switch (frame.type) {
      case "live":
        say("live", "Live");
        attempt = 0;
        reset();
        catchUp();
        break;
      case "typing_start":
        replyId = frame.message_id;
        text = "";
        grow();
        break;
      case "delta":
        if (frame.message_id !== replyId) break;
        // `offset` counts UTF-16 units, as strings here do.
        if (frame.offset <= text.length) text = text.slice(0, frame.offset) + frame.content;
        grow();
        break;
      case "message":
        if (frame.role === "assistant") reset();
        catchUp();
        break;
      case "typing_stop":
        reset();
        catchUp();
        break;
      case "replaced":
        showSuccessor(frame.conversation);
        break;
    }
  }

  function reset() {
    replyId = text = "";
    bubble.replaceChildren();
    grow();
  }

  function showSuccessor(id) {
    const link = document.createElement("a");
    link.href = `${section.dataset.conversations}${encodeURIComponent(id)}/change/`;
    link.textContent = "Open it";
    replaced.replaceChildren("The visitor started a new conversation. ", link);
    replaced.hidden = false;
  }

  // --- the socket ---

  const FINAL = {
    4403: "This conversation was deleted, or you no longer have access to it. Reload the page.",
  };
  let attempt = 0;
  let timer = 0;
  let socket;

  function say(kind, words) {
    status.dataset.kind = kind;
    if (status.textContent !== words) status.textContent = words;
  }

  function open() {
    clearTimeout(timer);
    const url = new URL(section.dataset.live, location.href);
    url.protocol = url.protocol.replace("http", "ws");
    const current = new WebSocket(url);
    socket = current;
    current.onmessage = (event) => take(JSON.parse(event.data));
    current.onclose = (event) => {
      if (socket !== current) return;
      reset();
      if (FINAL[event.code]) {
        say("ended", FINAL[event.code]);
        return;
      }
      say("away", "Reconnecting…");
      // Full jitter, and after a restart within five seconds at random.
      const most = event.code === 1012 ? 5_000 : Math.min(MAX_DELAY, 1_000 * 2 ** attempt);
      attempt += 1;
      timer = setTimeout(open, Math.random() * most);
    };
  }

  const again = () => {
    if (socket.readyState === WebSocket.CLOSED && status.dataset.kind === "away") open();
  };
  addEventListener("online", again);
  addEventListener("pageshow", again);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) again();
  });

  for (const line of list.children) sources.set(line, line.innerHTML);
  dress(list);
  toEnd();
  say("away", "Connecting…");
  open();
})();
