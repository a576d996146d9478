import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { listAudit } from '../../src/ledger/audit.ts';
import { correctBlame, recordControlCheck } from '../../src/sla/blame-table.ts';
import { PROBE_TAG } from '../../src/sla/counts.ts';
import { importBatch } from '../../src/imports/import-table.ts';
import { journalCalls } from '../../src/sla/journal.ts';
import {
  closeMonth,
  readMonth,
  readRevisions,
  readWindow,
  readWindowIdle,
  readWindows,
} from '../../src/sla/month-table.ts';
import { recordHeartbeat } from '../../src/sla/run-table.ts';
import { slaMigrations } from '../../src/sla/sla-schema.ts';
import { purgeOld } from '../../src/ledger/purge.ts';
import { readJournalSpan, verifySla, verifyWindows } from '../../src/sla/verify.ts';
import type { MemoryStore } from '../ledger/memory-store.ts';
import { ask, newCall, newUnreachable, journalled } from './making.ts';
import { createSlaStore } from './sla-store.ts';

const NOON = Date.UTC(2026, 9, 5, 12);
const MINUTE = 60_000;
const WHOLE_MONTH = { start: Date.UTC(2026, 8, 29), end: Date.UTC(2026, 10, 3) };

let store: MemoryStore;

beforeEach(() => {
  store = createSlaStore();
});
afterEach(async () => {
  const check = await store.run(verifyWindows, WHOLE_MONTH);
  store.close();
  expect(check.differences).toEqual([]);
});

const checkAt = (at: number, reached: boolean, resolved: boolean | null = null) => {
  const detail = [{ target: '1.1.1.1:443', reached, cause: null }];
  return store.run(recordControlCheck, { at, reached, resolved, detail });
};

describe('counting', () => {
  it('counts each call once, in the window of its start, by class', async () => {
    const twice = newCall({ at: NOON });
    await store.run(
      journalCalls,
      journalled([
        twice,
        twice,
        newCall({ at: NOON + 299_999, status: 404 }),
        newCall({ at: NOON + 299_999, status: 429 }),
        newCall({ at: NOON + 300_000, status: 500 }),
        newCall({ at: NOON + 300_000, status: 503, code: 5001 }),
        newCall({ at: NOON + 300_000, status: null }),
      ]),
    );
    await store.run(journalCalls, journalled([twice]));
    const windows = await store.run(readWindows, ask());
    expect(windows.map(({ start, valid, errors }) => [start, valid, errors])).toEqual([
      ['2026-10-05T12:00:00.000Z', 3, 0],
      ['2026-10-05T12:05:00.000Z', 2, 2],
    ]);
    expect(await store.run(readWindow, { windowStart: NOON + 300_000 })).toEqual({ valid: 2, errors: 2 });
    expect(await store.run(readWindow, { windowStart: NOON + 600_000 })).toEqual({ valid: 0, errors: 0 });
    expect(windows[1]?.byClass).toMatchObject({ server_error: 2, maintenance: 1, no_answer: 1 });
    const month = await store.run(readMonth, ask());
    expect(month.requests).toMatchObject({ valid: 5, errors: 2, noAnswer: 1, maintenance: 1 });
    expect(month.windows).toMatchObject({ total: 8928, withTraffic: 2, withErrors: 1 });
    expect(month.readings.withTraffic.availability).toBe('50.000000');
  });

  it('keeps the sidecar’s own reads, probes and retries apart', async () => {
    await store.run(
      journalCalls,
      journalled([
        newCall({ status: 500 }),
        newCall({ status: 500, attempt: 2 }),
        newCall({ origin: 'sidecar' }),
        newCall({ origin: 'sidecar', tag: PROBE_TAG }),
      ]),
    );
    const { requests, readings } = await store.run(readMonth, ask());
    expect(requests).toMatchObject({ valid: 4, errors: 2, bySidecar: 2, byProbe: 1, retries: 1 });
    expect([readings.withoutSidecar.valid, readings.withoutRetries.errors]).toEqual([2, 1]);
    expect(await store.run(readWindowIdle, { windowStart: NOON })).toBe(false);
    expect(await store.run(readWindowIdle, { windowStart: NOON + 300_000 })).toBe(true);
  });

  it('narrows a month to some hosts, with any port', async () => {
    await store.run(
      journalCalls,
      journalled([newCall({ status: 500 }), newCall({ host: '127.0.0.1:5566' })]),
    );
    const at = async (hosts: string[] | null) =>
      (await store.run(readMonth, { ...ask(), hosts })).requests.valid;
    expect([await at(null), await at(['127.0.0.1']), await at(['api-singapore.klingai.com'])]).toEqual([
      2, 1, 1,
    ]);
  });
});

