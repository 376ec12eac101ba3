/** All of the widget's CSS: one string for one adopted sheet. The build shrinks each part. */

import { base } from "./styles/base.js";
import { composer } from "./styles/composer.js";
import { launcher } from "./styles/launcher.js";
import { markdown } from "./styles/markdown.js";
import { panel } from "./styles/panel.js";
import { transcript } from "./styles/transcript.js";

export const styles = base + launcher + panel + transcript + markdown + composer;
