/** Loads the widget's chunks: each is fetched when it is first needed, once per page. */

/** @import { Chunks } from "../types.js" */

/**
 * @param {(base: string, name: string, attempt: number) => Promise<any>} fetchModule
 * @returns {Chunks}
 */
export function createChunks(fetchModule) {
  /** @type {Map<string, any>} */
  const done = new Map();
  /** @type {Map<string, Promise<any>>} */
  const under = new Map();
  let attempt = 0;

  /** @param {string} base @param {string} name */
  const keyOf = (base, name) => `${base} ${name}`;

  /** Let the next try request the file again, from another address. @param {string} base @param {string} name */
  function giveUp(base, name) {
    if (under.delete(keyOf(base, name))) attempt++;
  }

  return {
    get: (base, name) => done.get(keyOf(base, name)),
    giveUp,
    load(base, name) {
      const key = keyOf(base, name);
      const before = under.get(key);
      if (before) return before;
      const loading = fetchModule(base, name, attempt);
      under.set(key, loading);
      loading.then(
        (module) => done.set(key, module),
        () => under.get(key) === loading && giveUp(base, name),
      );
      return loading;
    },
  };
}
