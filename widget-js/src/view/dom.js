/** Create elements, without HTML strings, inline styles or executable attributes. */

/** @import { Win } from "../types.js" */
/** @typedef {{ [name: string]: any }} Props `on…` are functions; null and false leave an attribute out */

/** @param {Document} doc */
export function elementsOf(doc) {
  /**
   * @template {keyof HTMLElementTagNameMap} T
   * @param {T} tag
   * @param {string} [className]
   * @param {Props} [props]
   * @param {...(Node | string)} kids
   * @returns {HTMLElementTagNameMap[T]}
   */
  return function h(tag, className, props = {}, ...kids) {
    const element = doc.createElement(tag);
    if (className) element.className = className;
    for (const name in props) set(element, name, props[name]);
    for (const kid of kids)
      element.appendChild(typeof kid === "string" ? doc.createTextNode(kid) : kid);
    return element;
  };
}

/** @typedef {ReturnType<typeof elementsOf>} H */

/**
 * @param {Element} element
 * @param {string} name
 * @param {any} value
 */
export function set(element, name, value) {
  if (typeof value === "function") listen(element, name.slice(2), value);
  else if (value === null || value === false) element.removeAttribute(name);
  else if (element.getAttribute(name) !== `${value}`) element.setAttribute(name, value);
}

/**
 * The element remembers its listener: most events are stopped at the window, where the shield calls
 * it. Others, such as scroll, arrive here.
 * @param {any} element @param {string} type @param {(event: any) => void} listener
 */
function listen(element, type, listener) {
  element.loquentListeners = { ...element.loquentListeners, [type]: listener };
  element.addEventListener(type, listener);
}

/** Remove a node, attached or not, without methods that pages replace. @param {Node} [node] */
export const remove = (node) => node?.parentNode?.removeChild(node);

/** Change the document only if the text differs. @param {Node} node @param {string} text */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/**
 * Create a button with a label, or with an icon and an accessible name.
 * @param {H} h
 * @param {string} className
 * @param {string} label
 * @param {(event: MouseEvent) => void} onclick
 * @param {Node} [picture]
 */
export const buttonOf = (h, className, label, onclick, picture) =>
  h(
    "button",
    className,
    { type: "button", onclick, ...(picture ? { "aria-label": label, title: label } : {}) },
    picture ?? label,
  );

/** @param {Document} doc @param {string} shape */
export function icon(doc, shape) {
  const space = "http://www.w3.org/2000/svg";
  const svg = doc.createElementNS(space, "svg");
  const path = doc.createElementNS(space, "path");
  set(svg, "viewBox", "0 0 24 24");
  set(svg, "aria-hidden", "true");
  set(path, "d", shape);
  svg.appendChild(path);
  return svg;
}

/**
 * Draw once per frame, and in background pages, which have no frames, after a timeout.
 * @param {Win} win
 * @param {() => void} draw
 */
export function frameLoop(win, draw) {
  let frame = 0;
  let timer = 0;
  function cancel() {
    win.cancelAnimationFrame(frame);
    win.clearTimeout(timer);
    timer = 0;
  }
  function flush() {
    cancel();
    draw();
  }
  return {
    cancel,
    flush,
    request() {
      if (timer) return;
      timer = win.setTimeout(flush, 100);
      frame = win.requestAnimationFrame(flush);
    },
  };
}
