/** How far something is that the server is to hear. */

/** @import { State } from "../types.js" */

/** @param {{ sent?: boolean }} entry @param {State} state @returns {"sending" | "offline" | "waiting"} */
export const deliveryOf = (entry, { link: now, offline }) =>
  entry.sent && now === "open" ? "sending" : offline ? "offline" : "waiting";
