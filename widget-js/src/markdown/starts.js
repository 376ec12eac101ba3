/** Patterns of lines that start a block other than a paragraph. */

/** Matches the whole run, because backtracking would take quadratic time. */
export const FENCE = /^ {0,3}(`{3,}|~{3,}(?!~))([^`]*)$/;
export const HEADING = /^ {0,3}#{1,6}[ \t]+(.*)/;
export const RULE = /^ {0,3}([-*_])( *\1){2,} *$/;
export const QUOTE = /^ {0,3}> ?/;

/** Within a paragraph, only a bullet or the number 1 starts a list; a year does not. */
const STARTS = /^ {0,3}(```|~~~|#{1,6}[ \t]|>|([-*_])( *\2){2,} *$)|^ *([-*+•]|1[.)]) +\S/;

/** Return whether a line ends the paragraph before it. @param {string} line */
export const startsBlock = (line) => STARTS.test(line);
