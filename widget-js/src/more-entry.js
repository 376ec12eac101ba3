/** Entry of the third file in the script's build. */

export * from "./more.js";
export { fill } from "./shared.js";