describe('blame', () => {
  const blames = async () => {
    const { requests } = await store.run(readMonth, ask());
    return [requests.unreachableUpstream, requests.unreachableLocal, requests.unreachableUnknown];
  };

  it('is the upstream’s if a control check succeeds, and its requests are errors and valid', async () => {
    await store.run(journalCalls, journalled([newUnreachable({ at: NOON, durationMs: 5000 })]));
    expect(await blames()).toEqual([0, 0, 1]);
    expect(await checkAt(NOON + 5000, true)).toEqual({ upstream: 1, local: 0, unknown: 0 });
    await store.run(journalCalls, journalled([newUnreachable({ at: NOON + 20_000, durationMs: 1 })]));
    expect(await blames()).toEqual([2, 0, 0]);
    const { readings, requests } = await store.run(readMonth, ask());
    expect([readings.contract.errors, readings.contract.valid, readings.received.valid]).toEqual([2, 2, 0]);
    expect(requests.unreachable).toBe(2);
  });

  it('is ours only if a check worked within the hour before and fails now', async () => {
    await store.run(journalCalls, journalled([newUnreachable({ at: NOON })]));
    expect(await checkAt(NOON + 20, false)).toMatchObject({ unknown: 1 });
    await checkAt(NOON + 60 * MINUTE, true);
    await store.run(journalCalls, journalled([newUnreachable({ at: NOON + 120 * MINUTE - 50 })]));
    expect(await checkAt(NOON + 120 * MINUTE, false)).toMatchObject({ local: 1 });
    await store.run(journalCalls, journalled([newUnreachable({ at: NOON + 121 * MINUTE })]));
    expect(await checkAt(NOON + 121 * MINUTE + 20, false)).toMatchObject({ unknown: 1 });
    expect(await blames()).toEqual([0, 1, 2]);
  });

  it('does not follow from a check made long before or after', async () => {
    await store.run(journalCalls, journalled([newUnreachable({ at: NOON })]));
    await checkAt(NOON - 31_000, true);
    expect(await checkAt(NOON + 31_000, true)).toEqual({ upstream: 0, local: 0, unknown: 0 });
    expect(await blames()).toEqual([0, 0, 1]);
  });

  it.each(['proxy', 'tls'] as const)(
    'of a failure of class %s is unknown, with any result of a check',
    async (errorClass) => {
      await store.run(journalCalls, journalled([newUnreachable({ at: NOON, errorClass })]));
      expect(await checkAt(NOON + 20, true, true)).toMatchObject({ upstream: 0 });
      await store.run(journalCalls, journalled([newUnreachable({ at: NOON + 30, errorClass })]));
      expect(await blames()).toEqual([0, 0, 2]);
    },
  );

  it('of a name that was not resolved is the upstream’s only if another name resolves', async () => {
    const dns = (at: number) =>
      store.run(journalCalls, journalled([newUnreachable({ at, errorClass: 'dns' })]));
    await dns(NOON);
    expect(await checkAt(NOON + 20, true, false)).toMatchObject({ unknown: 1 });
    await dns(NOON + 10 * MINUTE);
    expect(await checkAt(NOON + 10 * MINUTE + 20, true, null)).toMatchObject({ unknown: 1 });
    await dns(NOON + 20 * MINUTE);
    expect(await checkAt(NOON + 20 * MINUTE + 20, false, true)).toMatchObject({ unknown: 1 });
    await dns(NOON + 30 * MINUTE);
    expect(await checkAt(NOON + 30 * MINUTE + 20, true, true)).toMatchObject({ upstream: 1 });
    await dns(NOON + 30 * MINUTE + 40);
    expect(await blames()).toEqual([2, 0, 3]);
    await dns(NOON + 40 * MINUTE);
    expect(await checkAt(NOON + 40 * MINUTE + 20, true, false)).toMatchObject({ local: 1 });
  });

  it('is asked for by class: one check may speak for some and not for others', async () => {
    const failed = (['refused', 'dns', 'connect_timeout', 'tls'] as const).map((errorClass) =>
      newUnreachable({ at: NOON, errorClass }),
    );
    await store.run(journalCalls, journalled(failed));
    expect(await checkAt(NOON + 20, true, false)).toEqual({ upstream: 2, local: 0, unknown: 1 });
    expect(await blames()).toEqual([2, 0, 2]);
  });

  it('is the operator’s correction, for late rows too, and a later check does not change it', async () => {
    await store.run(journalCalls, journalled([newUnreachable({ at: NOON })]));
    const corrected = await store.run(correctBlame, {
      start: NOON - 1,
      end: NOON + MINUTE,
      blame: 'local',
      source: 'our router',
      actor: 'ana',
      at: NOON + 1,
    });
    expect(corrected.attempts).toBe(1);
    await checkAt(NOON + 20, true);
    await store.run(journalCalls, journalled([newUnreachable({ at: NOON + 30 })]));
    expect(await blames()).toEqual([0, 2, 0]);
    const { audit } = await store.run(listAudit, { limit: 10, cursor: null });
    expect(audit[0]).toMatchObject({
      action: 'sla.blame',
      before: 'upstream 0, local 0, unknown 1',
      reason: 'our router',
    });
  });

  it('of an import is its recorder’s, unless an operator corrects it', async () => {
    const identity = { day: 1, digest: '00'.repeat(12), exportedBy: null, older: null };
    await store.run(importBatch, [{ call: newUnreachable(), blame: 'upstream', identity }]);
    expect(await blames()).toEqual([1, 0, 0]);
    await checkAt(NOON + 20, false);
    expect(await blames()).toEqual([1, 0, 0]);
  });
});

