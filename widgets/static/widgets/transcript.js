"use strict";
// The lines of a conversation, for its own page and the inbox: written by the server, dressed here.

/**
 * Shows lines in `list` inside `scroller`. Lines are keyed: messages by their number, notes by their
 * id. At most `most` lines stay; lines that are still being sent stay last.
 */
function loquentTranscript({ list, scroller, most = Number.POSITIVE_INFINITY }) {
  /** What the server wrote of each line, before it was dressed. */
  const sources = new WeakMap();

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
  const newest = () => {
    const lines = list.querySelectorAll("[data-seq]");
    return Number(lines[lines.length - 1]?.dataset.seq ?? 0);
  };
  const selector = (line) =>
    line.dataset.seq ? `[data-seq="${line.dataset.seq}"]` : `[data-note="${line.dataset.note}"]`;
  const timeOf = (line) => Date.parse(line.querySelector("time")?.dateTime) || Number.POSITIVE_INFINITY;

  function isAfter(line, other) {
    if (line.dataset.seq && other.dataset.seq) return Number(line.dataset.seq) > Number(other.dataset.seq);
    return timeOf(line) > timeOf(other);
  }

  function place(line) {
    let before = null;
    let other = list.lastElementChild;
    while (other && isAfter(other, line)) {
      before = other;
      other = other.previousElementSibling;
    }
    list.insertBefore(line, before);
  }

  /** Takes over the server's own lines, in which all text is escaped; returns the new ones. */
  function show(lines) {
    const stays = isAtEnd();
    const added = [];
    for (const line of [...lines]) {
      const there = list.querySelector(selector(line));
      const source = line.innerHTML;
      if (there && sources.get(there) === source) continue;
      document.adoptNode(line);
      if (there) there.replaceWith(line);
      else {
        place(line);
        added.push(line);
      }
      sources.set(line, source);
      dress(line);
    }
    while (list.children.length > most) list.firstElementChild.remove();
    if (stays) toEnd();
    return added;
  }

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

  for (const line of list.children) sources.set(line, line.innerHTML);
  dress(list);
  return { show, newest, isAtEnd, toEnd };
}

/** Shows the answer being written, word by word, in `growing` below the lines of `transcript`. */
function loquentGrowing({ growing, transcript }) {
  const bubble = growing.querySelector(".lq-bubble");
  let replyId = "";
  let text = "";

  function draw() {
    const stays = transcript.isAtEnd();
    growing.hidden = !replyId;
    if (text) loquentMarkdown.renderMarkdown(bubble, text, "Copy", true);
    else bubble.replaceChildren();
    bubble.hidden = !text;
    if (stays) transcript.toEnd();
  }

  return {
    /** Takes a frame of the answer. */
    take(frame) {
      if (frame.type === "typing_start") {
        replyId = frame.message_id;
        text = "";
      } else if (frame.type !== "delta" || frame.message_id !== replyId) return;
      // `offset` counts UTF-16 units, as strings here do.
      else if (frame.offset <= text.length) text = text.slice(0, frame.offset) + frame.content;
      draw();
    },
    /** The answer is finished, and among the lines, or the page shows another conversation. */
    reset() {
      replyId = text = "";
      draw();
    },
    get replyId() {
      return replyId;
    },
  };
}
