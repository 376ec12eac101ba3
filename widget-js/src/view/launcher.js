/**
 * The launcher button, and the toast beside it while the chat can't be loaded. On most pages it is
 * never used, so at rest it is only a button with an icon.
 */

import { icon, set, setText } from "./dom.js";
import { ICONS } from "./icons.js";

/** @import { H } from "./dom.js" */
/** @import { LauncherStrings } from "../i18n/launcher-strings.js" */
/** @import { ShadowHost } from "../embed/shadow-host.js" */
/** @import { Options } from "../types.js" */

/**
 * @param {H} h
 * @param {ShadowHost} shadowHost
 * @param {LauncherStrings} labels
 * @param {Options} options
 * @param {() => void} onclick
 * @param {() => void} onPress pointer down: a click will follow
 */
export function createLauncher(h, shadowHost, labels, options, onclick, onPress) {
  const { launcherIcon = "chat", launcherText = "" } = options;
  const { doc } = shadowHost;
  const node = h(
    "button",
    launcherText ? "launcher wide" : "launcher",
    {
      ...{ type: "button", part: "launcher", "aria-haspopup": "dialog" },
      ...{ onclick, onpointerdown: pressed },
    },
    icon(doc, ICONS[launcherIcon]),
    ...(launcherText
      ? [h("span", "caption", { part: "launcher-text", dir: "auto" }, launcherText)]
      : []),
  );
  shadowHost.root.append(node);
  let open = false;
  let unread = 0;
  /** @type {ReturnType<typeof build> | null} */
  let signals = null;

  function build() {
    shadowHost.activate();
    const badge = h("span", "badge", { "aria-hidden": "true", part: "badge" });
    const count = h("span", "hidden", { id: "unread" });
    const note = h("p", "toast", { role: "status", part: "toast" });
    const down = icon(doc, "m6 9 6 6 6-6");
    set(down, "class", "down");
    set(node, "aria-describedby", "unread");
    node.append(down, badge);
    node.after(count, note);
    return { badge, count, note };
  }

  /** Build before the click, so that its changes are animated. */
  function pressed() {
    signals ??= build();
    onPress();
  }

  /** Start the accessible name with the visible text, for voice control. */
  function closedName() {
    const says = labels.open.toLowerCase().includes(launcherText.toLowerCase());
    return says ? labels.open : `${launcherText} – ${labels.open}`;
  }

  function draw() {
    set(node, "aria-label", open ? labels.close : closedName());
    set(node, "aria-expanded", `${open}`);
    if (!open && !unread && !signals) return;
    signals ??= build();
    setText(signals.badge, unread ? `${unread}` : "");
    setText(signals.count, unread ? labels.unread.replace("{n}", `${unread}`) : "");
  }
  draw();

  return {
    focus: () => node.focus(),
    /** @param {boolean} isOpen @param {number} newMessages */
    render(isOpen, newMessages) {
      open = isOpen;
      unread = newMessages;
      draw();
    },
    /** Show progress while the chat loads; `away`: loading failed. @param {boolean} busy @param {boolean} away */
    wait(busy, away) {
      set(node, "aria-busy", busy && "true");
      signals ??= build();
      setText(signals.note, away ? labels.away : "");
    },
    /** @param {LauncherStrings} next */
    setLabels(next) {
      labels = next;
      draw();
    },
  };
}
