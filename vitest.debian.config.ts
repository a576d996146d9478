import { defineConfig } from 'vitest/config';

/** Suites that need programs from Debian's packages: `vitest run --config vitest.debian.config.ts`. */
export default defineConfig({
  test: {
    include: ['test-debian/**/*.test.ts'],
    testTimeout: 400_000,
    hookTimeout: 400_000,
    pool: 'forks',
    fileParallelism: false,
  },
});
