/** The first file's functions that the files loaded later use, too. */

import { readOutbox, sendable, writeOutbox } from "./conversation/outbox.js";
import { apiOf, whyRefused } from "./embed/config.js";
import { buttonOf, frameLoop, icon, remove, set, setText } from "./view/dom.js";

export const shared = {
  ...{ apiOf, buttonOf, frameLoop, icon, readOutbox, remove, sendable, set, setText },
  ...{ whyRefused, writeOutbox },
};
