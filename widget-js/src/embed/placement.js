/**
 * Keeps the widget's element where the visitor can see and use it: beside the body, which frameworks
 * replace and pages move, filter or make inert; in a modal dialog of the page while one is open,
 * because the browser makes everything else inert; and back on the page if something removed it.
 */

/** @import { Win } from "../types.js" */

/** Moves in a row without a pause, and the milliseconds without a move that end the row. */
const AT_ONCE = 5;
const CALM = 10_000;
/** Milliseconds until the next move of a longer row. */
const PAUSE = 30_000;
/** Properties of `html` that make it, not the window, the frame of fixed elements. */
const FRAMES = /** @type {const} */ ([
  ...["transform", "translate", "rotate", "scale", "perspective", "transformStyle", "offsetPath"],
  ...["contain", "willChange"],
]);
const MAY_FRAME = ["load", "resize"];

/**
 * @param {Win} win
 * @param {Document} doc
 * @param {HTMLElement} host
 * @param {(name: string, value: string) => void} setStyle
 * @param {() => void} onMove
 * @param {string} [container] a selector; the page's choice of a place
 */
export function createPlacement(win, doc, host, setStyle, onMove, container) {
  /** Open modal dialogs, in the order in which they were opened. @type {Element[]} */
  let modals = [];
  let moves = 0;
  let last = 0;
  let timer = 0;
  let frame = 0;
  let zoom = 1;
  let alive = true;

  /** @param {string} selector one that the browser may not know @returns {Element[]} */
  function all(selector) {
    try {
      return [...doc.querySelectorAll(selector)];
    } catch {
      return [];
    }
  }

  function placeNow() {
    const open = all("dialog:modal");
    modals = modals.filter((each) => open.includes(each));
    modals.push(...open.filter((each) => !modals.includes(each)));
    const [chosen] = container ? all(container) : [];
    const modal = modals.at(-1);
    return !modal || modal.contains(chosen ?? null)
      ? (chosen ?? modal ?? doc.documentElement)
      : modal;
  }

  /** Moving an element resets its focus and its scroll positions. @param {Element} parent */
  function move(parent) {
    const shadow = /** @type {ShadowRoot} */ (host.shadowRoot);
    const focused = /** @type {HTMLElement | null} */ (shadow.activeElement);
    /** @type {[Element, number][]} */
    const scrolled = host.isConnected
      ? [...shadow.querySelectorAll("*")].map((each) => [each, each.scrollTop])
      : [];
    onMove();
    parent.appendChild(host);
    for (const [each, top] of scrolled) if (top) each.scrollTop = top;
    focused?.focus();
  }

  function show() {
    win.clearTimeout(timer);
    timer = 0;
    const parent = placeNow();
    // Between two documents of a router there is none: the observer reports the next.
    if (parent && host.parentNode !== parent) move(parent);
    observe(parent !== doc.documentElement);
    request();
  }

  /** Fit into the page as it is now: in front of a dialog, in the window, at the usual size. */
  function fit() {
    frame = 0;
    const { parentElement: parent } = host;
    const html = doc.documentElement;
    if (!parent || !html) return;
    const style = win.getComputedStyle(html);
    const framed = FRAMES.some((name) => !/^(none|auto|flat|)$/.test(style[name] || ""));
    // The browser's top layer is independent of the page's boxes, but also of their z-index.
    if ((framed || modals.length) && host.showPopover) {
      host.setAttribute("popover", "manual");
      if (!host.matches(":popover-open")) {
        host.showPopover();
        // WebKit keeps the old frame of what was displayed before.
        setStyle("display", "none");
        host.getClientRects();
        setStyle("display", "block");
      }
    } else host.removeAttribute("popover");
    // Zoom would also enlarge 100vh.
    const now = parent.currentCSSZoom ?? (+style.zoom || 1);
    if (now !== zoom) setStyle("zoom", `${1 / now}`);
    zoom = now;
  }

  function request() {
    if (alive) frame ||= win.requestAnimationFrame(fit);
  }

  function check() {
    if (timer) return;
    if (host.parentNode === placeNow()) return request();
    const now = Date.now();
    if (now - last > CALM) moves = 0;
    last = now;
    const over = moves++ - AT_ONCE;
    if (!over && !host.isConnected)
      win.console.warn("Loquent: this page keeps removing the chat. Use Loquent.destroy().");
    timer = win.setTimeout(show, over < 0 ? 0 : PAUSE);
  }

  /** @type {MutationObserver[]} */
  let observers = [];
  try {
    observers = [new win.MutationObserver(check), new win.MutationObserver(check)];
  } catch {}

  /** @param {boolean} subtree a dialog or container may go with all that it holds */
  function observe(subtree) {
    const [children, attributes] = observers;
    const html = doc.documentElement;
    children?.observe(win.document, { childList: true, subtree: subtree || !!container });
    attributes?.observe(win.document, { subtree: true, attributeFilter: ["open"] });
    if (!html) return;
    children?.observe(html, { childList: true });
    attributes?.observe(html, { attributeFilter: ["class", "style"] });
  }

  // Style sheets that load late, and windows, change what frames the element.
  for (const type of MAY_FRAME) win.addEventListener(type, request);

  return {
    show,
    fit: request,
    destroy() {
      alive = false;
      for (const each of observers) each.disconnect();
      for (const type of MAY_FRAME) win.removeEventListener(type, request);
      win.clearTimeout(timer);
      win.cancelAnimationFrame(frame);
      host.parentNode?.removeChild(host);
    },
  };
}