describe('runs', () => {
  it('leave the windows between them as not observed', async () => {
    const run = await store.run(recordHeartbeat, { runId: null, at: NOON });
    expect(await store.run(recordHeartbeat, { runId: run, at: NOON + MINUTE })).toBe(run);
    const slept = await store.run(recordHeartbeat, { runId: run, at: NOON + 30 * MINUTE });
    expect(slept).not.toBe(run);
    const back = await store.run(recordHeartbeat, { runId: slept, at: NOON + 29 * MINUTE });
    expect(back).not.toBe(slept);
    const month = await store.run(readMonth, ask({ now: NOON + 45 * MINUTE }));
    const noon = '2026-10-05T12:00:00.000Z';
    expect(month.gaps.map((gap) => [gap.start, gap.end, gap.windows])).toEqual([
      ['2026-10-01T00:00:00.000Z', noon, 4 * 288 + 144],
      ['2026-10-05T12:05:00.000Z', '2026-10-05T12:25:00.000Z', 4],
      ['2026-10-05T12:35:00.000Z', '2026-10-05T12:45:00.000Z', 2],
    ]);
    expect(month.windows.notObserved).toBe(4 * 288 + 144 + 6);
    expect(month.live?.elapsedWindows).toBe(4 * 288 + 144 + 10);
  });
});

describe('the check against the journal', () => {
  const check = (range = { start: 0, end: Number.MAX_SAFE_INTEGER }) =>
    verifySla({ read: (operation, args) => store.run(operation, args) }, range);

  it('goes through the journal day by day and finds a count that is off', async () => {
    expect(await check()).toMatchObject({ windows: 0, from: null, differences: [] });
    const days = Array.from({ length: 4 }, (_, day) => newCall({ at: NOON + day * 86_400_000, status: 500 }));
    await store.run(journalCalls, journalled(days));
    expect(await check()).toMatchObject({
      windows: 4,
      attempts: 4,
      from: '2026-10-05T12:00:00.000Z',
      differences: [],
    });
    store.db.exec(`UPDATE sla_windows SET server_error = 2 WHERE window_start = ${NOON + 86_400_000}`);
    expect((await check()).differences).toEqual([
      {
        windowStart: '2026-10-06T12:00:00.000Z',
        host: 'api-singapore.klingai.com',
        origin: 'app',
        retry: false,
        excluded: false,
        class: 'server_error',
        counted: 2,
        journalled: 1,
      },
    ]);
    store.db.exec('UPDATE sla_windows SET server_error = 1');
  });

  it('begins after the window that retention has cut', async () => {
    await store.run(
      journalCalls,
      journalled([0, 1, 2, 300_000].map((off) => newCall({ at: NOON + off - 300_000 }))),
    );
    await store.run(journalCalls, journalled([newCall({ at: NOON - 600_000 })]));
    store.db.exec(`DELETE FROM journal WHERE at < ${NOON - 300_000 + 1}`);
    expect(await check()).toMatchObject({ windows: 1, from: '2026-10-05T12:00:00.000Z', differences: [] });
    store.db.exec('DELETE FROM journal; DELETE FROM sla_windows');
  });

  it('leaves out what retention has dropped, also in the oldest window and under older calls that came later', async () => {
    const day = 86_400_000;
    const purge = (at: number) =>
      store.run(purgeOld, { at, callRetentionDays: 120, promptRetentionDays: 14 });
    await store.run(journalCalls, journalled([0, MINUTE, 2 * day].map((off) => newCall({ at: NOON + off }))));
    await purge(NOON + MINUTE + 120 * day);
    expect(await check()).toMatchObject({ windows: 1, attempts: 1, differences: [] });
    await store.run(
      journalCalls,
      journalled([newCall({ at: NOON - day }), newCall({ at: NOON + 2 * MINUTE })]),
    );
    expect(await check()).toMatchObject({ windows: 1, attempts: 1, differences: [] });
    expect(await check({ start: 0, end: NOON + 2 * MINUTE })).toMatchObject({
      windows: 0,
      from: null,
      to: null,
    });
    await purge(NOON + 3 * day + 120 * day);
    expect(await check()).toMatchObject({ windows: 0, differences: [] });
    store.db.exec('DELETE FROM sla_windows');
  });
});

