"use strict";
// What a member sent and the server does not have yet: shown at once, sent once, and never lost.

const inboxOutbox = (() => {
  const STORED = "loquent.outbox";
  const MAX_DELAY = 30_000;

  /** What is not sent yet, oldest first: it survives a reload of this tab. */
  let outbox = read();
  let facts = {};
  let isSending = false;
  let attempt = 0;
  let timer = 0;
  let onSent = () => {};
  let onEdit = () => {};

  function read() {
    try {
      return JSON.parse(sessionStorage.getItem(STORED)) ?? [];
    } catch {
      return [];
    }
  }

  function store() {
    try {
      sessionStorage.setItem(STORED, JSON.stringify(outbox.map(({ line, ...item }) => item)));
    } catch {
      // Without storage a reload would lose what is not sent; the page says that it is not sent.
    }
  }

  function newKey() {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  }

  const button = (text, action) => {
    const element = document.createElement("button");
    element.type = "button";
    element.className = "button";
    element.textContent = text;
    element.addEventListener("click", action);
    return element;
  };

  // --- lines that are not the server's yet ---

  function lineOf(item) {
    const line = document.createElement("li");
    line.className = `lq-line lq-pending ${item.kind === "note" ? "lq-team-note" : "lq-answer lq-person"}`;
    line.dataset.key = item.key;
    const by = document.createElement("p");
    by.className = "lq-by";
    const name = document.createElement("strong");
    name.textContent = facts.me ?? "You";
    const state = document.createElement("span");
    state.className = "lq-pending-state";
    by.append(name, " ", state);
    const bubble = document.createElement("div");
    bubble.className = "lq-bubble";
    bubble.dir = "auto";
    bubble.textContent = item.content;
    const actions = document.createElement("p");
    actions.className = "lq-pending-actions";
    line.append(by, bubble, actions);
    return line;
  }

  function draw(item) {
    if (item.conversation !== facts.id) return;
    if (!item.line?.isConnected) {
      item.line = lineOf(item);
      inboxThread.append(item.line);
    }
    item.line.querySelector(".lq-pending-state").textContent = item.problem ? item.problem : "Sending…";
    item.line.classList.toggle("lq-broken", Boolean(item.problem));
    const actions = item.line.querySelector(".lq-pending-actions");
    actions.replaceChildren();
    if (!item.problem) return;
    if (item.state === "stale") actions.append(button("Send anyway", () => again(item, { after: item.newer })));
    else if (item.state === "taken") {
      actions.append(button(`Take from ${item.owner.name} and send`, () => takeAndSend(item)));
    } else actions.append(button("Retry", () => again(item)));
    actions.append(button("Edit", () => edit(item)));
  }

  function drop(item) {
    outbox = outbox.filter((each) => each !== item);
    item.line?.remove();
    store();
  }

  function again(item, { after } = {}) {
    if (after) item.after = after;
    item.state = "waiting";
    item.problem = "";
    attempt = 0;
    draw(item);
    store();
    flush();
  }

  async function takeAndSend(item) {
    try {
      const body = { from: item.owner.id };
      await inboxRequests.send("POST", `sessions/${item.conversation}/take-over/`, body, item.organization);
      again(item);
    } catch (error) {
      item.problem = error.message;
      draw(item);
    }
  }

  /** Moves the text back into its box. */
  function edit(item) {
    drop(item);
    onEdit(item);
  }

  // --- sending ---

  async function post(item) {
    const path = `sessions/${item.conversation}/`;
    if (item.kind === "note") {
      const headers = { "Idempotency-Key": item.key };
      return inboxRequests.send("POST", `${path}notes/`, { content: item.content }, item.organization, { headers });
    }
    // A draft that arrives after the reply would come back into the box.
    await inboxDrafts.written();
    const body = { content: item.content, client_message_id: item.key, after_seq: item.after };
    return inboxRequests.send("POST", `${path}reply/`, body, item.organization);
  }

  /** Sends what waits, one after the other; a message that was refused holds up no other. */
  async function flush() {
    clearTimeout(timer);
    if (isSending) return;
    isSending = true;
    let item = outbox.find((each) => each.state === "waiting");
    while (item) {
      try {
        const sent = await post(item);
        attempt = 0;
        await settle(item, sent);
      } catch (error) {
        if (!(error instanceof inboxRequests.RequestError)) throw error;
        refuse(item, error);
        if (error.isTemporary) break;
      }
      item = outbox.find((each) => each.state === "waiting");
    }
    isSending = false;
  }

  async function settle(item, sent) {
    item.state = "sent";
    outbox = outbox.filter((each) => each !== item);
    store();
    onSent(item);
    if (item.conversation === inboxThread.id) await inboxThread.update();
    item.line?.remove();
    return sent;
  }

  function refuse(item, error) {
    if (error.isTemporary) {
      const delay = Math.min(MAX_DELAY, 1_000 * 2 ** attempt) * (0.5 + Math.random() / 2);
      attempt += 1;
      item.problem = `Not sent yet: ${error.message} Trying again…`;
      timer = setTimeout(flush, delay);
    } else {
      item.state = error.data.code === "stale" || error.data.code === "taken" ? error.data.code : "failed";
      item.problem = `Not sent. ${error.message}`;
      if (item.state === "stale") {
        const newer = error.data.messages ?? [];
        item.newer = Math.max(item.after, ...newer.map((message) => message.seq));
        const names = [...new Set(newer.map((message) => message.author.name))].join(", ");
        item.problem = `Not sent: ${names || "Someone"} has answered in the meantime. Read it first.`;
      }
      if (item.state === "taken") {
        item.owner = error.data.assignee;
        item.problem = `Not sent: ${item.owner.name} has this conversation.`;
      }
      inboxThread.update();
    }
    draw(item);
    store();
  }

  /** Sends a text to the open conversation: a `reply`, or a `note`. */
  function add(kind, content) {
    const item = {
      key: newKey(),
      kind,
      conversation: facts.id,
      organization: facts.organization,
      content,
      after: inboxThread.newest,
      state: "waiting",
      problem: "",
    };
    outbox.push(item);
    draw(item);
    store();
    flush();
  }

  function start({ sent, edited }) {
    onSent = sent;
    onEdit = edited;
    addEventListener("online", flush);
    addEventListener("beforeunload", (event) => {
      if (outbox.some((item) => item.state === "waiting")) event.preventDefault();
    });
    if (outbox.length) flush();
  }

  return {
    start,
    add,
    flush,
    /** Shows what waits in the conversation that is open now. */
    show(now) {
      facts = now;
      for (const item of outbox) draw(item);
    },
  };
})();
