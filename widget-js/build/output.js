/** Sizes, budgets and paths of the built files. */

import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const DIST = new URL("../dist/", import.meta.url);
/** Keep the chunks of this many releases: browsers may cache the first file for an hour. */
const RELEASES = 3;
/** The admin's markdown script, relative to dist/. */
export const ADMIN_MARKDOWN = "../../loquent/static/loquent/markdown.js";
/** Bytes after brotli: one TCP initial window. */
const BUDGET = 14_600;

/** @typedef {{ name: string, path: string, text: string }} File */

/** Return the name that the server derives from the content, too. @param {string} text */
export const hashOf = (text) => createHash("sha256").update(text).digest("hex").slice(0, 20);

/** @param {string} text */
function sizesOf(text) {
  const bytes = Buffer.from(text);
  const brotli = brotliCompressSync(bytes, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: 11,
      [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
    },
  });
  return {
    raw: bytes.length,
    gzip: gzipSync(bytes, { level: 9 }).length,
    brotli: brotli.length,
  };
}

/** Print the sizes. @param {File[]} files @returns {boolean} whether each file is within the budget */
export function report(files) {
  let fits = true;
  for (const { name, text } of files) {
    const { raw, gzip, brotli } = sizesOf(text);
    console.log(`${name}: raw ${raw}, gzip ${gzip}, brotli ${brotli} of ${BUDGET} bytes`);
    if (brotli <= BUDGET) continue;
    console.error(`${name}: over the budget by ${brotli - BUDGET} bytes`);
    fits = false;
  }
  return fits;
}

/** Return the chunks of each release, newest first. @param {URL} dist @returns {Promise<string[][]>} */
const released = async (dist) =>
  JSON.parse(await readFile(new URL("released.json", dist), "utf8").catch(() => "[]"));

/** @param {URL} dist @returns {Promise<string[]>} */
async function chunksIn(dist) {
  const names = await readdir(new URL("chunks/", dist)).catch(() => []);
  return names.sort().map((name) => `chunks/${name}`);
}

/** @param {File[]} files @param {URL} dist @returns {Promise<string[]>} chunks that no release needs */
async function stale(files, dist) {
  const wanted = new Set([...files.map(({ path }) => path), ...(await released(dist)).flat()]);
  return (await chunksIn(dist)).filter((path) => !wanted.has(path));
}

/**
 * Record the chunks of this release: later builds keep them.
 * @param {string[]} chunks
 * @param {URL} [dist]
 */
export async function release(chunks, dist = DIST) {
  const before = await released(dist);
  if (`${before[0]}` === `${chunks}`) return;
  const lists = [chunks, ...before].slice(0, RELEASES);
  await writeFile(new URL("released.json", dist), `${JSON.stringify(lists, null, 2)}\n`);
}

/** @param {File[]} files @param {boolean} fits @param {URL} [dist] @returns {Promise<boolean>} */
export async function write(files, fits, dist = DIST) {
  if (!fits) return false;
  await mkdir(new URL("chunks/", dist), { recursive: true });
  for (const path of await stale(files, dist)) await rm(new URL(path, dist));
  for (const { path, text } of files) await writeFile(new URL(path, dist), text);
  return true;
}

/** Compare with the files in dist/. @param {File[]} files @param {URL} [dist] @returns {Promise<boolean>} */
export async function keep(files, dist = DIST) {
  const wrong = await stale(files, dist);
  for (const { path, text } of files) {
    const there = await readFile(new URL(path, dist), "utf8").catch(() => "");
    if (there !== text) wrong.push(path);
  }
  for (const path of wrong) console.error(`dist/${path} is not what src makes: npm run build`);
  const there = await chunksIn(dist);
  const lost = (await released(dist)).flat().filter((path) => !there.includes(path));
  for (const path of lost) console.error(`dist/${path} was released and is gone: take it back`);
  return !wrong.length && !lost.length;
}
