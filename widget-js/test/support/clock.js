/** A clock that only moves when a test calls `tick`. */
export function createClock() {
  let now = 0;
  let last = 0;
  const timers = new Map();
  const add = (run, ms = 0) => {
    timers.set(++last, { at: now + ms, run });
    return last;
  };
  return {
    setTimeout: add,
    clearTimeout: (id) => void timers.delete(id),
    requestAnimationFrame: (run) => add(run, 16),
    cancelAnimationFrame: (id) => void timers.delete(id),
    get pending() {
      return timers.size;
    },
    /** Advance the clock and run due timers in order. */
    tick(ms) {
      const end = now + ms;
      for (;;) {
        const due = [...timers]
          .filter(([, { at }]) => at <= end)
          .sort((a, b) => a[1].at - b[1].at || a[0] - b[0]);
        if (!due.length) break;
        const [id, { at, run }] = due[0];
        timers.delete(id);
        now = Math.max(now, at);
        run();
      }
      now = end;
    },
  };
}
