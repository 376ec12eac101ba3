/** Patterns of lines that start a block other than a paragraph. */

/** Matches the whole run, because backtracking would take quadratic time. */
export const FENCE = /^[ \t]*(`{3,}|~{3,}(?!~))([^`]*)$/;
export const HEADING = /^ {0,3}#{1,6}[ \t]+(.*)/;
export const RULE = /^ {0,3}([-*_])( *\1){2,} *$/;
export const QUOTE = /^ {0,3}> ?/;

/** Within a paragraph, only a bullet or the number 1 starts a list; a year does not. */
const STARTS =
  /^[ \t]*(?:```|~~~)|^ {0,3}(#{1,6}[ \t]|>|([-*_])( *\2){2,} *$)|^[ \t]*([-*+•]|1[.)])[ \t]+\S/;

/** Return whether a line ends the paragraph before it. @param {string} line */
export const startsBlock = (line) => STARTS.test(line);

/** Text whose first letter is of a script written from right to left. */
const RTL =
  /^[^\p{L}]*[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;

/** Return the direction of blocks with sides, whose paragraphs have their own. @param {string[]} lines */
export const dirOf = (lines) => (RTL.test(lines.join(" ")) ? "rtl" : "ltr");
