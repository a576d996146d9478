import { defineConfig } from 'vitest/config';

/** What the suites share; `vitest.slow.config.ts` takes the slow ones. */
export const shared = {
  // Patience for a machine that is busy with other work, never a measurement: waits end by events.
  testTimeout: 120_000,
  hookTimeout: 120_000,
  pool: 'forks',
  // Files share a process: each stops what it starts, and modules are loaded once.
  isolate: false,
  maxWorkers: 2,
  // V8's registry of code pages ends a process with several threads now and then on processors with memory protection
  // keys ("Check failed: jit_page.has_value()", Node 18 to 24: archestra-ai/archestra#6177, read 2026-11-27).
  execArgv: ['--no-memory-protection-keys'],
} as const;

export default defineConfig({
  test: {
    ...shared,
    execArgv: [...shared.execArgv],
    include: ['test/**/*.test.ts'],
    exclude: ['test/**/*.slow.test.ts'],
  },
});
