/**
 * What the files that are loaded later use of the first file's modules: see build/shared.js. In the
 * npm package and in the tests they import the modules themselves.
 */

/** @typedef {typeof import("./index-shared.js").shared} Shared */

/** @type {Shared["apiOf"]} */
export let apiOf;
/** @type {Shared["buttonOf"]} */
export let buttonOf;
/** @type {Shared["frameLoop"]} */
export let frameLoop;
/** @type {Shared["icon"]} */
export let icon;
/** @type {Shared["readOutbox"]} */
export let readOutbox;
/** @type {Shared["remove"]} */
export let remove;
/** @type {Shared["sendable"]} */
export let sendable;
/** @type {Shared["set"]} */
export let set;
/** @type {Shared["setText"]} */
export let setText;
/** @type {Shared["whyRefused"]} */
export let whyRefused;
/** @type {Shared["writeOutbox"]} */
export let writeOutbox;

/** @param {Shared} shared */
export function fill(shared) {
  ({
    apiOf,
    buttonOf,
    frameLoop,
    icon,
    readOutbox,
    remove,
    sendable,
    set,
    setText,
    whyRefused,
    writeOutbox,
  } = shared);
}
