/** The entry of the first file: the launcher. What comes after the first click is loaded then. */

import { boot } from "./embed/boot.js";
import { createChunks } from "./embed/chunks.js";

/** The hash of each further file, by its name; the build writes it in. */
/** @type {{ [name: string]: string }} */
const hashes = /* @__PURE__ */ JSON.parse("__CHUNKS__");

// A page that pins this file by `integrity` pins the others too, by an import map, which knows no
// second address of theirs.
const pinned = /** @type {HTMLScriptElement | null} */ (document.currentScript)?.integrity;

// A module that failed to load stays failed in some browsers: another address is another try.
const chunks = createChunks((base, name, attempt) => {
  const again = attempt && !pinned ? `?${attempt}` : "";
  return import(`${base}/api/widget/chunks/${hashes[name]}.js${again}`);
});

boot(window, chunks);
