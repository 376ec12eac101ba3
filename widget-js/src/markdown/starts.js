/** How the lines begin that are no plain paragraph. */

/** The whole run: shorter ones are not tried, which would take quadratic time. */
export const FENCE = /^ {0,3}(`{3,}|~{3,}(?!~))([^`]*)$/;
export const HEADING = /^ {0,3}#{1,6}[ \t]+(.*)/;
export const RULE = /^ {0,3}([-*_])( *\1){2,} *$/;
export const QUOTE = /^ {0,3}> ?/;

/** Within a paragraph only a bullet or the number 1 starts a list: a year at the start of a line is none. */
const STARTS = /^ {0,3}(```|~~~|#{1,6}[ \t]|>|([-*_])( *\2){2,} *$)|^ *([-*+•]|1[.)]) +\S/;

/** Does a line end the paragraph before it? @param {string} line */
export const startsBlock = (line) => STARTS.test(line);
