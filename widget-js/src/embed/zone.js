/** Zone.js of Angular: an app is not stable while timers and requests started in its zone are open. */

/** @import { Win } from "../types.js" */

/**
 * Run in the root zone if there is one, because the widget always has timers and requests.
 * @template T
 * @param {Win & { Zone?: any }} win
 * @param {() => T} run
 * @returns {T}
 */
export const outsideZone = ({ Zone }, run) => (Zone?.root?.run ? Zone.root.run(run) : run());
