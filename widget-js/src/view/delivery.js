/** Delivery status of a message or of feedback. */

/** @import { State } from "../types.js" */

/** @param {{ sent?: boolean }} entry @param {State} state @returns {"sending" | "offline" | "waiting"} */
export const deliveryOf = (entry, { link: now, offline }) =>
  offline ? "offline" : entry.sent && now === "open" ? "sending" : "waiting";
