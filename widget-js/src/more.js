/** Entry of the third file: loaded when one of these is first needed. */

import english from "./i18n/more-english.js";
import { forms } from "./styles/forms.js";
import { menu } from "./styles/menu.js";
import { sheet } from "./styles/sheet.js";

export { createAdditions } from "./more/additions.js";
export { createAnswerActions } from "./more/answer-actions.js";
export { copyCode } from "./more/copy.js";
export { createSound } from "./more/sound.js";

/** English texts, for those that the visitor's language lacks. */
export const texts = english;

export const styles = menu + sheet + forms;
