/** The entry of the bundle. */

import { boot } from "./boot.js";

boot(window);
