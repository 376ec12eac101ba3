/** Entry of the second file in the script's build; in the npm package, bundlers split the modules. */

export { createChatRuntime } from "./chat-runtime.js";
export { fill } from "./markdown-slot.js";
