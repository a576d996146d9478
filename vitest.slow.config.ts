import { defineConfig } from 'vitest/config';
import { shared } from './vitest.config.ts';

/** Kills, power cuts and long random histories: `npm run test:slow`. */
export default defineConfig({
  test: {
    ...shared,

    include: ['test/**/*.slow.test.ts'],
    testTimeout: 600_000,
  },
});
