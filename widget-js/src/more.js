/** Entry of the third file: loaded when one of these is first needed. */

import english from "./i18n/more-english.js";
import { actions } from "./styles/actions.js";
import { forms } from "./styles/forms.js";
import { menu } from "./styles/menu.js";
import { people } from "./styles/people.js";
import { sheet } from "./styles/sheet.js";

export { addActions } from "./conversation/later-actions.js";
export { createAdditions } from "./more/additions.js";
export { createAnswerActions } from "./more/answer-actions.js";
export { copyCode } from "./more/copy.js";
export { keepEarlier } from "./more/earlier/store.js";
export { measure } from "./more/length.js";
export { createSound } from "./more/sound.js";
export { createTeaser } from "./more/teaser.js";
export { addTexts } from "./more/texts.js";

export const { dismiss } = english;

export const styles = menu + sheet + forms + people + actions;
