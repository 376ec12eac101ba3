/** The actions on an answer: copy, regenerate, rate, comment. */

import { isWithPeople, ratingOf } from "../conversation/state.js";
import { deliveryOf } from "../view/delivery.js";
import { buttonOf, icon, set, setText } from "../view/dom.js";
import { copyText } from "./copy.js";

/** @import { Message, Rating, State, View } from "../types.js" */
/** @typedef {ReturnType<typeof createAnswerActions>} AnswerActions */

const COPY = "M9 9h11v11H9zM5 15H4V4h11v1";
const AGAIN = "M20 11a8 8 0 1 0-2 6M20 5v6h-6";
const THUMB =
  "M7 21H4V10h3m0 11V10l4-7c1.5 0 2.5 1 2.5 2.5V9H19a2 2 0 0 1 2 2.3l-1.2 8A2 2 0 0 1 17.8 21H7z";

/** Milliseconds. */
const AFTER_RATING = 1000;

/**
 * @param {View} view
 * @param {Message} message an answer, a note in place of one, or a message without an answer
 */
export function createAnswerActions(view, message) {
  const { h, doc, strings, actions } = view;
  const { id, ref, role, content, status } = message;
  const target = id ?? ref ?? "";
  const failed = role !== "assistant" || /^(failed|interrupted)$/.test(status);
  let now = message;
  /** When it was rated last, by the clock of events. */
  let ratedAt = -AFTER_RATING;
  /** Show the comment form: it was rated on this page, or has an unsent comment. */
  let asks = !!view.comment(target);

  /** @param {string} name @param {string} shape @param {(event: MouseEvent) => void} run @param {string} [kind] */
  const small = (name, shape, run, kind = "") =>
    buttonOf(h, `small ${kind}`, name, run, icon(doc, shape));
  const again = failed
    ? buttonOf(h, "chip", strings.again, () => actions.regenerate(target))
    : small(strings.regenerate, AGAIN, () => actions.regenerate(target));
  const copy = small(strings.copyAnswer, COPY, () => copyText(view, copy, content, show));
  const up = small(strings.good, THUMB, (event) => rate("up", event));
  const down = small(strings.bad, THUMB, (event) => rate("down", event), "down");
  const said = h("span", "status", { role: "status" });
  const field = h("textarea", "", {
    id: `comment-${target}`,
    rows: 2,
    maxlength: 2000,
    dir: "auto",
    oninput: () => view.comment(target, field.value),
  });
  field.value = view.comment(target);
  const why = [strings.reasonWrong, strings.reasonOther, strings.reasonOld, strings.reasonUnclear];
  // After "down": one press says why.
  const reasons = h(
    "div",
    "reasons",
    {},
    ...why.map((reason) =>
      buttonOf(h, "chip", reason, () => {
        const more = field.value.trim();
        actions.rate(target, now.feedback, more ? `${reason}: ${more}` : reason);
      }),
    ),
  );
  const form = h(
    "form",
    "comment",
    { onsubmit: submit },
    reasons,
    h("label", "", { for: field.id }, strings.comment),
    field,
    h("button", "chip", {}, strings.commentSend),
  );
  // They move into the log when a newer line follows: that is nothing to announce.
  const node = h("div", "tools", { onkeyup: released, "aria-live": "off" });
  if (role === "assistant") {
    if (content) node.append(copy);
    node.append(up, down, again, said, form);
  } else node.append(again);

  /** Rate, and resend the comment: the server stores both together. @param {Rating} rating @param {MouseEvent} event */
  function rate(rating, event) {
    ratedAt = event.timeStamp;
    asks = true;
    const chosen = rating !== now.feedback;
    actions.rate(target, chosen ? rating : null, now.comment);
    // After a click, typing goes into the comment; a key press leaves the focus where it is. A
    // touch would open the on-screen keyboard over the reasons.
    if (!chosen || !event.detail || view.win.matchMedia("(pointer: coarse)").matches) return;
    form.hidden = false;
    field.focus();
  }

  /** Who goes on typing after a rating does not take it back by the first space. @param {KeyboardEvent} event */
  function released(event) {
    const isTyping = event.key === " " && event.timeStamp - ratedAt < AFTER_RATING;
    if (isTyping && event.composedPath()[0] !== field) event.preventDefault();
  }

  /** @param {Event} event */
  function submit(event) {
    event.preventDefault();
    const comment = field.value.trim();
    if (comment) actions.rate(target, now.feedback, comment);
    else field.focus();
  }

  /** @param {boolean} copied */
  function show(copied) {
    setText(said, copied ? strings.copied : "");
  }

  return {
    node,
    /** @param {Message} message @param {State} state @param {boolean} newest */
    render(message, state, newest) {
      const due = state.pendingRatings.find((each) => each.id === id);
      const feedback = ratingOf(state, message);
      now = { ...message, feedback };
      if (message.comment) view.comment(target, "");
      set(up, "aria-pressed", `${feedback === "up"}`);
      set(down, "aria-pressed", `${feedback === "down"}`);
      again.hidden = !newest || !target || isWithPeople(state) || !!message.action;
      again.disabled = !state.ready;
      reasons.hidden = feedback !== "down";
      form.hidden = !asks || !feedback || !!(message.comment || due?.comment);
      const sends = due?.comment && strings[deliveryOf(due, state)];
      const thanks = asks && feedback && message.comment && strings.commentSaved;
      if (sends || thanks || said.textContent !== strings.copied)
        setText(said, sends || thanks || "");
    },
  };
}
