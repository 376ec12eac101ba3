/** Where to write to a visitor who leaves before a person has answered. */

import { deliveryOf } from "../../view/delivery.js";
import { buttonOf, remove, set, setText } from "../../view/dom.js";
import { LOOKS_RIGHT, typedIn } from "../contact-form.js";
import { replyEmail } from "./frames.js";
import { isFollowUp } from "./people.js";
import { placeAtEnd } from "./place.js";

/** @import { Frame, State, View } from "../../types.js" */
/** @import { Around } from "./people.js" */

/** What was typed, and that it is not wanted, are kept with the unsent comments. */
const DRAFT = "reply-email";
const DECLINED = "no-email";
/** Errors of this form: those without a message's key. */
const ERRORS = /^(contact_info_invalid|rate_limited|invalid_frame|forbidden|internal)$/;

/** @param {View} view @param {Around} around */
export function createReplyEmail(view, around) {
  const { h, strings, actions } = view;
  const { storage, redraw } = around;
  const error = h("p", "error", { id: "reply-error", role: "alert" });
  const input = h("input", "", {
    ...{ id: "reply-email", type: "email", autocomplete: "email", maxlength: 254, dir: "auto" },
    ...{ "aria-describedby": error.id, oninput: typed },
  });
  const status = h("span", "status", { role: "status" });
  const skip = buttonOf(h, "chip", strings.notNow, () => {
    view.comment(DECLINED, "1");
    redraw();
  });
  const save = h("button", "chip", {}, strings.save);
  const form = h(
    "form",
    "",
    { novalidate: "", onsubmit: submit },
    h("p", "intro", {}, strings.replyIntro),
    h("label", "", { for: input.id }, strings.email),
    input,
    error,
    h("div", "row", {}, save, skip, status),
  );
  const thanks = h("p", "", { role: "status" });
  const node = h("section", "card", { "aria-label": strings.email }, form, thanks);
  /** The address to be saved. */
  let wanted = "";
  let sent = false;
  let saved = false;

  function typed() {
    show("");
    view.comment(DRAFT, input.value);
  }

  /** @param {string} sentence */
  function show(sentence) {
    setText(error, sentence);
    set(input, "aria-invalid", sentence ? "true" : null);
    if (sentence) input.focus();
  }

  /** @param {Event} event */
  function submit(event) {
    event.preventDefault();
    if (wanted) return;
    const value = typedIn("email", input.value);
    const right = LOOKS_RIGHT.email.test(value);
    show(right ? "" : `${strings.email}: ${value ? strings.odd : strings.missing}`);
    if (right) wanted = value;
    redraw();
  }

  /** @param {State} state */
  function isWanted(state) {
    const { talk } = state;
    if (!talk || talk.reply_email || talk.status === "resolved" || view.comment(DECLINED))
      return false;
    // A visitor who is typing an address goes on although a person has come.
    const isTyping = node.isConnected && !!input.value;
    return talk.handler === "team" || isFollowUp(state, storage) || isTyping;
  }

  return {
    /** @param {Frame} frame */
    peek({ type, code, message, client_message_id: cid }) {
      if (type === "session") sent = false;
      // The thanks go with the next line.
      if (/^(session|message|ack)$/.test(type)) saved = false;
      if (type === "reply_email_saved") {
        wanted = "";
        saved = true;
        view.comment(DRAFT, "");
        redraw();
      }
      if (type !== "error" || cid || !wanted || !sent || !ERRORS.test(code)) return false;
      wanted = "";
      const isOdd = code === "contact_info_invalid";
      show(isOdd ? `${strings.email}: ${strings.odd}` : message);
      redraw();
      return true;
    },
    /** @param {State} state */
    render(state) {
      // The address of the contact form is proposed here.
      if (state.contact?.email) view.comment(DRAFT, state.contact.email);
      if (!node.isConnected) input.value = view.comment(DRAFT);
      // Not `disabled`, which would move the focus out of the form.
      set(save, "aria-disabled", wanted ? "true" : null);
      if (!wanted) sent = false;
      else if (!sent && state.ready) sent = actions.transmit(replyEmail(wanted));
      setText(status, wanted ? strings[deliveryOf({ sent }, state)] : "");
      setText(thanks, saved ? strings.replySaved : "");
      form.hidden = saved;
      if (saved || wanted || isWanted(state)) placeAtEnd(around, node);
      else remove(node);
    },
  };
}
