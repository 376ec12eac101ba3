/** Derive the palette from one brand colour, with guaranteed contrast. */

/** @import { Config } from "../types.js" */
/** @typedef {number[]} Rgb three parts, 0 to 255 */

const WHITE = [255, 255, 255];
const BLACK = [0, 0, 0];

/** @param {string} hex @returns {Rgb} */
export const parseColor = (hex) =>
  [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));

/** @param {Rgb} rgb */
const luminance = (rgb) => {
  const [r, g, b] = rgb.map((part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};

/** Return the WCAG contrast of two colours, 1 to 21. @param {Rgb} one @param {Rgb} other */
export function contrast(one, other) {
  const ratio = (luminance(one) + 0.05) / (luminance(other) + 0.05);
  return ratio < 1 ? 1 / ratio : ratio;
}

/**
 * Return the colour nearest to `color` that has the wanted contrast to `against`.
 * @param {Rgb} color
 * @param {Rgb} against
 * @param {number} wanted
 */
export function readable(color, against, wanted) {
  const away = contrast(WHITE, against) > contrast(BLACK, against) ? WHITE : BLACK;
  let next = color;
  for (let step = 1; step <= 50 && contrast(next, against) < wanted; step++) {
    next = color.map((part, index) => Math.round(part + ((away[index] - part) * step) / 50));
  }
  return next;
}

/**
 * Return whether a computed colour is light; undefined if it is not opaque, or in another notation.
 * @param {string} color
 */
export const isLight = (color) =>
  color?.startsWith("rgb(")
    ? luminance(color.slice(4).split(",").map(Number.parseFloat)) > 0.4
    : undefined;

/**
 * Return the colours of the launcher at rest. Its icon is large, so a contrast of 3 is enough.
 * @param {Config} config
 */
export function atRest({ primary_color, text_color }) {
  const brand = parseColor(primary_color);
  return { brand, icon: readable(parseColor(text_color), brand, 3) };
}

/**
 * @param {Config} config
 * @param {boolean} dark
 * @returns {{ [property: string]: Rgb }} the other colours are in the style sheet
 */
export function palette(config, dark) {
  const brand = parseColor(config.primary_color);
  const on = parseColor(config.text_color);
  return {
    ...atRest(config),
    on,
    // The background of text.
    fill: readable(brand, on, 4.6),
    link: readable(brand, parseColor(dark ? "#2a2c32" : "#f1f2f5"), 4.6),
  };
}
