/** The entry of the first file: the launcher. What comes after the first click is loaded then. */

import { boot } from "./boot.js";
import { createLoader } from "./loader.js";

/** The hash of each further file, by its name; the build writes it in. */
/** @type {{ [name: string]: string }} */
const chunks = /* @__PURE__ */ JSON.parse("__CHUNKS__");

// A module that failed to load stays failed in some browsers: another address is another try.
const loader = createLoader(
  (base, name, attempt) =>
    import(`${base}/api/widget/chunks/${chunks[name]}.js${attempt ? `?${attempt}` : ""}`),
);

boot(window, loader);
