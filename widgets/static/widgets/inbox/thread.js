"use strict";
// The open conversation: its head, its lines and notes, and the visitor beside it.

const inboxThread = (() => {
  const root = document.querySelector(".lq-inbox");
  const section = root?.querySelector(".lq-inbox-thread");
  const head = section?.querySelector(".lq-inbox-thread-head");
  const scroller = section?.querySelector(".lq-scroller");
  const list = section?.querySelector(".lq-lines");
  const earlier = section?.querySelector(".lq-earlier");
  const nothing = section?.querySelector(".lq-inbox-nothing");
  const person = root?.querySelector(".lq-inbox-person");
  const MOST_LINES = 400;
  const RETRY = 5_000;
  const transcript = root && loquentTranscript({ list, scroller, most: MOST_LINES });

  const growing = root && loquentGrowing({ growing: section.querySelector(".lq-growing"), transcript });

  let id = "";
  let facts = {};
  let isAsking = false;
  let wantsAgain = false;
  let retry = 0;
  let onShown = () => {};

  const address = (after) => `${root.dataset.inbox}${id}/${after ? `?after=${after}` : ""}`;

  /** The controls that do the same as this one. */
  function alike(control) {
    const { do: what, pane } = control.dataset;
    if (what) return `[data-do="${what}"]`;
    if (control.matches("summary")) return `[data-menu="${control.parentElement.dataset.menu}"] > summary`;
    return `[data-pane="${pane}"]`;
  }

  /** Replaces what the server wrote, if it is new; the focus stays on the same control, and a menu open. */
  function swap(element, part) {
    const source = part?.innerHTML ?? "";
    if (element.lqSource === source) return;
    element.lqSource = source;
    const focused = element.contains(document.activeElement) ? document.activeElement : null;
    const same = focused && alike(focused);
    const at = focused ? [...element.querySelectorAll(same)].indexOf(focused) : 0;
    const menu = element.querySelector("details[open]")?.dataset.menu;
    element.replaceChildren(...[...(part?.childNodes ?? [])].map((node) => document.adoptNode(node)));
    if (menu) element.querySelector(`[data-menu="${menu}"]`)?.setAttribute("open", "");
    if (!focused) return;
    const now = element.querySelectorAll(same);
    (now[at] ?? now[0] ?? element.querySelector("h2"))?.focus();
  }

  /** Waits until nothing in the head is pressed: a button that is replaced while pressed is not clicked. */
  const released = () =>
    new Promise((done) => {
      if (!head.matches(":active")) return done();
      const listening = new AbortController();
      const release = () => {
        listening.abort();
        // The click comes after the event.
        setTimeout(done);
      };
      for (const kind of ["pointerup", "pointercancel", "contextmenu", "keyup", "blur"]) {
        addEventListener(kind, release, { signal: listening.signal });
      }
    });

  function show(page) {
    const thread = page.querySelector(".lq-thread");
    const part = (name) => thread.querySelector(`[data-part="${name}"]`);
    facts = { ...thread.dataset };
    swap(head, part("head"));
    swap(person, part("person"));
    const omitted = part("omitted");
    if (omitted) earlier.replaceChildren(...omitted.childNodes);
    if (omitted) earlier.hidden = false;
    transcript.show([...part("lines").children, ...part("notes").children]);
    showSeen(Number(facts.seen));
    for (const element of [head, scroller, person]) element.hidden = false;
    nothing.hidden = true;
    onShown(facts);
  }

  /** Marks the last message of a person that the visitor has seen. */
  function showSeen(seq) {
    const lines = [...list.querySelectorAll(".lq-person[data-seq]")];
    const last = lines.findLast((line) => Number(line.dataset.seq) <= seq);
    const there = list.querySelector(".lq-seen");
    if (there?.parentElement === last) return;
    there?.remove();
    if (!last) return;
    const mark = document.createElement("span");
    mark.className = "lq-seen";
    mark.textContent = "Seen";
    last.append(mark);
  }

  /** Opens a conversation; returns whether it is there. */
  async function open(wanted) {
    id = wanted;
    facts = {};
    list.replaceChildren();
    growing.reset();
    earlier.hidden = true;
    // What is typed now would belong to the conversation before.
    section.inert = true;
    // A screen reader reads what is added to the log later, not what was there.
    scroller.setAttribute("aria-busy", "true");
    try {
      const page = await inboxRequests.fragment(address(0));
      if (id !== wanted) return false;
      show(page);
      section.inert = false;
      transcript.toEnd();
      return true;
    } catch (error) {
      if (id === wanted) fail(error);
      return false;
    } finally {
      if (id === wanted) section.inert = false;
      scroller.setAttribute("aria-busy", "false");
      if (id === wanted) updateAgain();
    }
  }

  function fail(error) {
    nothing.textContent = error.status === 404 ? "This conversation no longer exists." : error.message;
    nothing.hidden = false;
    if (error.status === 404) return close();
    // What is still shown belongs to the conversation before.
    clear();
    updateLater();
  }

  function updateLater() {
    clearTimeout(retry);
    retry = setTimeout(update, RETRY);
  }

  /** Takes over what has changed since; a conversation that is still being opened is read first. */
  async function update() {
    if (!id) return;
    if (isAsking || section.inert) {
      wantsAgain = true;
      return;
    }
    if (!facts.id) {
      await open(id);
      return;
    }
    isAsking = true;
    const asked = id;
    try {
      // The newest answer may be another by now.
      const page = await inboxRequests.fragment(address(Math.max(1, transcript.newest() - 2)));
      await released();
      // The box would be shown, but take no keys, before the conversation is open.
      if (asked === id && !section.inert) show(page);
    } catch (error) {
      if (asked === id && error.status === 404) fail(error);
      else if (asked === id) updateLater();
    }
    isAsking = false;
    await updateAgain();
  }

  async function updateAgain() {
    if (!wantsAgain) return;
    wantsAgain = false;
    await update();
  }

  function close() {
    id = "";
    section.inert = false;
    clear();
  }

  function clear() {
    facts = {};
    list.replaceChildren();
    growing.reset();
    for (const element of [head, scroller, person]) element.hidden = true;
    onShown(facts);
  }

  /** Shows the answer that the agent is writing until it is among the lines. */
  async function grow(frame) {
    if (frame.conversation !== id) return;
    growing.take(frame);
    if (frame.type !== "typing_stop") return;
    const { replyId } = growing;
    await update();
    if (growing.replyId === replyId) growing.reset();
  }

  return {
    open,
    update,
    grow,
    lost: () => growing?.reset(),
    close() {
      nothing.textContent = "Choose a conversation.";
      nothing.hidden = false;
      close();
    },
    start({ shown }) {
      onShown = shown;
    },
    focus() {
      head.querySelector("h2")?.focus();
    },
    append(line) {
      list.append(line);
      transcript.toEnd();
    },
    get id() {
      return id;
    },
    get facts() {
      return facts;
    },
    get newest() {
      return transcript.newest();
    },
    has(seq) {
      return Boolean(list.querySelector(`[data-seq="${seq}"]`));
    },
    list,
  };
})();
