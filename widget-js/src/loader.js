/** The further files of the widget: each is fetched when it is first wanted, once for the page. */

/** @import { Loader } from "./types.js" */

/**
 * @param {(base: string, name: string, attempt: number) => Promise<any>} fetchModule
 * @returns {Loader}
 */
export function createLoader(fetchModule) {
  /** @type {Map<string, any>} */
  const done = new Map();
  /** @type {Map<string, Promise<any>>} */
  const under = new Map();
  let attempt = 0;

  /** @param {string} base @param {string} name */
  const get = (base, name) => done.get(`${base} ${name}`);

  return {
    get,
    load(base, name) {
      const key = `${base} ${name}`;
      if (!under.has(key)) {
        const loading = fetchModule(base, name, attempt);
        under.set(key, loading);
        loading.then(
          (module) => done.set(key, module),
          () => {
            under.delete(key);
            attempt++;
          },
        );
      }
      return /** @type {Promise<any>} */ (under.get(key));
    },
  };
}
