/** Read the options of the script tag or `mount` once. Warn about invalid values and ignore them. */

import { localeOf } from "../i18n/languages.js";
import { launcherStrings } from "../i18n/launcher-strings.js";
import { ICONS } from "../view/icons.js";

/** @import { Options, Win } from "../types.js" */

/** @param {string[]} names */
const oneOf = (...names) => ({
  /** @param {any} value */
  read: (value) => names.find((name) => name === `${value}`.replace("-", "_")),
  hint: names.join(", "),
});

/** @param {number} low @param {number} high @param {string} [of] */
const number = (low, high, of = "") => ({
  /** @param {any} value */
  read: (value) => {
    const found = /^-?\d{1,10}(?=(px)?$)/.exec(`${value}`.trim());
    return found && +found[0] >= low && +found[0] <= high ? +found[0] : undefined;
  },
  hint: `a whole number${of} from ${low} to ${high}`,
});

/** @param {any} value a JSON text, or what is one already */
function objectOf(value) {
  try {
    const found = typeof value === "string" ? JSON.parse(value) : value;
    return found && typeof found === "object" && !Array.isArray(found) ? found : undefined;
  } catch {}
}

/** @type {{ [name: string]: { read(value: any): any, hint: string } }} */
const READERS = {
  position: oneOf("bottom_right", "bottom_left"),
  offsetX: number(0, 2000, " of pixels"),
  offsetY: number(0, 2000, " of pixels"),
  zIndex: number(-2147483648, 2147483647),
  launcherIcon: oneOf(...Object.keys(ICONS)),
  launcherText: {
    read: (value) => (/^\s*\S.{0,39}\s*$/u.test(value) ? `${value}`.trim() : undefined),
    hint: "a few words, 40 characters at most",
  },
  teaser: {
    read: (value) => (/^\s*\S.{0,79}\s*$/u.test(value) ? `${value}`.trim() : undefined),
    hint: "a short sentence, 80 characters at most",
  },
  teaserDelay: number(1, 3600, " of seconds"),
  theme: oneOf("auto", "light", "dark"),
  locale: {
    read: (value) => (localeOf(`${value}`) ? `${value}` : undefined),
    hint: `the tag of one of these languages: ${Object.keys(launcherStrings).join(", ")}`,
  },
  open: { read: (value) => (`${value}` === "false" ? undefined : true), hint: "" },
  sound: oneOf("on", "off"),
  texts: {
    read(value) {
      // Their names are checked by the chat, which has the texts.
      const found = objectOf(value);
      const right = (/** @type {unknown} */ text) => typeof text === "string" && text.trim();
      return found && Object.values(found).every(right) ? { ...found } : undefined;
    },
    hint: "a JSON object of texts by their names; docs/widget.md lists them",
  },
  pageContext: { read: objectOf, hint: "a JSON object" },
  container: { read: (value) => `${value}`, hint: "" },
};

/** Return the attribute of an option: `data-offset-x` for `offsetX`. @param {string} name */
const attributeOf = (name) => `data-${name.replace(/[A-Z]/g, (big) => `-${big.toLowerCase()}`)}`;

/**
 * Return one option; undefined if it is missing or invalid.
 * @param {Win} win
 * @param {string} name
 * @param {any} value
 */
export function readOption(win, name, value) {
  if (value === undefined || value === null) return;
  const { read, hint } = READERS[name];
  const found = read(value);
  if (found === undefined && hint) {
    win.console.warn(`Loquent: ${attributeOf(name)} is left out. It has to be ${hint}.`);
  }
  return found;
}

/**
 * @param {Win} win
 * @param {{ [name: string]: any }} raw the data-attributes of the tag, or the options of `mount`
 * @returns {Options}
 */
export const readOptions = (win, raw) =>
  /** @type {any} */ (
    Object.fromEntries(Object.keys(READERS).map((name) => [name, readOption(win, name, raw[name])]))
  );
