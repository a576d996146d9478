import { afterEach, describe, expect, it } from 'vitest';
import { createManualClock, type ManualClock } from '../../src/clock.ts';
import { openStoreReadOnly, type ReadOnlyStore } from '../../src/store/sqlite/read-only-store.ts';
import { readAccount } from '../../src/account/account-table.ts';
import path from 'node:path';
import { advanceUntil } from '../money/hand-clock.ts';
import { startApp, type StartedApp } from '../app/start-app.ts';

const START = Date.UTC(2026, 9, 20);
const MINUTE = 60_000;

let app: StartedApp;
let clock: ManualClock;
let lines: Record<string, unknown>[];
let store: ReadOnlyStore;
afterEach(async () => {
  await store.close();
  await app.stop();
});

async function start(): Promise<void> {
  clock = createManualClock(START);
  lines = [];
  app = await startApp({
    clock,
    config: { account: { poll: true } },
    emulator: { speed: 1 },
    logTo: {
      write(text: string) {
        for (const line of text.trim().split('\n')) lines.push(JSON.parse(line) as Record<string, unknown>);
      },
    },
  });
  const reader = new URL('../../src/app/store-reader.ts', import.meta.url);
  store = await openStoreReadOnly(path.join(app.folder, 'data/sidecar.db'), { reader, clock });
}

const account = () => store.read(readAccount, {});

const asked = (target: string): number =>
  app.emulator.requests().filter((request) => request.path.startsWith(target)).length;
const failures = () => lines.filter(({ event, result }) => event === 'job_ended' && result === 'failed');

/** Moves the clock on in steps, with a look at what is due at each, until something holds. */
const whenMoved = (stepMs: number, check: () => boolean | Promise<boolean>) =>
  advanceUntil(
    clock,
    () => {
      void app.app.runDue();
      return check();
    },
    { stepMs, stepsMax: 1_000 },
  );

/** Moves the clock by minutes almost to an instant, then by seconds, so that no request meets its time-out on the way. */
async function whenNear(afterMs: number, check: () => boolean | Promise<boolean>) {
  await clock.advance(afterMs - 2 * MINUTE);
  await whenMoved(1000, check);
}

describe('reading the account', () => {
  it('keeps what failed as a sentence, goes on with the rest, and tries again', async () => {
    await start();
    app.emulator.addFault({ kind: 'code', code: 1103, match: { path: '/account/costs' }, times: 2 });
    await whenMoved(500, async () => (await account()).reads.balance.readAt !== null);
    const { packs, reads } = await account();
    expect(packs).toEqual([]);
    expect(reads.packs.readAt).toBeNull();
    expect(reads.packs.problem).toContain('code 1103');
    expect(reads.package).toMatchObject({ problem: null, throughAt: expect.any(Number) as number });
    expect(asked('/account/costs')).toBe(1);
    // A minute later the same, and two minutes later it works.
    await whenMoved(5000, () => asked('/account/costs') === 2);
    await whenMoved(5000, async () => (await account()).packs.length === 2);
    expect(asked('/account/costs')).toBe(3);
    expect((await account()).reads.packs.problem).toBeNull();
    expect(failures()).toMatchObject([
      {
        job: 'packs',
        error: expect.stringMatching(/^the packs could not be read from Kling: .*1103/) as string,
      },
      { job: 'packs' },
    ]);
  });

  it('reads only the last day of tasks again, at the next time of its job', async () => {
    await start();
    await whenMoved(1000, async () => (await account()).reads.balance.readAt !== null);
    const before = asked('/account/billing/package');
    const { reads } = await account();
    for (const { fromAt, throughAt } of [reads.package, reads.balance]) {
      expect((throughAt ?? 0) - (fromAt ?? 0)).toBe(99 * 86_400_000);
    }
    // It began at midnight; the ledgers are read 37 minutes past every sixth hour.
    const next = START + 37 * MINUTE;
    await whenNear(next - clock.now(), () => asked('/account/billing/package') > before);
    expect(asked('/account/billing/package')).toBe(before + 1);
    expect(clock.now()).toBeGreaterThanOrEqual(next);
    const last = app.emulator.requests().findLast((one) => one.path === '/account/billing/package');
    const body = JSON.parse(String(last?.body)) as { start_time: number; end_time: number };
    expect(body.end_time - body.start_time).toBeGreaterThan(86_400_000);
    expect(body.end_time - body.start_time).toBeLessThan(2 * 86_400_000);
  });
});
