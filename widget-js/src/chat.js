/** Assembles the panel, and renders the state once per frame. */

import { needsConsent, needsContact, wantsContact } from "./conversation/state.js";
import { createComposer } from "./view/composer.js";
import { createContactForm } from "./view/contact-form.js";
import { copyOnClick } from "./view/copy.js";
import { frameLoop, setText } from "./view/dom.js";
import { createDownload } from "./view/download.js";
import { createNotice } from "./view/notice.js";
import { createPanel } from "./view/panel.js";
import { createStarters } from "./view/starters.js";
import { createTranscript } from "./view/transcript.js";

/** @import { Actions, Contact, WidgetContext, State, View } from "./types.js" */
/** @import { Strings } from "./i18n/strings.js" */
/** @import { Sound } from "./view/sound.js" */
/** `comments`: unsent comments on answers, by id.
 * @typedef {Contact & { text?: string, prefilled?: string, comments?: { [id: string]: string } }} Draft
 * The page's element that had the focus before the panel opened, if any.
 * @typedef {{ element: HTMLElement | null }} Outside */

/**
 * @param {WidgetContext} context
 * @param {Strings} strings
 * @param {Actions} actions
 * @param {() => State} getState
 * @param {Sound} sound
 * @param {Outside} returnFocus
 */
export function createChat(context, strings, actions, getState, sound, returnFocus) {
  const { win, doc, h, config, storage, shadowHost, launcher, toJson } = context;
  /** @type {View} */
  const view = { win, doc, h, strings, config, actions, later, comment };
  /** @type {number[]} */
  const timers = [];
  const loop = frameLoop(win, draw);
  const draft = readDraft();
  /** @type {ReturnType<typeof build> | null} */
  let parts = null;

  /** @param {() => void} run @param {number} ms */
  function later(run, ms) {
    timers.push(win.setTimeout(run, ms));
  }

  /** @returns {Draft} */
  function readDraft() {
    try {
      return { ...JSON.parse(storage.tab.get("draft") ?? "{}") };
    } catch {
      return {};
    }
  }

  /** @param {Draft} change */
  function keepDraft(change) {
    const before = toJson(draft);
    const after = toJson(Object.assign(draft, change));
    if (after !== before) storage.tab.set("draft", after);
  }

  /** @param {string} id @param {string} [next] */
  function comment(id, next) {
    const { [id]: before = "", ...others } = draft.comments ?? {};
    if (next === undefined || next === before) return before;
    keepDraft({ comments: next ? { ...others, [id]: next } : others });
    return next;
  }

  /** @param {boolean} focuses */
  function open(focuses) {
    const focused = /** @type {HTMLElement | null} */ (doc.activeElement);
    returnFocus.element = shadowHost.active() || focused === doc.body ? null : focused;
    actions.open();
    loop.flush();
    if (focuses) focusInside();
  }

  function close() {
    actions.close();
    loop.flush();
  }

  /** @param {string} text */
  function send(text) {
    const sent = actions.send(text);
    loop.flush();
    return sent;
  }

  /** Build the panel, when it is first opened. */
  function build() {
    const composer = createComposer(view, draft.text ?? "", send, (text) => keepDraft({ text }));
    const form = createContactForm(view, draft, keepDraft);
    const thanks = h("p", "hint", { role: "status" });
    const onEdit = (/** @type {string} */ cid) => composer.restore(actions.edit(cid));
    const notice = createNotice(view);
    const starters = createStarters(view, send);
    const below = [starters.node, form.node, thanks];
    const transcript = createTranscript(view, onEdit, [notice.line], below);
    const { scroller, pill } = transcript;
    const download = createDownload(view, getState, () => shadowHost.root.lang);
    const bottom = [notice.card, composer.node];
    const panel = createPanel(view, [scroller, pill], bottom, close, download.run, sound);
    copyOnClick(view, scroller);
    shadowHost.root.prepend(panel.node);
    return { composer, form, transcript, panel, thanks, notice, starters, download };
  }

  function focusInside() {
    if (!parts) return;
    const { composer, form, panel, notice } = parts;
    if (!notice.card.hidden) return notice.button.focus();
    const asks = config.contact_info_mode === "required" && !form.node.hidden;
    const field = asks ? form.first : composer.field;
    // An on-screen keyboard would hide the greeting.
    const byTouch = win.matchMedia("(pointer: coarse)").matches;
    const usable = !byTouch && !field.disabled && (asks || !composer.node.hidden);
    (usable ? field : panel.node).focus();
  }

  function focusOutside() {
    const { element } = returnFocus;
    element?.focus();
    // The element may have been removed or disabled.
    if (!element || doc.activeElement !== element) launcher.focus();
  }

  function draw() {
    const state = getState();
    launcher.render(state.open, state.unread);
    if (!parts && !state.open) return;
    const opens = state.open && parts?.panel.node.hidden !== false;
    parts ??= build();
    const { composer, form, transcript, panel, thanks, notice, starters } = parts;
    const active = shadowHost.active();
    // With a stored token, only the server knows whether the details were submitted.
    const unknown = state.submitted === null && storage.local.get("token");
    form.node.hidden = !wantsContact(config, state) || !!unknown;
    form.render(state);
    setText(thanks, state.contactSaved ? strings.thanks : "");
    // Contact details first, then consent, then messages.
    const contact = needsContact(config, state);
    const consent = !contact && needsConsent(state);
    notice.render(state, consent);
    starters.render(state, contact || consent);
    composer.render(state, contact || consent);
    panel.render(state);
    // In a conversation, move the form out of the way, unless it has the focus.
    if (state.messages.length && !form.node.contains(active)) transcript.raise(form.node, thanks);
    transcript.render(state);
    shadowHost.root.classList.toggle("open", state.open);
    if (opens) {
      composer.update();
      if (state.messages.length) transcript.toEnd();
    }
    // Move the focus if its element was removed, hidden or disabled.
    const now = shadowHost.active();
    if (active && (!now || now === active)) {
      if (!active.isConnected || active.closest("[hidden]") || active.matches(":disabled")) {
        if (state.open) focusInside();
        else focusOutside();
        // Moving the element lost the focus.
      } else if (!now) /** @type {HTMLElement} */ (active).focus();
    }
    if (state.submitted && (draft.name || draft.email || draft.phone))
      keepDraft({ name: "", email: "", phone: "" });
  }

  return {
    open,
    close,
    requestDraw: loop.request,
    draw: loop.flush,
    draft,
    focus: focusInside,
    keepDraft,
    destroy() {
      loop.cancel();
      timers.forEach(win.clearTimeout);
      parts?.transcript.cancel();
      parts?.download.destroy();
      parts?.panel.destroy();
    },
  };
}
