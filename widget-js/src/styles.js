/** The CSS of the first file: what the launcher needs. The build shrinks each part. */

import { base } from "./styles/base.js";
import { launcher } from "./styles/launcher.js";

export const styles = base + launcher;
