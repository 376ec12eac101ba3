/** The entry of the second file: the chat itself, made after the first click. */

import { createChat } from "./chat.js";
import { createConversation } from "./conversation.js";
import { roomStyles } from "./room-styles.js";
import { prefixOf } from "./storage.js";

/** @import { Frame, Room, Shell, State } from "./types.js" */
/** @import { Draft } from "./chat.js" */
/** @import { Words } from "./words.js" */

/**
 * @param {Shell} shell
 * @param {Words} words of the visitor's language
 * @returns {Room}
 */
export function createRoom(shell, words) {
  const { win, doc, id, stage, launcher, emit } = shell;
  /** @type {(() => void)[]} */
  const undo = [];
  const conversation = createConversation(shell, changed, told);
  stage.addStyles(roomStyles);
  let chat = draw();

  function draw() {
    return createChat(shell, words, conversation, conversation.getState);
  }

  /** Draws it all anew. @param {Draft} [draft] */
  function redraw(draft = {}) {
    chat.keepDraft(draft);
    chat.destroy();
    chat = draw();
    chat.draw();
  }

  /** @param {EventTarget} target @param {string} type @param {(event: any) => void} listener */
  function listen(target, type, listener) {
    target.addEventListener(type, listener);
    undo.push(() => target.removeEventListener(type, listener));
  }

  function network() {
    conversation.setOffline(!win.navigator.onLine);
  }

  /** @param {State} state @param {State} before */
  function changed(state, before) {
    chat?.changed();
    if (state.open !== before.open) emit(state.open ? "open" : "close");
    if (state.unread !== before.unread) emit("unread", state.unread);
  }

  /** @param {Frame} frame */
  function told({ type, role, content, code, message }) {
    if (type === "message") emit(type, { role, content });
    if (type === "error") emit(type, { code, message });
  }

  for (const type of ["online", "offline", "pageshow"]) listen(win, type, network);
  listen(doc, "visibilitychange", () => doc.hidden || network());
  listen(win, "storage", ({ key }) => {
    if (key === `${prefixOf(id)}token`) conversation.followToken();
  });
  network();

  return {
    open: (focuses) => chat.open(focuses),
    close: () => chat.close(),
    toggle: (focuses) => (conversation.getState().open ? chat.close() : chat.open(focuses)),
    send: (text) => void conversation.send(text),
    prefill: (text) => redraw({ text }),
    identify(contact) {
      redraw(contact);
      conversation.submit(contact);
    },
    reset: () => conversation.forget(),
    setWords(next) {
      words = next;
      redraw();
    },
    destroy() {
      for (const step of undo.splice(0)) step();
      conversation.destroy();
      chat.destroy();
      launcher.render(false, 0);
    },
  };
}
