/** Entry of the second file: the chat itself, created after the first click. */

import { createChat } from "./chat.js";
import { createConversation } from "./conversation/conversation.js";
import { stringsOf } from "./i18n/strings.js";
import { createExtras } from "./view/extras.js";

/** @import { Frame, ChatRuntime, WidgetContext, State } from "./types.js" */
/** @import { Draft } from "./chat.js" */
/** @import { Strings } from "./i18n/strings.js" */

/**
 * @param {WidgetContext} context
 * @param {Partial<Strings>} [translated] the texts in the visitor's language
 * @returns {ChatRuntime}
 */
export function createChatRuntime(context, translated) {
  const { win, doc, shadowHost, launcher, emit, options } = context;
  let strings = stringsOf(translated, options.texts);
  /** @type {(() => void)[]} */
  const undo = [];
  const conversation = createConversation(context, onChange, onFrame, () => strings);
  const extras = createExtras(context, fillTexts, () => chat?.requestDraw());
  /** @type {import("./more/sound.js").Sound | null} */
  let sound = null;
  /** @type {import("./chat.js").Outside} */
  const returnFocus = { element: null };
  let chat = draw();

  /** Add the actions and the English texts of the third file, and warn about texts that don't exist.
   * @param {import("./view/extras.js").More} more */
  function fillTexts({ addTexts, addActions }) {
    addTexts(win, strings, options.texts, stringsOf());
    addActions(conversation, context.storage.local);
  }

  function draw() {
    return createChat(
      context,
      strings,
      conversation,
      conversation.getState,
      extras,
      soundOf,
      returnFocus,
    );
  }

  /** Rebuild the whole panel. @param {Draft} [draft] */
  function redraw(draft = {}) {
    const focused = shadowHost.active();
    chat.keepDraft(draft);
    chat.destroy();
    chat = draw();
    chat.draw();
    if (focused && !focused.isConnected) chat.focus();
  }

  /** @param {EventTarget} target @param {string} type @param {(event: any) => void} listener */
  function listen(target, type, listener) {
    target.addEventListener(type, listener);
    undo.push(() => target.removeEventListener(type, listener));
  }

  function onNetwork() {
    conversation.setOffline(!win.navigator.onLine);
  }

  function onVisibility() {
    conversation.setHidden(doc.hidden);
    if (!doc.hidden) onNetwork();
  }

  /** @param {State} state @param {State} before */
  function onChange(state, before) {
    chat?.requestDraw();
    if (before.messages[0] && state.token !== before.token)
      extras.need((more) => more.keepEarlier(context, before, state));
    if (state.open !== before.open) context.onToggle(state.open);
    if (state.unread !== before.unread) emit("unread", state.unread);
  }

  /** @param {Frame} frame */
  function onFrame({ type, role, content, code, message, id: messageId }) {
    if (type === "message") emit(type, { id: messageId ?? null, role, content });
    if (type === "contact_info_saved") emit("contact");
    if (type === "message" && role !== "user")
      onAnswer(messageId ?? content, conversation.getState().open && !doc.hidden);
    if (type === "error") emit(type, { code, message });
  }

  /** @param {import("./view/extras.js").More} more */
  function soundOf({ createSound }) {
    sound ??= createSound(context);
    return sound;
  }

  /** @param {string} id @param {boolean} seen */
  function onAnswer(id, seen) {
    extras.need((more) => soundOf(more).onAnswer(id, seen));
  }

  for (const type of ["online", "offline", "pageshow"]) listen(win, type, onNetwork);
  listen(doc, "visibilitychange", onVisibility);
  conversation.setHidden(doc.hidden);
  onNetwork();

  return {
    open: (focuses) => chat.open(focuses),
    close: () => chat.close(),
    isOpen: () => conversation.getState().open,
    send: (text) => void conversation.send(text),
    deliver: conversation.connect,
    prefill(text) {
      // Keep what the visitor typed: below the text, or after it if they continued the same text.
      const { text: own = "", prefilled } = chat.draft;
      const mine = own === prefilled ? "" : own;
      const below = mine ? `${text}\n${mine}` : text;
      redraw({ text: mine.startsWith(text) ? mine : below, prefilled: text });
    },
    identify(contact) {
      redraw(contact);
      conversation.submit(contact);
    },
    reset(elsewhere) {
      conversation.forget(elsewhere);
      redraw();
    },
    onStorage(name) {
      if (name === "token") conversation.followToken();
      if (name === "agreed") conversation.followConsent();
      if (name === "read") conversation.followRead();
      if (name === "outbox") conversation.followOutbox?.();
    },
    setStrings(next) {
      strings = stringsOf(next, options.texts);
      const more = extras.now();
      if (more) fillTexts(more);
      redraw();
    },
    destroy() {
      for (const step of undo.splice(0)) step();
      conversation.destroy();
      extras.destroy();
      sound?.destroy();
      chat.destroy();
      launcher.render(false, 0);
    },
  };
}
