/** The dialog: header, body, footer, and its focus handling. */

import { buttonOf, icon, remove, set, setText } from "./dom.js";

/** @import { State, View } from "../types.js" */
/** @import { Additions } from "../more/additions.js" */
/** @typedef {{ now(): Additions | null, need(run: (additions: Additions) => void): void }} Later */

/** On small screens the panel covers the whole page (the same query as in the styles). */
export const FULL = "(max-width: 480px), (max-height: 480px)";

const FOCUSABLE = "button:enabled, textarea:enabled, input, a[href], [tabindex='0']";
const DOTS = "M5 12h.01M12 12h.01M19 12h.01";

/** @param {State} state @param {View["strings"]} strings */
function statusOf({ link, reason, lost, ready, offline, outbox }, strings) {
  if (link === "stopped") return reason === "closed" ? strings.closed : strings.gone;
  if (offline) return outbox.length ? strings.offlineSaved : strings.offline;
  if (lost) return strings.reconnecting;
  return ready || link === "asleep" ? "" : strings.connecting;
}

/** Return the first letter or digit. @param {string} name */
const initialOf = (name) => name.match(/[\p{L}\p{N}]/u)?.[0] ?? "";

/**
 * @param {View} view
 * @param {HTMLElement[]} middle
 * @param {HTMLElement[]} bottom
 * @param {() => void} onClose
 * @param {Later} additions the parts of the third file
 */
export function createPanel(view, middle, bottom, onClose, additions) {
  const { h, win, doc, strings, config, actions, extras } = view;
  const full = win.matchMedia(FULL);
  const name = config.name || strings.chat;
  const close = buttonOf(
    h,
    "tool cross",
    strings.close,
    onClose,
    icon(doc, "M6 6l12 12M18 6 6 18"),
  );
  const menuButton = buttonOf(
    h,
    "tool",
    strings.menu,
    () => additions.need(({ menu }) => menu.toggle()),
    icon(doc, DOTS),
  );
  set(menuButton, "aria-expanded", "false");
  // Focusable, because some browsers do not focus a clicked button: keeps the focus inside.
  const menuNode = h("div", "more", { tabindex: -1, onfocusin: () => extras.need() }, menuButton);
  const body = h("div", "body", {}, ...middle);
  const status = h("p", "state", { role: "status" });
  const alert = h("p", "error", { role: "alert" });
  const stop = buttonOf(h, "stop", strings.stop, actions.stop);
  const node = h(
    "div",
    "panel",
    {
      role: "dialog",
      "aria-labelledby": "title",
      part: "panel",
      tabindex: -1,
      hidden: "",
      onkeydown: pressed,
      onpointerdown: touched,
    },
    h(
      "header",
      "head",
      { part: "header" },
      h("span", "logo", { "aria-hidden": "true" }, initialOf(name)),
      h("div", "names", {}, h("h2", "", { id: "title" }, name), h("p", "", {}, strings.ai)),
      menuNode,
      close,
    ),
    body,
    h("div", "bar", {}, status, stop),
    alert,
    ...bottom,
  );

  const modal = () => set(node, "aria-modal", full.matches && "true");
  full.addEventListener("change", modal);

  /** @param {Event} event */
  function touched(event) {
    actions.touch();
    additions.now()?.menu.outside(event);
  }

  /** @param {KeyboardEvent} event */
  function pressed(event) {
    actions.touch();
    if (event.key === "Escape" && !event.isComposing) {
      // A dialog of the page stays open.
      event.preventDefault();
      if (!additions.now()?.escape()) onClose();
    }
    if (event.key !== "Tab" || !full.matches) return;
    const all = /** @type {HTMLElement[]} */ ([...node.querySelectorAll(FOCUSABLE)]).filter(
      (each) => each.getClientRects().length,
    );
    const [from, to] = event.shiftKey ? [all[0], all.at(-1)] : [all.at(-1), all[0]];
    const { activeElement } = /** @type {ShadowRoot} */ (node.getRootNode());
    if (activeElement !== from && activeElement !== node) return;
    event.preventDefault();
    to?.focus();
  }

  return {
    node,
    body,
    menuButton,
    destroy() {
      full.removeEventListener("change", modal);
      remove(node);
    },
    /** @param {State} state */
    render(state) {
      const { turn } = state;
      node.hidden = !state.open;
      modal();
      setText(status, statusOf(state, strings) || (additions.now()?.waiting(state) ?? ""));
      setText(alert, state.alert);
      stop.hidden = !turn || turn.done || !state.ready || !state.v2;
      stop.disabled = !!turn?.stopping;
    },
  };
}
