/** Assembles the panel, and renders the state once per frame. */

import { needsConsent, needsContact } from "./conversation/state.js";
import { createComposer } from "./view/composer.js";
import { frameLoop, set } from "./view/dom.js";
import { createNotice } from "./view/notice.js";
import { createPanel } from "./view/panel.js";
import { createStarters } from "./view/starters.js";
import { createTranscript } from "./view/transcript.js";

/** @import { Actions, Contact, WidgetContext, State, View } from "./types.js" */
/** @import { Strings } from "./i18n/strings.js" */
/** @import { Extras, More } from "./view/extras.js" */
/** @import { Additions } from "./more/additions.js" */
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
 * @param {(more: More) => import("./more/sound.js").Sound} soundOf
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
  /** @type {Additions | null} */
  let additions = null;

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
    shadowHost.applyTheme();
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
    const notice = createNotice(view);
    const starters = createStarters(view, send);
    const below = [starters.node, formPlace];
    const transcript = createTranscript(view, [notice.line], below);
    const { scroller, pill } = transcript;
    const bottom = [notice.card, composer.node];
    const panel = createPanel(view, [scroller, pill], bottom, close, {
      now: () => additions,
      need: withAdditions,
    });
    // One listener for the copy buttons of all code blocks.
    set(panel.body, "onclick", (/** @type {Event} */ event) => {
      const button = /** @type {HTMLElement} */ (event.composedPath()[0]);
      if (button.className === "copy") extras.need((more) => more.copyCode(view, button));
    });
    shadowHost.root.prepend(panel.node);
    return { composer, formPlace, transcript, panel, notice, starters };
  }

  /** Run with the parts of the third file. @param {(additions: Additions) => void} [run] */
  function withAdditions(run) {
    extras.need((more) => {
      if (!parts) return;
      const { panel, formPlace, transcript, composer } = parts;
      const { nodeOf, lineOf, scroller, follow } = transcript;
      if (!additions) {
        additions = more.createAdditions(view, {
          ...{ formPlace, draft, keepDraft, getState, focus: focusInside, redraw: loop.request },
          ...{ body: panel.body, menuButton: panel.menuButton, nodeOf, send },
          ...{ scroller, follow, lineOf, storage, toJson, restore: composer.restore },
          ...{ sound: soundOf(more), localeNow: () => shadowHost.root.lang },
        });
        additions.render(getState());
        // It made older lines higher.
        if (getState().messages.length) transcript.follow();
        // Opened by hand: the focus waits in the panel for the required form.
        if (!formPlace.hidden && shadowHost.active() === panel.node) focusInside();
      }
      run?.(additions);
    });
  }

  function focusInside() {
    if (!parts) return;
    const { composer, panel, notice } = parts;
    if (!notice.card.hidden) return notice.button.focus();
    const asks = needsContact(config, getState()) && additions;
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
    const { composer, formPlace, transcript, panel, notice, starters } = parts;
    const active = shadowHost.active();
    // With a stored token, only the server knows whether the details were submitted.
    const unknown = state.submitted === null && storage.local.get("token");
    // Contact details first, then consent, then messages.
    const contact = needsContact(config, state);
    formPlace.hidden = !contact || !!unknown;
    const consent = !contact && needsConsent(state);
    notice.render(state, consent);
    starters.render(state, contact || consent);
    composer.render(state, contact || consent);
    panel.render(state);
    transcript.render(state);
    if (!formPlace.hidden || state.turn || state.messages.length || state.outbox.length)
      extras.need();
    if (extras.now()) withAdditions();
    additions?.render(state);
    shadowHost.root.classList.toggle("open", state.open);
    if (opens) {
      composer.update();
      if (state.messages.length) transcript.follow();
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
      additions?.destroy();
      parts?.panel.destroy();
    },
  };
}
