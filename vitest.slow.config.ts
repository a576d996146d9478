import { defineConfig } from 'vitest/config';
import { shared } from './vitest.config.ts';

/** Kills, power cuts and long random histories: `npm run test:slow`. */
export default defineConfig({
  test: {
    ...shared,
    execArgv: [...shared.execArgv],
    include: ['test/**/*.slow.test.ts'],
    testTimeout: 600_000,
  },
});
