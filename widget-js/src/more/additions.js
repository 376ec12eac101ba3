/** What the third file adds to the panel: the menu and its sheets, the contact card. */

import { isWithPeople, needsContact } from "../conversation/state.js";
import { buttonOf, remove } from "../view/dom.js";
import { createActionCards } from "./action-cards.js";
import { createContactCard, hasContact } from "./contact-card.js";
import { createDownload } from "./download.js";
import { createEarlier } from "./earlier/earlier.js";
import { createHelped } from "./helped.js";
import { createLines } from "./lines.js";
import { createMenu } from "./menu.js";
import { createPeople } from "./people/people.js";
import { createSheet } from "./sheet.js";
import { createUnsent } from "./unsent.js";
import { createWaiting } from "./waiting.js";

/** @import { Contact, State, Storage, View } from "../types.js" */
/** @import { Sound } from "./sound.js" */
/** @typedef {ReturnType<typeof createAdditions>} Additions */

/**
 * `formPlace`: where a required form is, below the greeting.
 * @typedef {{
 *   body: HTMLElement, menuButton: HTMLElement, formPlace: HTMLElement,
 *   draft: Contact, keepDraft(contact: Contact): void, sound: Sound,
 *   getState(): State, localeNow(): string, focus(): void, redraw(): void,
 *   nodeOf(key: string): HTMLElement | undefined, send(text: string): void, scroller: HTMLElement,
 *   storage: Storage, toJson(value: any): string, lineOf(message: import("./earlier/store.js").Copied): HTMLElement,
 *   restore(text: string): void, follow(): void,
 * }} Surroundings
 */

/** Return the key of the last line that calls for the contact card. @param {State} state */
function calling({ messages, outbox }) {
  const refused = outbox.findLast(({ final }) => final);
  const calls = messages.findLast(
    ({ role, status, card }) => card || role === "note" || /^(failed|interrupted)$/.test(status),
  );
  return refused?.cid ?? calls?.key;
}

/** @param {View} view @param {Surroundings} around */
export function createAdditions(view, around) {
  const { config, strings } = view;
  const { formPlace, getState, localeNow } = around;
  const card = createContactCard(view, around.draft, around.keepDraft, localeNow);
  const download = createDownload(view, getState, localeNow);
  const sheet = createSheet(view, around.body, (focuses) => {
    render(getState());
    if (focuses) around.focus();
  });
  const openCard = () => sheet.open(strings.contact, card.node);
  const slow = buttonOf(view.h, "chip", strings.contact, openCard);
  const earlier = createEarlier(view, around, sheet);
  formPlace.before(earlier.kept);
  const menu = createMenu(view, around.menuButton, [
    {
      // In the menu, so that one slip does not end a conversation.
      label: strings.fresh,
      run() {
        view.actions.restart();
        sheet.close();
        around.focus();
      },
      isShown: ({ messages, turn }) => !!(messages.length || turn),
      isUsable: ({ ready, v2 }) => ready && v2,
    },
    { label: strings.earlier, run: earlier.openList, isShown: earlier.isShown },
    {
      label: strings.contact,
      run: openCard,
      isShown: (state) => hasContact(view, state),
    },
    {
      label: strings.download,
      run: download.run,
      isUsable: ({ messages, outbox }) => !!(messages.length || outbox.length),
    },
    { label: strings.sound, run: around.sound.toggle, isOn: around.sound.isOn },
  ]);
  const waiting = createWaiting(view, around.redraw);
  const lines = createLines(view, around);
  const helped = createHelped(view, around);
  const unsent = createUnsent(view, around);
  const people = createPeople(view, around);
  const cards = createActionCards(view, around);
  view.actions.peek = (frame) => people.peek(frame) || cards.peek(frame);
  let sent = 0;

  /** @param {State} state */
  function placeCard(state) {
    card.render(state);
    if (needsContact(config, state)) {
      if (card.form.node.parentNode !== formPlace) formPlace.append(card.form.node);
      card.form.node.hidden = false;
    }
    if (sheet.shows(strings.contact)) return;
    // Somebody is there already.
    const key = isWithPeople(state) ? undefined : calling(state);
    const line = key && hasContact(view, state) && around.nodeOf(key);
    if (!line) remove(card.node);
    else if (card.node.parentNode !== line) line.append(card.node);
  }

  /** @param {State} state */
  function render(state) {
    if (!state.open) menu.close();
    // Sending a message leads back to the transcript.
    const sends = state.outbox.length > sent;
    sent = state.outbox.length;
    if (sends) sheet.close();
    earlier.render(state);
    menu.render(state);
    waiting.render(state.turn);
    lines.render(state);
    cards.render(state);
    helped.render(state);
    unsent.render(state);
    people.render(state);
    placeCard(state);
    const isSlow = waiting.text(state.turn) === strings.slow && hasContact(view, state);
    if (!isSlow) remove(slow);
    else if (!slow.isConnected) around.scroller.querySelectorAll(".growing")[0]?.append(slow);
  }

  return {
    menu,
    render,
    /** What to say while an answer has no text yet. @param {State} state */
    waiting: ({ turn }) => waiting.text(turn) || people.typing(),
    /** Return the first field of the form. */
    first: card.form.first,
    /** Close what is open on top. @returns {boolean} whether something was */
    escape: () => menu.close(true) || sheet.close(),
    destroy() {
      menu.close();
      waiting.clear();
      helped.destroy();
      people.destroy();
      view.actions.peek = null;
      download.destroy();
    },
  };
}
