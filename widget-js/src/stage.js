/** The one element that stands in the page, and its shadow root: styles, theme, direction, keys. */

import { palette } from "./colors.js";
import { styles } from "./styles.js";

/** @import { View } from "./types.js" */

/** Inline and important: no rule of the page is stronger. */
const HOST = { all: "initial", position: "fixed", "z-index": "2147483000" };

/**
 * @param {View} view
 * @param {string} locale
 * @param {string} direction
 * @param {string} theme
 */
export function createStage({ win, doc, h, config }, locale, direction, theme) {
  const host = doc.createElement("loquent-widget");
  for (const [name, value] of Object.entries(HOST))
    host.style.setProperty(name, value, "important");
  const shadow = host.attachShadow({ mode: "open" });
  const sheet = new win.CSSStyleSheet();
  sheet.replaceSync(styles);
  shadow.adoptedStyleSheets = [sheet];
  const root = h("div", `root ${config.position}`, { dir: direction, lang: locale });
  shadow.append(root);

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

  // On a phone the keyboard covers a part of the page: the panel fits what is left.
  const seen = win.visualViewport;
  function fit() {
    root.style.setProperty("--height", `${seen?.height}px`);
    root.style.setProperty("--top", `${seen?.offsetTop}px`);
  }
  if (seen) fit();
  seen?.addEventListener("resize", fit);
  seen?.addEventListener("scroll", fit);

  doc.body.append(host);

  return {
    root,
    active: () => shadow.activeElement,
    /** @param {string} next */
    setTheme(next) {
      theme = next;
      paint();
    },
    destroy() {
      night.removeEventListener("change", paint);
      seen?.removeEventListener("resize", fit);
      seen?.removeEventListener("scroll", fit);
      host.remove();
    },
  };
}
