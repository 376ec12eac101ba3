/** A sheet over the transcript, for one thing at a time. The message box below it stays usable. */

import { buttonOf, icon, set } from "../view/dom.js";

/** @import { View } from "../types.js" */

/** @typedef {ReturnType<typeof createSheet>} Sheet */

/** @param {View} view @param {HTMLElement} body gets the sheet @param {(focuses: boolean) => void} onClose */
export function createSheet({ h, doc, strings }, body, onClose) {
  const title = h("h3", "", { id: "sheet", tabindex: -1 });
  const back = buttonOf(h, "tool back", strings.back, () => goBack(), icon(doc, "M15 5l-7 7 7 7"));
  const content = h("div");
  const node = h(
    "section",
    "sheet",
    { "aria-labelledby": "sheet", hidden: "" },
    h("div", "top", {}, back, title),
    content,
  );
  body.append(node);
  let goBack = close;

  /** @param {boolean} focuses */
  function hide(focuses) {
    if (node.hidden) return false;
    node.hidden = true;
    content.replaceChildren();
    onClose(focuses);
    return true;
  }

  function close() {
    return hide(true);
  }

  // The focus must not go below the sheet, where nobody sees it.
  set(body, "onfocusin", (/** @type {Event} */ event) => {
    if (!node.contains(/** @type {Node} */ (event.composedPath()[0]))) hide(false);
  });

  /** @param {string} label @param {() => any} run */
  function leadBack(label, run) {
    goBack = run;
    set(back, "aria-label", label);
    set(back, "title", label);
  }

  return {
    close,
    /** Let the back button lead to another sheet than the chat, until the next one opens. */
    leadBack,
    /** @param {string} name @param {...Node} kids */
    open(name, ...kids) {
      leadBack(strings.back, close);
      title.textContent = name;
      content.replaceChildren(...kids);
      node.hidden = false;
      node.scrollTop = 0;
      set(node, "data-of", name);
      title.focus();
    },
    /** @param {string} name */
    shows: (name) => !node.hidden && title.textContent === name,
  };
}
