/** Turbo 8 with its page cache. */

import * as Turbo from "@hotwired/turbo";

window.Turbo = Turbo;
window.pageReady = true;
