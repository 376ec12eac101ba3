/** The one element that stands in the page, and its shadow root: styles, theme, direction, keys. */

import { palette } from "./colors.js";
import { directionOf } from "./languages.js";
import { styles } from "./styles.js";
import { set } from "./view/dom.js";

/** @import { Config, Win } from "./types.js" */
/** @import { H } from "./view/dom.js" */
/** @typedef {ReturnType<typeof createStage>} Stage */

/** Inline and important: no rule of the page is stronger. */
const HOST = { all: "initial", position: "fixed", "z-index": "2147483000" };

/**
 * @param {Win} win
 * @param {H} h
 * @param {Config} config
 * @param {string} theme
 */
export function createStage(win, h, config, theme) {
  const doc = win.document;
  const host = doc.createElement("loquent-widget");
  for (const [name, value] of Object.entries(HOST))
    host.style.setProperty(name, value, "important");
  const shadow = host.attachShadow({ mode: "open" });
  const root = h("div", `root ${config.position}`);
  shadow.append(root);

  /** @param {string} css */
  function addStyles(css) {
    const sheet = new win.CSSStyleSheet();
    sheet.replaceSync(css);
    shadow.adoptedStyleSheets = [...shadow.adoptedStyleSheets, sheet];
  }
  addStyles(styles);

  // The page's hot-keys must not see what is typed here.
  for (const type of ["keydown", "keypress", "keyup"]) {
    host.addEventListener(type, (event) => event.stopPropagation());
  }

  const night = win.matchMedia("(prefers-color-scheme: dark)");
  function paint() {
    const dark = theme === "dark" || (theme !== "light" && night.matches);
    root.classList.toggle("dark", dark);
    for (const [name, color] of Object.entries(palette(config, dark))) {
      root.style.setProperty(`--${name}`, `rgb(${color})`);
    }
  }
  paint();
  night.addEventListener("change", paint);

  return {
    root,
    addStyles,
    active: () => shadow.activeElement,
    /** @param {string} next */
    setTheme(next) {
      theme = next;
      paint();
    },
    /** @param {string} locale */
    setLocale(locale) {
      set(root, "lang", locale);
      set(root, "dir", directionOf(locale));
    },
    show: () => doc.body.append(host),
    destroy() {
      night.removeEventListener("change", paint);
      host.remove();
    },
  };
}
