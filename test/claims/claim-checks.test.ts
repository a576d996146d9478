import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { calendarOf, draftRequest } from '../../src/claims/draft-request.ts';
import { undraftedMonths } from '../../src/claims/undrafted.ts';
import { checkCalendar, undraftedChecks } from '../../src/claims/claim-checks.ts';
import { draftClaim } from '../../src/claims/draft.ts';
import { loadConfig } from '../../src/config/config.ts';
import { journalCalls } from '../../src/sla/journal.ts';
import type { Operation } from '../../src/store/operation.ts';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createMemoryStore, type MemoryStore } from '../ledger/memory-store.ts';
import { newCall, journalled } from '../sla/making.ts';

const HOUR = 3_600_000;
/** October 2026 ends in Shanghai, and closes a day later. */
const CLOSED = Date.UTC(2026, 10, 1, 16);
const OUTAGE = Date.UTC(2026, 9, 5, 3);

let store: MemoryStore;
let folder: string;
beforeEach(() => {
  store = createMemoryStore();
  folder = mkdtempSync(path.join(tmpdir(), 'doctor-claims-'));
});
afterEach(() => {
  store.close();
  rmSync(folder, { recursive: true });
});

const configOf = (sla: object = {}) =>
  loadConfig({ env: { KLING_SIDECAR__SLA: JSON.stringify(sla) }, cwd: folder }).config;
const daemon = {
  read: <A, R>(operation: Operation<A, R>, args: A): Promise<R> => store.run(operation, args),
  write: <A, R>(operation: Operation<A, R>, args: A): Promise<R> => store.run(operation, args),
};
const fail = (windows: number, host?: string): Promise<unknown> =>
  store.run(
    journalCalls,
    journalled(
      Array.from({ length: windows }, (_, n) =>
        newCall({ at: OUTAGE + n * 300_000, status: 500, ...(host === undefined ? {} : { host }) }),
      ),
    ),
  );

describe('a month that is worth a voucher', () => {
  it('fails the examination once it is closed and nothing was drafted', async () => {
    await fail(9);
    const check = async (now: number) => undraftedChecks(await undraftedMonths(daemon, configOf(), now));
    expect(await check(CLOSED + HOUR)).toEqual([]);
    expect(await check(CLOSED + 3 * HOUR)).toMatchObject([
      {
        level: 'fail',
        finding:
          '2026-10 is closed and worth 10 % of its fee, and no claim was drafted: it can be filed until 2026-12-31.',
        advice: expect.stringContaining('claim draft 2026-10'),
      },
    ]);
    expect(await check(Date.UTC(2027, 0, 2))).toEqual([]);
    const order = { actor: 'ana', reason: 'monthly' };
    await draftClaim(
      { store: daemon, ledger: store },
      draftRequest(configOf(), { month: '2026-10', now: CLOSED, order }),
    );
    expect(await check(CLOSED + 3 * HOUR)).toEqual([]);
  });

  it('is none if too little failed, or on hosts that no claim counts', async () => {
    await fail(8);
    await fail(9, '127.0.0.1:5566');
    expect(await undraftedMonths(daemon, configOf(), CLOSED + 3 * HOUR)).toEqual([]);
  });
});

describe('the data of working days', () => {
  const check = (day: string, sla: object = {}) => checkCalendar(calendarOf(configOf(sla)), day);

  it('are missed 60 days before they end, and after it', () => {
    expect(check('2026-10-31')).toMatchObject({
      level: 'ok',
      finding: expect.stringContaining('until 2026-12-31'),
    });
    expect(check('2026-11-01')).toMatchObject({
      level: 'warn',
      finding:
        'The calendar CN has data until 2026-12-31 only: filing dates after it are estimates, rather too late than too early.',
      advice: expect.stringContaining('claims.calendarFile'),
    });
    expect(check('2027-03-01')).toMatchObject({
      level: 'warn',
      finding: expect.stringContaining('since 2026-12-31'),
    });
    expect(check('2027-03-01', { calendar: 'weekdays' })).toMatchObject({ level: 'ok' });
  });
});
