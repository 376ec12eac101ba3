/** The CSS of all that stands in the panel. It comes with the first file, which has the room. */

import { composer } from "./styles/composer.js";
import { controls } from "./styles/controls.js";
import { markdown } from "./styles/markdown.js";
import { panel } from "./styles/panel.js";
import { transcript } from "./styles/transcript.js";

export const roomStyles = controls + panel + transcript + markdown + composer;
