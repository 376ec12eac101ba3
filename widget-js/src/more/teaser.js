/** A line of the page's beside the launcher, shown once per visitor, for those who have not chatted. */

import { teaser as styles } from "../styles/teaser.js";
import { buttonOf, icon, remove, set } from "../view/dom.js";

/** @import { WidgetContext } from "../types.js" */

/**
 * @param {WidgetContext} context
 * @param {string} text
 * @param {string} label of the button that closes it
 * @param {() => void} open the chat
 */
export function createTeaser(context, text, label, open) {
  const { doc, h, config, storage, shadowHost, launcher, onToggle } = context;
  const { root } = shadowHost;
  const { local } = storage;
  const knowsUs = ["teased", "token", "outbox"].some((name) => local.get(name));
  if (knowsUs || root.classList.contains("open")) return;
  local.set("teased", "1");
  shadowHost.activate();
  shadowHost.addStyles(styles);
  const offer = buttonOf(h, "", text, open);
  set(offer, "dir", "auto");
  const close = buttonOf(h, "dismiss", label, dismiss, icon(doc, "M6 6l12 12M18 6 6 18"));
  const node = h(
    "aside",
    "toast teaser",
    { "aria-label": config.name, part: "teaser" },
    offer,
    close,
  );
  root.append(node);

  function dismiss() {
    remove(node);
    launcher.focus();
  }

  context.onToggle = (isOpen) => {
    remove(node);
    onToggle(isOpen);
  };
}
