/** "Earlier conversations": the list in the sheet, and one conversation of it, to read only. */

import { buttonOf, setText } from "../../view/dom.js";
import { dateLocale, dayName } from "../dates.js";
import { addByline } from "../people/bylines.js";
import { createStamps } from "../stamps.js";
import { readEarlier, writeEarlier } from "./store.js";

/** @import { State, Storage, View } from "../../types.js" */
/** @import { Copied, Earlier } from "./store.js" */
/** @import { Sheet } from "../sheet.js" */

/**
 * @param {View} view
 * @param {{
 *   storage: Storage, toJson(value: any): string, localeNow(): string,
 *   lineOf(message: Copied): HTMLElement,
 * }} around
 * @param {Sheet} sheet
 */
export function createEarlier(view, { storage, toJson, localeNow, lineOf }, sheet) {
  const { h, win, strings } = view;
  const { local } = storage;
  const stamp = createStamps(view, localeNow);
  const readAll = () => readEarlier(local, win.Date.now());
  let any = false;

  const dayOf = (/** @type {Earlier} */ { at, messages }) =>
    dayName(new Date(messages.at(-1)?.created_at ?? at), dateLocale(win, localeNow()));

  /** @param {Earlier} conversation */
  function row(conversation) {
    const asked = conversation.messages.find(({ role }) => role === "user");
    const question = h("span", "", { dir: "auto" }, asked?.content ?? "");
    const button = buttonOf(h, "", "", () => open(conversation));
    button.append(question, h("span", "", {}, dayOf(conversation)));
    return h("li", "", {}, button);
  }

  function openList() {
    sheet.open(strings.earlier, h("ul", "earlier", {}, ...readAll().map(row)));
  }

  /** @param {Earlier} conversation */
  function open(conversation) {
    const { messages, of } = conversation;
    const lines = messages.map(
      (message) => /** @type {[HTMLElement, Copied]} */ ([lineOf(message), message]),
    );
    stamp(lines);
    for (const [node, message] of lines) addByline(view, node, message);
    const discard = buttonOf(h, "chip", strings.discard, () => {
      const left = readAll().filter((each) => each.of !== of);
      writeEarlier(local, left, toJson);
      check();
      if (any) openList();
      else sheet.close();
    });
    sheet.open(
      dayOf(conversation),
      h("p", "hint", {}, strings.ended),
      ...lines.map(([node]) => node),
      discard,
    );
    sheet.leadBack(strings.earlier, openList);
  }

  /** Check seldom: the copies are long. */
  function check() {
    any = !!local.get("earlier") && readAll().length > 0;
  }

  const hint = h("p", "hint", { role: "status" });
  const link = buttonOf(h, "chip", strings.kept, () => {
    const [latest] = readAll();
    if (latest) open(latest);
  });
  const kept = h("div", "kept", { hidden: "" }, hint, link);
  /** @type {string | null | undefined} */
  let token;
  let had = false;

  return {
    /** Stands in a new conversation until its first message. */
    kept,
    openList,
    isShown: () => any,
    /** @param {State} state */
    render({ token: now, messages, outbox }) {
      if (now !== token) {
        check();
        kept.hidden = !(had && token && now && any);
        token = now;
      }
      had = messages.length > 0;
      if (had || outbox.length) kept.hidden = true;
      setText(hint, kept.hidden ? "" : strings.fresh);
    },
  };
}
