/** The CSS of the second file: all that stands in the panel. */

import { composer } from "./styles/composer.js";
import { controls } from "./styles/controls.js";
import { markdown } from "./styles/markdown.js";
import { panel } from "./styles/panel.js";
import { transcript } from "./styles/transcript.js";

export const roomStyles = controls + panel + transcript + markdown + composer;
