/** The CSS: the rules of the launcher at rest, and all other rules, which are only parsed when needed. */

import { base } from "./styles/base.js";
import { composer } from "./styles/composer.js";
import { controls } from "./styles/controls.js";
import { launcher } from "./styles/launcher.js";
import { markdown } from "./styles/markdown.js";
import { panel } from "./styles/panel.js";
import { signals } from "./styles/signals.js";
import { transcript } from "./styles/transcript.js";

export const styles = launcher;

/** In the first file, because the second is close to its size budget. */
export const laterStyles = base + signals + controls + panel + transcript + markdown + composer;
