/** Entry of the first file: the launcher. Everything else is loaded after the first click. */

import { guarded } from "./embed/blame.js";
import { boot } from "./embed/boot.js";
import { createChunks } from "./embed/chunks.js";
import { documentOf } from "./embed/natives.js";
import { launcherStrings } from "./i18n/launcher-strings.js";
import { shared } from "./index-shared.js";

const names = ["chat", "more", ...Object.keys(launcherStrings)];
/** The hash of each of them, inserted by the build. English has no chunk. */
const hashes = "__CHUNKS__".split(" ");

// A page that pins this file with `integrity` pins the chunks with an import map, which has only one
// address for each.
const pinned = /** @type {HTMLScriptElement | null} */ (documentOf(window).currentScript)
  ?.integrity;

// Some browsers cache a failed import: retry with a different address.
const chunks = createChunks((base, name, attempt) => {
  const again = attempt && !pinned ? `?${attempt}` : "";
  const hash = hashes[names.indexOf(name)];
  return import(`${base}/api/widget/chunks/${hash}.js${again}`).then((loaded) => {
    loaded.fill?.(shared);
    return loaded;
  });
});

guarded(window, () => boot(window, chunks));
