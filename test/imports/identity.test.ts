import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { purgeOld } from '../../src/ledger/purge.ts';
import { importCalls } from '../../src/imports/import.ts';
import { importBatch } from '../../src/imports/import-table.ts';
import { readMonth } from '../../src/sla/month-table.ts';
import type { MemoryStore } from '../ledger/memory-store.ts';
import { ask } from '../sla/making.ts';
import { createSlaStore } from '../sla/sla-store.ts';

const LINE = {
  time: '2026-10-05T12:00:00Z',
  method: 'GET',
  path: '/v1/videos/text2video/abc?x=1',
  status: 200,
};

let store: MemoryStore;
beforeEach(() => {
  store = createSlaStore();
});
afterEach(() => store.close());

async function importLines(lines: readonly object[], source = 'gateway') {
  async function* chunks(): AsyncGenerator<string> {
    yield lines.map((line) => JSON.stringify(line)).join('\n');
  }
  return importCalls(chunks(), {
    source,
    host: 'api-singapore.klingai.com',
    now: Date.UTC(2026, 10, 21),
    routeOf: () => 'videos',
    skipBad: false,
    write: (batch) => store.run(importBatch, batch),
  });
}

const valid = async (): Promise<number> => (await store.run(readMonth, ask())).requests.valid;

describe('calls without an id of their own', () => {
  it('of two servers whose logs have whole seconds count in full, each under a source of its own', async () => {
    const server = (calls: number) => Array.from({ length: calls }, () => LINE);
    expect(await importLines(server(1800), 'server-a')).toMatchObject({ imported: 1800, known: 0 });
    expect(await importLines(server(1200), 'server-b')).toMatchObject({ imported: 1200, known: 0 });
    expect(await valid()).toBe(3000);
    expect(await importLines(server(1200), 'server-b')).toMatchObject({ imported: 0, known: 1200 });
    expect(await importLines(server(1900), 'server-a')).toMatchObject({ imported: 100, known: 1800 });
  });

  it.each([
    ['klingRequestId', { klingRequestId: 'k1' }, { klingRequestId: 'k2' }],
    ['attempt', { attempt: 2 }, { attempt: 3 }],
    [
      'klingRequestId beside a requestId',
      { requestId: 'r', klingRequestId: 'k1' },
      { requestId: 'r', klingRequestId: 'k2' },
    ],
  ])('that differ in nothing but %s are two, in one file and in two', async (_, first, second) => {
    const [a, b] = [
      { ...LINE, ...first },
      { ...LINE, ...second },
    ];
    expect(await importLines([a, b])).toMatchObject({ imported: 2, known: 0 });
    expect(await importLines([b])).toMatchObject({ imported: 0, known: 1 });
    expect(await importLines([a])).toMatchObject({ imported: 0, known: 1 });
    store.close();
    store = createSlaStore();
    await importLines([a]);
    expect(await importLines([b])).toMatchObject({ imported: 1, known: 0 });
    expect(await importLines([LINE])).toMatchObject({ imported: 1, known: 0 });
  });
});

/** What 0.1.0 kept of this file, in its order: the identities as it wrote them. */
const FILE = [
  LINE,
  { ...LINE, klingRequestId: 'k1' },
  { ...LINE, klingRequestId: 'k2' },
  { ...LINE, attempt: 2 },
  { ...LINE, requestId: 'r1' },
  { ...LINE, requestId: 'r1', klingRequestId: 'k9' },
  { ...LINE, host: 'API-SINGAPORE.KLINGAI.COM', status: 503 },
];
const KEPT_BY_0_1_0 = [
  { day: 20731, digest: 'b19b4dd49356beb7da153c41' },
  { day: 20731, digest: 'b7c9e6f12ffde7b94f79ebb2' },
  { day: 20731, digest: '508aacc99332f5702fc42986' },
  { day: 20731, digest: '23389e25360ed0dffda388ee' },
  { day: 0, digest: 'bb81ff4820827599d3030034' },
  null, // Lost: 0.1.0 took it for the line before.
  { day: 20731, digest: '938c2e470c0c6b38edcaeaab' },
];

describe('a store of 0.1.0', () => {
  beforeEach(async () => {
    const made: Parameters<typeof importBatch.run>[1] = [];
    async function* chunks(): AsyncGenerator<string> {
      yield FILE.map((line) => JSON.stringify(line)).join('\n');
    }
    await importCalls(chunks(), {
      source: 'gateway',
      host: 'api-singapore.klingai.com',
      now: Date.UTC(2026, 10, 21),
      routeOf: () => 'videos',
      skipBad: false,
      write: (batch) => Promise.resolve(made.push(...batch)),
    });
    const kept = made.flatMap((one, index) => {
      const key = KEPT_BY_0_1_0[index];
      if (!key) return [];
      const call = { ...one.call, id: `imp_${key.digest}00` };
      return [{ ...one, call, identity: { ...key, exportedBy: null, older: null } }];
    });
    expect(await store.run(importBatch, kept)).toBe(6);
  });

  it('knows the same file again, but for the call that it had lost', async () => {
    expect(await importLines(FILE)).toMatchObject({ imported: 1, known: 6 });
    expect(await importLines(FILE)).toMatchObject({ imported: 0, known: 7 });
    expect(await valid()).toBe(7);
  });

  it('takes another server’s calls that it would have lost', async () => {
    expect(await importLines([{ ...LINE, klingRequestId: 'k3' }])).toMatchObject({ imported: 1 });
    expect(await importLines([{ ...LINE, attempt: 5 }])).toMatchObject({ imported: 1 });
  });

  it('counts no call twice whose row it has dropped', async () => {
    await store.run(purgeOld, { at: Date.UTC(2027, 10, 1), callRetentionDays: 1, promptRetentionDays: 1 });
    expect(store.db.prepare('SELECT COUNT(*) AS calls FROM calls').get()).toEqual({ calls: 0 });
    expect(await importLines(FILE.slice(0, 5))).toMatchObject({ imported: 0, known: 5 });
  });
});
