/** Decode the entities of HTML, and the escapes of markdown, to text. */

/** Names, each followed by its character. */
const NAMES =
  "amp&lt<gt>quot\"apos'nbsp\xa0ndash–mdash—hellip…lsquo‘rsquo’sbquo‚ldquo“rdquo”bdquo„laquo«raquo»bull•middot·copy©reg®trade™euro€pound£yen¥cent¢sect§deg°plusmn±minus−times×divide÷frac12½sup2²larr←rarr→iexcl¡iquest¿szligßaeligæoslashøAEligÆOslashØoeligœordmºle≤ge≥ne≠sup3³frac14¼frac34¾uarr↑darr↓check✓Oslash\xd8infin∞zwnj\u200c";
/** The characters of 128 to 159, as in HTML: in Unicode these are controls. */
const WINDOWS = "€\ufffd‚ƒ„…†‡ˆ‰Š‹Œ\ufffdŽ\ufffd\ufffd‘’“”•–—˜™š›œ\ufffdžŸ";
/** The combining marks of letters such as `&eacute;`. @type {{ [name: string]: string }} */
const MARKS = {
  ...{ grave: "\u0300", acute: "\u0301", circ: "\u0302", tilde: "\u0303", uml: "\u0308" },
  ...{ ring: "\u030a", caron: "\u030c", cedil: "\u0327" },
};

/** An entity that is decoded if its name or number is known. */
export const ENTITY = String.raw`&(?:[a-z]+\d*|#\d{1,7}|#x[\da-f]{1,6});`;
const ESCAPED = new RegExp(String.raw`\\([!-/:-@[-${"`"}{-~])|${ENTITY}`, "gi");

/** Decode entities and escapes within an address. @param {string} address */
export const plain = (address) =>
  address.replace(ESCAPED, (found, escaped) => escaped ?? decode(found));

/**
 * @param {string} entity with its & and ;
 * @returns {string} the character, or the same
 */
export function decode(entity) {
  const [, hex, digits, letter, mark] = /^&#(?:x(.+)|(.+));$|^&(\w)(\D+);$/i.exec(entity) ?? [];
  if (hex || digits) {
    const code = hex ? Number.parseInt(hex, 16) : Number(digits);
    if (code > 127 && code < 160) return WINDOWS[code - 128];
    const valid =
      code > 31 ? code < 0xd800 || (code > 0xdfff && code < 0x110000) : code === 9 || code === 10;
    return valid ? String.fromCodePoint(code) : "\ufffd";
  }
  const found = new RegExp(`(?<!\\w)${entity.slice(1, -1)}(\\W)`).exec(NAMES)?.[1];
  return found ?? (MARKS[mark] ? (letter + MARKS[mark]).normalize() : entity);
}
