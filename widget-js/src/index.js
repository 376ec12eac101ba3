/** Entry of the first file: the launcher. Everything else is loaded after the first click. */

import { guarded } from "./embed/blame.js";
import { boot } from "./embed/boot.js";
import { createChunks } from "./embed/chunks.js";
import { documentOf } from "./embed/natives.js";

/** The hash of each chunk by name, inserted by the build. */
/** @type {{ [name: string]: string }} */
const hashes = /* @__PURE__ */ JSON.parse("__CHUNKS__");

// A page that pins this file with `integrity` pins the chunks with an import map, which has only one
// address for each.
const pinned = /** @type {HTMLScriptElement | null} */ (documentOf(window).currentScript)
  ?.integrity;

// Some browsers cache a failed import: retry with a different address.
const chunks = createChunks((base, name, attempt) => {
  const again = attempt && !pinned ? `?${attempt}` : "";
  const load = (/** @type {string} */ file) =>
    import(`${base}/api/widget/chunks/${hashes[file]}.js${again}`);
  if (name !== "chat") return load(name);
  // Two files, each within its budget, at the same time.
  return Promise.all([load(name), load("markdown")]).then(([chat, markdown]) => {
    chat.fill(markdown);
    return chat;
  });
});

guarded(window, () => boot(window, chunks));
