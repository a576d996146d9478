import { afterAll, beforeAll, expect, it } from 'vitest';
import { createManualClock, type ManualClock } from '../../src/clock.ts';
import type { ReconciliationAnswer } from '../../src/control/reconcile-schemas.ts';
import { anotherVideo, get, post } from '../app/calls.ts';
import { startApp, type StartedApp } from '../app/start-app.ts';
import { advanceUntil, whileMoving } from '../money/hand-clock.ts';
import { cli, type CliOptions, type CliRun } from './run-cli.ts';

const HOUR = 3_600_000;
const START = Date.UTC(2026, 10, 20, 12);

let app: StartedApp;
let clock: ManualClock;

beforeAll(async () => {
  clock = createManualClock(START);
  app = await startApp({ clock, config: { account: { poll: true } } });
  const made = await post(`${app.dataUrl}/v1/videos/text2video`, anotherVideo());
  expect(made.status).toBe(200);
  const isSettled = async (): Promise<boolean> => {
    const { json } = await get(`${app.controlUrl}/v1/holds?state=settled`);
    return (json as unknown as { holds: unknown[] }).holds.length === 1;
  };
  await advanceUntil(clock, isSettled, { stepsMax: 5_000 });
});
afterAll(() => app.stop());

function at(): CliOptions {
  return { cwd: app.folder, env: { KLING_SIDECAR__CONTROL__PORT: new URL(app.controlUrl).port } };
}
const reconcile = (...args: string[]): Promise<CliRun> =>
  whileMoving(clock, cli(['reconcile', ...args], at()), 1_000);
const ledgerReads = (): number =>
  app.emulator.requests().filter(({ path }) => path.startsWith('/account/billing')).length;

it('reads Kling’s ledgers first, and finds that they agree', async () => {
  const { code, out, err } = await reconcile();
  expect(err).toMatch(/Kling’s ledgers are complete up to 2026-11-19T/);
  expect(out).toMatch(/^Our ledger and Kling’s agree from 2026-10-21T00:00:00.000Z to 2026-11-20T12:/);
  expect(out).toMatch(/^2026-11-20 +1 +10 +1 video units +0 +0 +0 +0$/m);
  expect(code).toBe(0);
  expect(ledgerReads()).toBeGreaterThan(1);
});

it('shows with --stored what was read before, and asks nothing', async () => {
  app.emulator.spendForeign({ units: 2.5, product: 'video', apiKeyName: 'staging' });
  const before = ledgerReads();
  const { code, out } = await reconcile('--stored', '--json');
  expect(code).toBe(0);
  expect((JSON.parse(out) as ReconciliationAnswer).totals).toMatchObject({
    matched: { tasks: 1, credits: 10, klingCredits: 10 },
    theirsOnly: { tasks: 0 },
    klingUnits: { video: 1 },
    driftCredits: 0,
  });
  expect(ledgerReads()).toBe(before);
});

it('finds what somebody else spent once it is an hour old, and exits with 1', async () => {
  await clock.advance(HOUR);
  const { code, out } = await reconcile('--from', '2026-11-20', '--time-zone', 'Asia/Shanghai');
  expect(code).toBe(1);
  expect(out).toMatch(/do not agree/);
  expect(out).toMatch(/^theirs only .* 25 .*staging/m);
  const { code: bad, err } = await reconcile('--stored', '--from', '2027-01-01');
  expect([bad, err]).toEqual([2, expect.stringMatching(/The time to compare is empty/)]);
});

it('says that a ledger could not be read, and compares what is known', async () => {
  app.emulator.addFault({
    kind: 'code',
    code: 1103,
    match: { path: '/account/billing/balance' },
    times: 'always',
  });
  const { err } = await reconcile();
  expect(err).toMatch(/could not be read.*1103/);
  app.emulator.clearFaults();
});
