/** A second pass: shorter names and fewer statements than esbuild finds. */

import { minify } from "terser";

/**
 * @param {string} source
 * @param {{ module: boolean, ascii: boolean }} kind ascii: read right in whatever charset
 * @returns {Promise<string>}
 */
export async function shrink(source, { module, ascii }) {
  /** @type {import("terser").CompressOptions} */
  const compress = { passes: 3, ecma: 2020, toplevel: true, unsafe_arrows: true };
  const { code } = await minify(source, {
    ...{ module, ecma: 2020, compress, mangle: { toplevel: true } },
    format: { ascii_only: ascii },
  });
  return `${code}\n`;
}
