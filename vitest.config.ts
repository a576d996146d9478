import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { filesWithoutThreads } from './test/without-threads.ts';

// Each app under test starts four threads, which load our modules through Node itself: without a cache, two fifths of the
// suite's CPU go into removing types and compiling the same files again.
process.env['NODE_COMPILE_CACHE'] ??= fileURLToPath(
  new URL('node_modules/.cache/test-compile-cache', import.meta.url),
);

/** What the suites share; `vitest.slow.config.ts` takes the slow ones. */
export const shared = {
  // Patience for a machine that is busy with other work, never a measurement: waits end by events.
  testTimeout: 300_000,
  hookTimeout: 300_000,
  pool: 'forks',
  // Each file that begins threads has a process of its own: V8's registry of code pages ends a process in which many threads begin and end now and
  // then ("Check failed: jit_page.has_value()", Node 24.21; nodejs/node#64500, read 2026-11-27), and does so more often the
  // longer the process lives.
  // Some tests wait for SQLite's patience or a child process, so three share two cores.
  maxWorkers: 3,
} as const;

const without = filesWithoutThreads(fileURLToPath(new URL('test', import.meta.url)));

export default defineConfig({
  test: {
    ...shared,
    projects: [
      { test: { ...shared, name: 'plain', include: without, isolate: false } },
      {
        test: {
          ...shared,
          name: 'apps',
          include: ['test/**/*.test.ts'],
          exclude: ['test/**/*.slow.test.ts', ...without],
        },
      },
    ],
  },
});
