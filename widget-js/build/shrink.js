/** Minify with terser, which finds shorter names and fewer statements than esbuild. */

import { minify } from "terser";

/**
 * @param {string} source
 * @param {{ module: boolean, ascii: boolean, preamble?: string }} kind ascii: escape everything else,
 *   for pages in any charset; preamble: the first line
 * @returns {Promise<string>}
 */
export async function shrink(source, { module, ascii, preamble }) {
  /** @type {import("terser").CompressOptions} */
  const compress = { passes: 3, ecma: 2020, toplevel: true, unsafe_arrows: true };
  const { code } = await minify(source, {
    ...{ module, ecma: 2020, compress, mangle: { toplevel: true } },
    format: { ascii_only: ascii, preamble },
  });
  return `${code}\n`;
}
