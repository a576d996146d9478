/** The longest turn of this thread's event loop: how long it blocks everything else. */

/** Gives the thread's CPU time: unlike a clock's, it does not count what other processes took. */
export function cpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

/** Looks once a turn until it is stopped; `stop` gives the longest turn, in ms of CPU. */
export function watchTurns(): { stop(): number } {
  let isWatching = true;
  let longestMs = 0;
  const watch = (beforeMs: number): void => {
    const nowMs = cpuMs();
    longestMs = Math.max(longestMs, nowMs - beforeMs);
    if (isWatching) setImmediate(watch, nowMs);
  };
  watch(cpuMs());
  return {
    stop() {
      isWatching = false;
      return longestMs;
    },
  };
}
