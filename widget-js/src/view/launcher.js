/** The floating button, and the line beside it while the chat can't be loaded. */

import { icon, set, setText } from "./dom.js";
import { ICONS } from "./icons.js";

/** @import { H } from "./dom.js" */
/** @import { Labels } from "../labels.js" */
/** @import { Options } from "../types.js" */

/**
 * @param {H} h
 * @param {Document} doc
 * @param {Labels} labels
 * @param {Options} options
 * @param {() => void} onclick
 * @param {() => void} onPress the pointer is down: a click is about to come
 */
export function createLauncher(h, doc, labels, options, onclick, onPress) {
  const { launcherIcon = "chat", launcherText = "" } = options;
  const badge = h("span", "badge", { "aria-hidden": "true", part: "badge" });
  const count = h("span", "hidden", { id: "unread" });
  const node = h(
    "button",
    launcherText ? "launcher wide" : "launcher",
    {
      ...{ type: "button", part: "launcher", "aria-haspopup": "dialog" },
      ...{ "aria-describedby": "unread", onclick, onpointerdown: onPress },
    },
    icon(doc, ICONS[launcherIcon]),
    icon(doc, "m6 9 6 6 6-6"),
    ...(launcherText
      ? [h("span", "caption", { part: "launcher-text", dir: "auto" }, launcherText)]
      : []),
    badge,
  );
  const note = h("p", "toast", { role: "status", part: "toast" });
  let open = false;
  let unread = 0;

  /** Who says what they see on the button, has to be understood: its name begins with that. */
  function closedName() {
    const says = labels.open.toLowerCase().includes(launcherText.toLowerCase());
    return says ? labels.open : `${launcherText} – ${labels.open}`;
  }

  function draw() {
    set(node, "aria-label", open ? labels.close : closedName());
    set(node, "aria-expanded", `${open}`);
    setText(badge, unread ? `${unread}` : "");
    setText(count, unread ? labels.unread.replace("{n}", `${unread}`) : "");
  }
  draw();

  return {
    nodes: [node, count, note],
    focus: () => node.focus(),
    /** @param {boolean} isOpen @param {number} newMessages */
    render(isOpen, newMessages) {
      open = isOpen;
      unread = newMessages;
      draw();
    },
    /** While the rest is loading; `away` when it did not come. @param {boolean} busy @param {boolean} away */
    wait(busy, away) {
      set(node, "aria-busy", busy && "true");
      setText(note, away ? labels.away : "");
    },
    /** @param {Labels} next */
    setLabels(next) {
      labels = next;
      draw();
    },
  };
}
