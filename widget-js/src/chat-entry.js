/** Entry of the second file in the script's build. */

export { createChatRuntime } from "./chat-runtime.js";
export { fill } from "./shared.js";
