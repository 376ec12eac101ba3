/** All quick tests in one process, because loading jsdom takes longer than most files' tests. */

import { readdirSync } from "node:fs";

const names = readdirSync(new URL(".", import.meta.url));
for (const name of names.sort()) {
  if (name.endsWith(".test.js")) await import(`./${name}`);
}