describe('closing', () => {
  it('keeps a revision for each state of the month, and none for the same one twice', async () => {
    await store.run(journalCalls, journalled([newCall({ status: 500 })]));
    const close = async () =>
      store.run(closeMonth, { measured: await store.run(readMonth, ask()), at: NOON });
    expect(await close()).toEqual({ revision: 1, isNew: true });
    expect(await close()).toEqual({ revision: 1, isNew: false });
    await store.run(journalCalls, journalled([newCall()]));
    expect(await close()).toEqual({ revision: 2, isNew: true });
    expect((await store.run(readMonth, ask())).revision).toBe(2);
    const revisions = await store.run(readRevisions, { month: '2026-10' });
    expect(revisions.map(({ revision, measured }) => [revision, measured.requests.valid])).toEqual([
      [1, 1],
      [2, 2],
    ]);
  });

  it('refuses a month that is not over', async () => {
    const measured = await store.run(readMonth, ask({ now: NOON }));
    await expect(store.run(closeMonth, { measured, at: NOON })).rejects.toMatchObject({ code: 'bad_usage' });
  });

  it('warns if UTC and UTC+8 give different tiers', async () => {
    const midnight = Date.UTC(2026, 9, 1);
    const failed = Array.from({ length: 9 }, (_, index) =>
      newCall({ at: midnight - (index + 1) * 300_000, status: 500 }),
    );
    await store.run(journalCalls, journalled(failed));
    const shanghai = await store.run(readMonth, ask({ timeZone: 'Asia/Shanghai' }));
    expect(shanghai).toMatchObject({
      breached: true,
      compensationPercent: 10,
      start: '2026-09-30T16:00:00.000Z',
    });
    expect(shanghai.warnings).toHaveLength(2);
    expect((await store.run(readMonth, ask())).breached).toBe(false);
    expect(await store.run(readJournalSpan, {})).toEqual({
      start: midnight - 2_700_000,
      end: midnight - 300_000,
    });
  });
});

it('an older store keeps the blame of every attempt, and no later check changes it', async () => {
  const db = new Database(':memory:');
  const [before, after] = [slaMigrations[0]?.sqlite ?? '', slaMigrations[1]?.sqlite ?? ''];
  db.exec(before);
  const insert = db.prepare("INSERT INTO sla_unreachable VALUES (?, 1, 2, 'h', 'app', 0, ?, ?)");
  const rows = [
    ['a', 'upstream', 'check'],
    ['b', 'unknown', 'none'],
    ['c', 'local', 'operator'],
  ];
  for (const row of rows) insert.run(...row);
  db.prepare("INSERT INTO sla_control_checks VALUES ('k', 1, 1, '[]')").run();
  db.exec(after);
  const kept = db.prepare('SELECT call_id, blame, basis, proof FROM sla_unreachable ORDER BY call_id').all();
  expect(kept).toEqual(rows.map(([call_id, blame, basis]) => ({ call_id, blame, basis, proof: 'none' })));
  expect(db.prepare('SELECT reached, resolved FROM sla_control_checks').all()).toEqual([
    { reached: 1, resolved: null },
  ]);
  db.close();
});
