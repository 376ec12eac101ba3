/**
 * Does the work of a function grow in proportion to its input? No time has a limit here.
 *
 * V8 counts how often each block of the source runs: those steps are the same in each run. Regular
 * expressions have no blocks. For them the processor time of two inputs is compared with each other:
 * eight times the input means 8 times the work if it is linear, and 64 times if it is quadratic.
 */

import { Session } from "node:inspector";

const COUNTED = 2_000;
const SMALL = 4_000;
const LARGE = 32_000;
const MAX_FACTOR = 24;
/** Below this many microseconds, compiler and garbage collector dominate. */
const MEASURABLE = 20_000;
const ATTEMPTS = 3;

const session = new Session();
session.connect();

function ask(method, options) {
  let answer;
  session.post(method, options, (error, result) => {
    if (error) throw new Error(error.message);
    answer = result;
  });
  return answer;
}

/** Start counting in modules that are imported after this call. */
export function startCounting() {
  ask("Profiler.enable");
  ask("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
}

/** Return how many blocks of src a call runs. */
export function stepsOf(call, text) {
  ask("Profiler.takePreciseCoverage");
  call(text);
  let steps = 0;
  for (const { url, functions } of ask("Profiler.takePreciseCoverage").result) {
    if (!url.includes("/widget-js/src/")) continue;
    for (const { ranges } of functions) for (const { count } of ranges) steps += count;
  }
  return steps;
}

/** Return the lowest CPU time of several calls, in microseconds. */
function cpuOf(call, text, repeats) {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < repeats; i++) {
    const before = process.cpuUsage();
    call(text);
    const { user, system } = process.cpuUsage(before);
    least = Math.min(least, user + system);
  }
  return least;
}

/**
 * @param {(text: string) => unknown} call
 * @param {(size: number) => string} make a text of about so many characters
 * @returns {string} how the work outgrows the input, "" if it doesn't
 */
export function superlinear(call, make) {
  const once = stepsOf(call, make(COUNTED));
  const twice = stepsOf(call, make(2 * COUNTED));
  if (twice > 3 * once + 200) return `${once} steps become ${twice} with twice the input`;
  const [small, large] = [make(SMALL), make(LARGE)];
  if (cpuOf(call, large, 1) < MEASURABLE) return "";
  let factor = 0;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    factor = cpuOf(call, large, 2) / Math.max(1, cpuOf(call, small, 5));
    if (factor < MAX_FACTOR) return "";
  }
  return `8 times the input takes ${factor.toFixed()} times as long`;
}
