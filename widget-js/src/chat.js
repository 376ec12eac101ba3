/** Assembles the panel, and renders the state once per frame. */

import { needsConsent, needsContact, wantsContact } from "./conversation/state.js";
import { createComposer } from "./view/composer.js";
import { frameLoop, set, setText } from "./view/dom.js";
import { createNotice } from "./view/notice.js";
import { createPanel } from "./view/panel.js";
import { createStarters } from "./view/starters.js";
import { createTranscript } from "./view/transcript.js";

/** @import { Actions, Contact, WidgetContext, State, View } from "./types.js" */
/** @import { Strings } from "./i18n/strings.js" */
/** @import { Extras, More } from "./view/extras.js" */
/** `comments`: unsent comments on answers, by id.
 * @typedef {Contact & { text?: string, prefilled?: string, comments?: { [id: string]: string } }} Draft
 * The page's element that had the focus before the panel opened, if any.
 * @typedef {{ element: HTMLElement | null }} Outside */

/**
 * @param {WidgetContext} context
 * @param {Strings} strings
 * @param {Actions} actions
 * @param {() => State} getState
 * @param {Extras} extras
 * @param {(more: More) => import("./view/sound.js").Sound} soundOf
 * @param {Outside} returnFocus
 */
export function createChat(context, strings, actions, getState, extras, soundOf, returnFocus) {
  const { win, doc, h, config, storage, shadowHost, launcher, toJson } = context;
  /** @type {View} */
  const view = { win, doc, h, strings, config, actions, later, comment, extras };
  /** @type {number[]} */
  const timers = [];
  const loop = frameLoop(win, draw);
  const draft = readDraft();
  /** @type {ReturnType<typeof build> | null} */
  let parts = null;
  /** @type {ReturnType<More["createContactForm"]> | null} */
  let form = null;
  /** @type {ReturnType<More["createDownload"]> | null} */
  let download = null;

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
    const formPlace = h("div");
    const thanks = h("p", "hint", { role: "status" });
    const onEdit = (/** @type {string} */ cid) => composer.restore(actions.edit(cid));
    const notice = createNotice(view);
    const starters = createStarters(view, send);
    const below = [starters.node, formPlace, thanks];
    const transcript = createTranscript(view, onEdit, [notice.line], below);
    const { scroller, pill } = transcript;
    const bottom = [notice.card, composer.node];
    const panel = createPanel(view, [scroller, pill], bottom, close, menuItems);
    // One listener for the copy buttons of all code blocks.
    set(scroller, "onclick", (/** @type {Event} */ event) => {
      const button = /** @type {HTMLElement} */ (event.composedPath()[0]);
      if (button.className === "copy") extras.need((more) => more.copyCode(view, button));
    });
    shadowHost.root.prepend(panel.node);
    return { composer, formPlace, transcript, panel, thanks, notice, starters };
  }

  /** @param {More} more @returns {import("./view/menu.js").MenuItem[]} */
  function menuItems(more) {
    download ??= more.createDownload(view, getState, () => shadowHost.root.lang);
    const sound = soundOf(more);
    return [
      {
        label: strings.download,
        run: download.run,
        isUsable: ({ messages, outbox }) => !!(messages.length || outbox.length),
      },
      { label: strings.sound, run: sound.toggle, isOn: sound.isOn },
    ];
  }

  function focusInside() {
    if (!parts) return;
    const { composer, panel, notice } = parts;
    if (!notice.card.hidden) return notice.button.focus();
    const asks = needsContact(config, getState()) && form;
    const field = asks ? asks.first : composer.field;
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
    const { composer, formPlace, transcript, panel, thanks, notice, starters } = parts;
    const active = shadowHost.active();
    // With a stored token, only the server knows whether the details were submitted.
    const unknown = state.submitted === null && storage.local.get("token");
    const asks = wantsContact(config, state) && !unknown;
    let focuses = false;
    if (asks) extras.need();
    if (asks && !form && extras.now()) {
      form = /** @type {More} */ (extras.now()).createContactForm(view, draft, keepDraft);
      formPlace.append(form.node);
      // Opened by hand: the focus waits in the panel.
      focuses = active === panel.node;
    }
    formPlace.hidden = !asks;
    form?.render(state);
    setText(thanks, state.contactSaved ? strings.thanks : "");
    // Contact details first, then consent, then messages.
    const contact = needsContact(config, state);
    const consent = !contact && needsConsent(state);
    notice.render(state, consent);
    starters.render(state, contact || consent);
    composer.render(state, contact || consent);
    panel.render(state);
    // In a conversation, move the form out of the way, unless it has the focus.
    if (state.messages.length && !formPlace.contains(active)) transcript.raise(formPlace, thanks);
    transcript.render(state);
    shadowHost.root.classList.toggle("open", state.open);
    if (opens) {
      composer.update();
      if (state.messages.length) transcript.toEnd();
    }
    if (focuses) focusInside();
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
      download?.destroy();
      parts?.panel.destroy();
    },
  };
}
