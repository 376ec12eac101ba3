/** What is built, how large it is, and where it lies. */

import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const DIST = new URL("../dist/", import.meta.url);
/** Chunks of earlier releases: a page that was cached an hour ago may still ask for them. */
const RELEASED = new URL("../dist/released.json", import.meta.url);
/** From dist/ to the file that Django serves to staff. */
export const STAFF = "../../loquent/static/loquent/markdown.js";
/** Bytes after brotli: what one TCP initial window carries. */
const BUDGET = 14_600;

/** @typedef {{ name: string, path: string, text: string }} File */

/** @param {string} text the same name that the server gives to the file */
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

/** Prints the sizes. @param {File[]} files @returns {boolean} whether each keeps to its budget */
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

/** @returns {Promise<string[]>} */
const released = async () => JSON.parse(await readFile(RELEASED, "utf8").catch(() => "[]"));

/** @param {File[]} files @returns {Promise<string[]>} chunks on the disk that nothing needs */
async function stale(files) {
  const wanted = new Set([...files.map(({ path }) => path), ...(await released())]);
  const names = await readdir(new URL("chunks/", DIST)).catch(() => []);
  return names.map((name) => `chunks/${name}`).filter((path) => !wanted.has(path));
}

/** @param {File[]} files @param {boolean} fits @returns {Promise<boolean>} */
export async function write(files, fits) {
  if (!fits) return false;
  await mkdir(new URL("chunks/", DIST), { recursive: true });
  for (const path of await stale(files)) await rm(new URL(path, DIST));
  for (const { path, text } of files) await writeFile(new URL(path, DIST), text);
  return true;
}

/** Compares with what is there. @param {File[]} files @returns {Promise<boolean>} */
export async function keep(files) {
  const wrong = await stale(files);
  for (const { path, text } of files) {
    const there = await readFile(new URL(path, DIST), "utf8").catch(() => "");
    if (there !== text) wrong.push(path);
  }
  for (const path of wrong) console.error(`dist/${path} is not what src makes: npm run build`);
  return !wrong.length;
}
