/** The widget's one element on the page, and its shadow root: styles, theme, direction. */

import { directionOf } from "../i18n/languages.js";
import { laterStyles, styles } from "../styles.js";
import { set } from "../view/dom.js";
import { atRest, isLight, palette } from "./colors.js";
import { documentOf } from "./natives.js";
import { createPlacement } from "./placement.js";
import { createShield } from "./shield.js";
import { watchViewport } from "./viewport.js";

/** @import { Config, Options, Win } from "../types.js" */
/** @import { H } from "../view/dom.js" */
/** @typedef {ReturnType<typeof createShadowHost>} ShadowHost */

/** In front of nearly everything, with room for what the page wants above it. */
const Z_INDEX = 2147483000;
/** Pixels between the launcher and the edges of the window. */
const OFFSET = 20;

/** Lower the frontmost widget of this page, which is the one used last. */
let lowerFront = () => {};

/**
 * @param {Win} win
 * @param {H} h
 * @param {Config} config
 * @param {Options} options
 */
export function createShadowHost(win, h, config, options) {
  const doc = documentOf(win);
  const host = doc.createElement("loquent-widget");
  // Inline and important, so that no rule of the page is stronger. "all" includes opacity and filter.
  /** @param {string} name @param {string} value */
  const setImportant = (name, value) => host.style.setProperty(name, value, "important");
  /** @param {number} above */
  const setLayer = (above) => setImportant("z-index", `${(options.zIndex ?? Z_INDEX) + above}`);
  const toBack = () => setLayer(0);
  setImportant("all", "initial");
  setImportant("position", "fixed");
  toBack();
  const shield = createShield(win, host, () => {
    activate();
    placement.fit();
    lowerFront();
    setLayer(1);
    lowerFront = toBack;
  });
  const placement = createPlacement(win, doc, host, setImportant, shield.raise, options.container);
  let unwatch = () => {};
  const shadow = host.attachShadow({ mode: "open" });
  const root = h("div", `root ${options.position ?? config.position}`);
  root.style.setProperty("--_x", `${options.offsetX ?? OFFSET}px`);
  root.style.setProperty("--_y", `${options.offsetY ?? OFFSET}px`);
  shadow.appendChild(root);

  /** @param {string} css */
  function addStyles(css) {
    const sheet = new win.CSSStyleSheet();
    sheet.replaceSync(css);
    shadow.adoptedStyleSheets = [...shadow.adoptedStyleSheets, sheet];
  }
  addStyles(styles);

  /** @param {{ [property: string]: number[] }} colors */
  function setColors(colors) {
    for (const name in colors) root.style.setProperty(`--_${name}`, `rgb(${colors[name]})`);
  }
  setColors(atRest(config));

  /** Return whether the page supports only light, or else has a light background. */
  function isPageLight() {
    const [html, body] = [doc.documentElement, doc.body].map((each) => win.getComputedStyle(each));
    const meta = doc.querySelector("meta[name=color-scheme]")?.getAttribute("content");
    const declared = `${html.colorScheme} ${meta}`;
    if (/light|dark/.test(declared)) return !declared.includes("dark");
    return isLight(body.backgroundColor) ?? isLight(html.backgroundColor) ?? false;
  }

  let { theme } = options;
  /** Set by `activate`. @type {MediaQueryList | null} */
  let prefersDark = null;
  function applyTheme() {
    if (!prefersDark) return;
    const dark = theme === "dark" || (theme !== "light" && prefersDark.matches && !isPageLight());
    root.classList.toggle("dark", dark);
    setColors(palette(config, dark));
  }

  /** Add what the launcher at rest does not need: on most pages it is never used. */
  function activate() {
    if (prefersDark) return;
    prefersDark = win.matchMedia("(prefers-color-scheme: dark)");
    prefersDark.addEventListener("change", applyTheme);
    addStyles(laterStyles);
    applyTheme();
    shield.raiseMore();
    unwatch = watchViewport(win, root);
  }

  return {
    doc,
    root,
    activate,
    addStyles,
    applyTheme,
    active: () => shadow.activeElement,
    /** @param {Options["theme"]} next */
    setTheme(next) {
      theme = next;
      applyTheme();
    },
    /** @param {string} locale */
    setLocale(locale) {
      set(root, "lang", locale);
      set(root, "dir", directionOf(locale));
    },
    show: placement.show,
    destroy() {
      if (lowerFront === toBack) lowerFront = () => {};
      prefersDark?.removeEventListener("change", applyTheme);
      unwatch();
      shield.destroy();
      placement.destroy();
    },
  };
}
