import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { listClaims, markClaim } from '../../src/claims/claim-table.ts';
import { closeMonths, type MonthEvent } from '../../src/claims/months.ts';
import { loadConfig } from '../../src/config/config.ts';
import { journalCalls } from '../../src/sla/journal.ts';
import { createMemoryStore, type MemoryStore } from '../ledger/memory-store.ts';
import { openMemoryLedger, type TestLedger } from '../outbox/test-ledger.ts';
import { newCall, journalled } from '../sla/making.ts';

const OUTAGE = Date.UTC(2026, 9, 5, 3);
const WINDOW = 300_000;
/** The grace time of October is over a day after its end, in Shanghai. */
const CLOSED = Date.UTC(2026, 10, 2);

let store: MemoryStore;
let ledger: TestLedger;
let folder: string;
let events: MonthEvent[];
beforeEach(async () => {
  store = createMemoryStore();
  ledger = openMemoryLedger(store);
  folder = await mkdtemp(join(tmpdir(), 'months-'));
  events = [];
});
afterEach(async () => {
  store.close();
  await rm(folder, { recursive: true });
});

const fail = (first: number, count: number): Promise<unknown> =>
  store.run(
    journalCalls,
    journalled(
      Array.from({ length: count }, (_, n) => newCall({ at: OUTAGE + (first + n) * WINDOW, status: 500 })),
    ),
  );

async function close(at = CLOSED, signal = new AbortController().signal): Promise<MonthEvent['kind'][]> {
  const { config } = loadConfig({ env: {}, cwd: folder });
  events.length = 0;
  const onEvent = (event: MonthEvent): void => void events.push(event);
  const deps = {
    store: { read: store.run, write: store.run },
    ledger,
    config: () => config,
    signal,
    onEvent,
  };
  await closeMonths(deps, at);
  return events.map(({ kind }) => kind);
}

const states = async (): Promise<string[]> =>
  (await store.run(listClaims, { month: null })).map(({ month, state }) => `${month} ${state}`);

describe('months that are over', () => {
  it('are closed and their claims drafted once', async () => {
    await fail(0, 10);
    expect(await close()).toEqual(['month_closed']);
    expect(events).toMatchObject([{ month: '2026-10', revision: 1, breached: true }]);
    expect(await states()).toEqual(['2026-10 draft']);
    expect(ledger.published.map(({ kind }) => kind)).toContain('claim_drafted');
    expect(await close(CLOSED + 3_600_000)).toEqual([]);
  });

  it('are left alone before their grace time is over', async () => {
    await fail(0, 10);
    expect(await close(CLOSED - 12 * 3_600_000)).toEqual([]);
    expect(await states()).toEqual([]);
  });

  it('have no claim if the commitment was kept', async () => {
    await fail(0, 1);
    expect(await close()).toEqual(['month_closed', 'claim_not_due']);
    expect(await states()).toEqual([]);
  });

  it('are closed and drafted again if calls arrived late', async () => {
    await fail(0, 10);
    await close();
    await fail(20, 5);
    expect(await close()).toEqual(['month_closed']);
    expect(await states()).toEqual(['2026-10 draft', '2026-10 superseded']);
  });

  it('are left to people once the claim was filed', async () => {
    await fail(0, 10);
    await close();
    const details = { ticket: null, voucherCode: null, granted: null, voucherExpires: null };
    const by = { actor: 'ana', reason: 'mail', at: CLOSED };
    await store.run(markClaim, { month: '2026-10', revision: null, state: 'filed', details, ...by });
    await fail(20, 5);
    expect(await close()).toEqual(['month_closed', 'claim_outdated']);
    expect(await states()).toEqual(['2026-10 filed']);
  });

  it('wait for the next run after a stop', async () => {
    await fail(0, 10);
    expect(await close(CLOSED, AbortSignal.abort())).toEqual([]);
    expect(await close()).toEqual(['month_closed']);
  });
});
