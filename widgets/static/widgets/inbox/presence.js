"use strict";
// Who else is at a conversation: told to colleagues, and shown in the list and above the transcript.

const inboxPresence = (() => {
  const root = document.querySelector(".lq-inbox");
  const line = root?.querySelector(".lq-thread-people");
  // A page repeats its state; one that does not for twice as long is gone.
  const BEAT = 20_000;
  const LASTS = 2.2 * BEAT;
  const IDLE = 5 * 60_000;
  const STOPPED = 5_000;
  const WORDS = { viewing: "is here", writing: "is writing", noting: "is writing a note", idle: "is idle" };

  /** By conversation, by member: name, state, and until when it counts. */
  const people = new Map();
  const own = new Set(root?.dataset.member ? [root.dataset.member] : []);
  let at = "";
  let state = "viewing";
  let used = Date.now();
  let said = "";
  let saidAt = 0;
  let stops = 0;
  let send = () => false;

  function now() {
    if (document.hidden || Date.now() - used > IDLE) return "idle";
    return state;
  }

  /** Tells the server, if it is new or time to repeat it. */
  function tell() {
    if (!at) return;
    const words = `${at} ${now()}`;
    if (words === said && Date.now() - saidAt < BEAT - 1_000) return;
    if (send({ type: "presence", conversation: at, state: now() })) {
      said = words;
      saidAt = Date.now();
    }
  }

  function draw() {
    const limit = Date.now();
    for (const [id, members] of people) {
      for (const [member, each] of members) if (each.until < limit) members.delete(member);
      if (!members.size) people.delete(id);
    }
    for (const element of root.querySelectorAll("[data-people]")) {
      const id = element.closest("[data-id]").dataset.id;
      fill(element, id);
    }
    fill(line, at);
  }

  function fill(element, id) {
    const members = [...(people.get(id)?.values() ?? [])];
    const words = members.map(({ name, state: what }) => `${name} ${WORDS[what]}`).join(" · ");
    if (element.textContent !== words) element.textContent = words;
    element.classList.toggle("lq-idle", members.length > 0 && members.every((each) => each.state === "idle"));
    element.hidden = !words;
  }

  function take({ conversation, member, state: what }) {
    if (own.has(member.id)) return;
    const members = people.get(conversation) ?? new Map();
    if (what === "gone") members.delete(member.id);
    else if (what in WORDS) members.set(member.id, { name: member.name, state: what, until: Date.now() + LASTS });
    if (members.size) people.set(conversation, members);
    draw();
  }

  function start(options) {
    send = options.send;
    setInterval(() => {
      tell();
      draw();
    }, STOPPED);
    for (const kind of ["pointerdown", "keydown", "scroll"]) {
      document.addEventListener(
        kind,
        () => {
          used = Date.now();
          if (said.endsWith(" idle")) tell();
        },
        { passive: true, capture: true },
      );
    }
    document.addEventListener("visibilitychange", tell);
  }

  return {
    start,
    take,
    draw,
    /** The conversation that is open, and what its member is called there. */
    opened({ id = "", member = "" }) {
      if (member) own.add(member);
      if (id === at) return;
      if (at) send({ type: "presence", conversation: at, state: "gone" });
      at = id;
      state = "viewing";
      tell();
      draw();
    },
    /** What the member does: `viewing`, `writing` or `noting`, which end by themselves. */
    does(what) {
      clearTimeout(stops);
      state = what;
      if (what !== "viewing") {
        stops = setTimeout(() => {
          state = "viewing";
          tell();
        }, STOPPED);
      }
      tell();
    },
    /** The socket is new: say it again. */
    again() {
      said = "";
      tell();
    },
    get own() {
      return own;
    },
  };
})();
