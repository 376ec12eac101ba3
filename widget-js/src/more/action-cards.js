/** The card of a message that proposes an action: what will be sent, and two buttons. */

import { deliveryOf } from "../view/delivery.js";
import { buttonOf, set, setText } from "../view/dom.js";

/** @import { Action, Frame, State, View } from "../types.js" */
/** @typedef {ReturnType<typeof createCard>} Card */

/** @param {string} id @param {boolean} confirm */
export const decision = (id, confirm) => ({ type: "action", id, confirm });

/** @param {any} raw the field of a message, of any form @returns {Action | null} */
const actionOf = (raw) =>
  typeof raw?.id === "string" && typeof raw.title === "string" && raw.status ? raw : null;

/**
 * The decision is kept with the unsent comments, so that it survives a lost connection and a reload:
 * "yes", "no", or "gone" if the server no longer accepts it.
 * @param {View} view
 * @param {Action} action
 * @param {() => void} redraw
 */
function createCard(view, { id, title, arguments: given }, redraw) {
  const { h, strings, actions } = view;
  const kept = `action-${id}`;
  const name = h("p", "does", { id: kept }, h("bdi", "", {}, title));
  const rows = Object.entries(given ?? {}).map(([key, value]) =>
    h(
      "div",
      "",
      {},
      h("dt", "", {}, h("bdi", "", {}, key.replace(/_/g, " "))),
      h("dd", "", {}, h("span", "", { dir: "auto" }, textOf(value))),
    ),
  );
  const confirm = buttonOf(h, "main", strings.confirm, () => decide("yes"));
  const skip = buttonOf(h, "chip", strings.notNow, () => decide("no"));
  for (const button of [confirm, skip]) set(button, "aria-describedby", kept);
  const buttons = h("div", "decide", {}, confirm, skip);
  const says = h("p", "said", { role: "status" });
  const error = h("p", "error", { role: "alert" });
  const node = h(
    "div",
    "card asking",
    { role: "group", tabindex: -1, "aria-labelledby": kept },
    name,
    ...(rows.length ? [h("dl", "", {}, ...rows)] : []),
    ...[buttons, error, says],
  );
  const states = { confirmed: strings.confirmed, declined: strings.declined };
  let sent = false;
  /** The state that was asked for here and has not come: an error may tell why. */
  let due = "";

  /** @param {any} value */
  function textOf(value) {
    if (typeof value === "boolean") return value ? strings.yes : strings.no;
    return typeof value === "object" && value ? JSON.stringify(value) : `${value ?? "–"}`;
  }

  /** Until it is sent, the visitor can change it. @param {"yes" | "no"} choice */
  function decide(choice) {
    if (sent) return;
    setText(error, "");
    view.comment(kept, choice);
    redraw();
  }

  return {
    node,
    isDue: () => !!due,
    /** A new connection: the server has said which actions still wait. */
    resend() {
      sent = false;
    },
    /** Other frames follow: an error of later is another one's. */
    settle() {
      due = "";
    },
    /** @param {string} [reason] why the visitor has to decide again; none if it is too late */
    refuse(reason) {
      sent = false;
      due = "";
      view.comment(kept, reason ? "" : "gone");
      setText(error, reason ?? "");
    },
    /** @param {Action} action @param {State} state */
    render({ status }, state) {
      const isOpen = status === "waiting";
      if (status === due) due = "";
      if (!isOpen) {
        sent = false;
        view.comment(kept, "");
        setText(error, "");
      }
      const choice = view.comment(kept);
      const isDecided = /yes|no/.test(choice);
      if (isDecided && !sent && state.ready)
        sent = actions.transmit(decision(id, choice === "yes"));
      if (sent) due = choice === "yes" ? "confirmed" : "declined";
      const root = /** @type {ShadowRoot} */ (node.getRootNode());
      const hadFocus = buttons.contains(root.activeElement);
      buttons.hidden = !isOpen || choice === "gone";
      for (const [button, own] of /** @type {const} */ ([
        [confirm, "yes"],
        [skip, "no"],
      ])) {
        // Not `disabled`, which would lose the focus, while the server has not answered.
        set(button, "aria-disabled", sent || choice === own ? "true" : null);
        button.disabled = state.link === "stopped";
      }
      if (isOpen && isDecided) setText(says, strings[deliveryOf({ sent }, state)]);
      else if (!buttons.hidden) setText(says, "");
      else setText(says, states[/** @type {"confirmed"} */ (status)] ?? strings.expired);
      if (hadFocus && buttons.hidden) node.focus();
    },
  };
}

/**
 * @param {View} view
 * @param {{ redraw(): void, follow(): void, nodeOf(key: string): HTMLElement | undefined }} around
 */
export function createActionCards(view, { redraw, follow, nodeOf }) {
  const { actions } = view;
  /** By the key of the message. @type {Map<string, Card>} */
  const cards = new Map();

  return {
    /** Return whether nobody else is to see the frame. @param {Frame} frame */
    peek(frame) {
      const { type, code = "", message, client_message_id: cid } = frame;
      for (const card of cards.values()) {
        // The session comes first, and only then which actions still wait.
        if (type === "history") card.resend();
        if (type === "session" || type === "ack") card.settle();
      }
      // The same message again is a new state, no new message.
      if (type === "message" && frame.action) return actions.revise(frame);
      if (type !== "error" || cid || code.startsWith("contact_")) return false;
      const asking = [...cards.values()].find((card) => card.isDue());
      asking?.refuse(code === "forbidden" ? undefined : message);
      redraw();
      return !!asking;
    },
    /** @param {State} state */
    render(state) {
      const keys = new Set();
      for (const { key, action: raw } of state.messages) {
        const action = actionOf(raw);
        const line = action && nodeOf(key);
        if (!line) continue;
        keys.add(key);
        const card = cards.get(key) ?? createCard(view, action, redraw);
        cards.set(key, card);
        card.render(action, state);
        if (card.node.parentNode === line) continue;
        // Before the buttons on the answer.
        line.querySelectorAll(".bubble")[0].after(card.node);
        follow();
      }
      for (const key of cards.keys()) if (!keys.has(key)) cards.delete(key);
    },
  };
}
