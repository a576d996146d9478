import type Database from 'better-sqlite3';
import { afterEach, describe, expect, test } from 'vitest';
import { storeModules } from '../../src/app/store-operations.ts';
import { listHolds } from '../../src/budget/hold-list.ts';
import { listCalls } from '../../src/calls/call-list.ts';
import { closeCreate } from '../../src/ledger/close.ts';
import { guardState } from '../../src/ledger/guard.ts';
import { observeTasks } from '../../src/ledger/observe.ts';
import { recoverHolds } from '../../src/ledger/recover.ts';
import { resolveHold } from '../../src/ledger/resolve.ts';
import { moneyStatus } from '../../src/ledger/status.ts';
import { verifyLedger } from '../../src/ledger/verify.ts';
import { verifyWindows } from '../../src/sla/verify.ts';
import { listTasks } from '../../src/tasks/task-list.ts';
import { getTask } from '../../src/tasks/task-table.ts';
import { admitHold, call, guard, newHold, NEXT_OWNER, sighting } from './making.ts';
import { createMemoryStore, type MemoryStore } from './memory-store.ts';
import { readLists } from './old-rows.ts';
import { STORIES } from './old-stories.ts';
import { DAYS, fillOldStore, FIRST_AFTER, NEWEST_AT, type OldVersion } from './old-store.ts';

const CREATES = 2_000;
const DAY_MS = 86_400_000;

type Row = Record<string, string | number | null>;

let store: MemoryStore | undefined;
afterEach(() => store?.close());

/** Opens a migrated store, with the lists of its rows before. */
function migrated(
  version: OldVersion,
  creates = CREATES,
): { store: MemoryStore; before: Map<string, Row[]> } {
  let before = new Map<string, Row[]>();
  const fill = (db: Database.Database): void => fillOldStore(db, { creates });
  const read = (db: Database.Database): void => void (before = readLists(db, 'old') as Map<string, Row[]>);
  const isNewest = FIRST_AFTER[version] === '200';
  const both = (db: Database.Database): void => {
    fill(db);
    read(db);
  };
  store = createMemoryStore(storeModules, isNewest ? { '200': both } : { '070': fill, '200': read });
  return { store, before };
}

const versions: OldVersion[] = ['0.1.0', 'before creates'];

describe.each(versions)('a store of %s, migrated', (version) => {
  test('has every row as it was', () => {
    const { store: now, before } = migrated(version);
    const after = readLists(now.db, 'new');
    expect([...after.keys()]).toEqual([...before.keys()]);
    for (const [name, rows] of before) expect(after.get(name), name).toEqual(rows);
    expect(before.get('holds')).toHaveLength(CREATES);
    for (const name of ['entries', 'calls', 'tasks', 'states', 'guards']) {
      expect(before.get(name)?.length, name).toBeGreaterThan(CREATES / 4);
    }
  });

  test('passes both verifications', async () => {
    const { store: now, before } = migrated(version);
    const { ok, problems, holds, entries } = await now.run(verifyLedger, {});
    expect({ ok, problems, holds }).toEqual({ ok: true, problems: [], holds: CREATES });
    expect(entries).toBe(before.get('entries')?.length);
    let attempts = 0;
    for (let day = 0; day <= DAYS; day += 1) {
      const start = NEWEST_AT - (DAYS - day) * DAY_MS;
      const check = await now.run(verifyWindows, { start, end: start + DAY_MS });
      expect(check.differences).toEqual([]);
      attempts += check.attempts;
    }
    expect(attempts).toBe(before.get('calls')?.length);
  });

  test('lists its holds, tasks and calls page by page, each once', async () => {
    const { store: now, before } = migrated(version);
    const holds = await pages(async (cursor) => {
      const page = await now.run(listHolds, { limit: 333, cursor });
      return { rows: page.holds, next: page.nextCursor };
    });
    expect(holds.map(({ id, state, settledCredits, taskId }) => [id, state, settledCredits, taskId])).toEqual(
      before
        .get('holds')
        ?.toReversed()
        .map((row) => [row['id'], row['state'], row['settled_credits'], row['task_id']]),
    );
    const calls = await pages(async (cursor) => {
      const page = await now.run(listCalls, { limit: 333, cursor });
      return { rows: page.calls, next: page.nextCursor };
    });
    expect(
      calls.map(({ id, at, taskId, holdId, host, attempt }) => [id, at, taskId, holdId, host, attempt]),
    ).toEqual(
      before
        .get('calls')
        ?.toReversed()
        .map((row) => ['id', 'at', 'task_id', 'hold_id', 'host', 'attempt'].map((name) => row[name])),
    );
    const tasks = await pages(async (cursor) => {
      const page = await now.run(listTasks, { limit: 333, cursor });
      return { rows: page.tasks, next: page.nextCursor };
    });
    expect(new Set(tasks.map(({ id }) => id)).size).toBe(before.get('tasks')?.length);
  });

  test('gives each task with its timeline and results', async () => {
    const { store: now, before } = migrated(version, 400);
    for (const row of before.get('tasks') ?? []) {
      const task = await now.run(getTask, { taskId: String(row['id']) });
      const states = before.get('states')?.filter((state) => state['task_id'] === row['id']);
      expect(task).toMatchObject({
        holdId: row['hold_id'],
        state: row['state'],
        statusMessage: row['status_message'],
      });
      expect(task?.results).toEqual(JSON.parse(String(row['results'] ?? '[]')));
      expect(new Set(task?.timeline.map((one) => ({ ...one, task_id: row['id'] })))).toEqual(new Set(states));
    }
  });

  test('answers repeats of each guarded request', async () => {
    const { store: now, before } = migrated(version, 400);
    const answers = new Map(before.get('table answers')?.map((row) => [row['hold_id'], row]));
    const byId = new Map(before.get('holds')?.map((row) => [row['id'], row]));
    for (const row of before.get('guards') ?? []) {
      const ids =
        row['kind'] === 'key'
          ? { idempotencyKey: String(row['value']), callerTaskId: null }
          : { idempotencyKey: null, callerTaskId: String(row['value']) };
      const asked = { app: String(row['app']), ...ids, at: NEWEST_AT };
      const hold = byId.get(row['hold_id'] ?? '');
      const answer = answers.get(row['hold_id'] ?? '');
      const isOver = hold?.['state'] !== 'held';
      const isExpired = isOver && answer !== undefined && Number(answer['at']) + DAY_MS <= NEWEST_AT;
      const found = await now.run(guardState, { ...asked, fingerprint: String(row['fingerprint']) });
      const open = isOver || hold?.['task_id'] !== null ? 'ended' : 'open';
      const kind = isExpired ? 'free' : answer?.['status'] != null ? 'answered' : open;
      expect(found).toMatchObject(isExpired ? { kind } : { kind, holdId: row['hold_id'] });
      const other = await now.run(guardState, { ...asked, fingerprint: 'others' });
      expect(other.kind).toBe(isExpired ? 'free' : 'mismatch');
    }
  });
});

async function pages<T>(
  read: (cursor: string | null) => Promise<{ rows: T[]; next: string | null }>,
): Promise<T[]> {
  const all: T[] = [];
  let cursor: string | null = null;
  do {
    const page: { rows: T[]; next: string | null } = await read(cursor);
    all.push(...page.rows);
    cursor = page.next;
  } while (cursor !== null);
  return all;
}

describe('after the migration', () => {
  const held = (now: MemoryStore): number =>
    Number(now.db.prepare(`SELECT SUM(credits) FROM creates WHERE state = 'held'`).pluck().get());

  /** The first create of a story. */
  const holdOf = (now: MemoryStore, story: string): { id: string; task_id: string; request_id: string } => {
    const n = Object.keys(STORIES).indexOf(story);
    return now.db
      .prepare('SELECT id, task_id, request_id FROM creates ORDER BY id LIMIT 1 OFFSET ?')
      .get(n) as never;
  };

  test('open creates go on: closed, observed, ended by an operator, put in doubt', async () => {
    const { store: now } = migrated('before creates', 400);
    const at = NEWEST_AT + 1_000;
    const sent = holdOf(now, 'in flight');
    const end = { kind: 'task', sighting: sighting('task-new') } as const;
    await now.run(closeCreate, {
      holdId: sent.id,
      at,
      end,
      calls: [call('call_new', { holdId: sent.id, at, taskId: 'task-new' })],
      answer: null,
    });
    expect((await now.run(getTask, { taskId: 'task-new' }))?.holdId).toBe(sent.id);
    const open = holdOf(now, 'held, its task is processing');
    const seen = sighting(open.task_id, { state: 'succeeded', deduction: { credits: 1, raw: '0.001' } });
    const { facts } = await now.run(observeTasks, { sightings: [seen], source: 'poll', at });
    expect(facts).toContainEqual(
      expect.objectContaining({ kind: 'hold_resolved', holdId: open.id, credits: 1 }),
    );
    const timeline = (await now.run(getTask, { taskId: open.task_id }))?.timeline;
    expect(timeline?.map(({ state }) => state)).toEqual(['submitted', 'processing', 'succeeded']);
    const doubt = holdOf(now, 'in doubt, without an external id');
    await now.run(resolveHold, { holdId: doubt.id, action: 'write-off', reason: 'r', actor: 'a', at });
    const { recovered } = await now.run(recoverHolds, { owner: NEXT_OWNER, at });
    // Those in flight, with and without a guard, less the one that was closed.
    expect(recovered).toBe(2 * (400 / Object.keys(STORIES).length) - 1);
    expect(await now.run(verifyLedger, {})).toMatchObject({ ok: true, problems: [] });
    expect((await now.run(moneyStatus, { at })).heldCredits).toBe(held(now));
  });

  test('a new create is admitted, and a repeat of an old one is not', async () => {
    const { store: now } = migrated('before creates', 400);
    const guards = now.db.prepare(
      `SELECT app, guard_key, fingerprint FROM creates WHERE guard_key IS NOT NULL AND state = 'held'`,
    );
    const old = guards.get() as { app: string; guard_key: string; fingerprint: string };
    const at = NEWEST_AT + 1_000;
    const repeat = guard({ idempotencyKey: old.guard_key, fingerprint: old.fingerprint });
    const again = await admitHold(now, newHold('hold_zzz', { app: old.app, at }), { guard: repeat });
    expect(again.kind).not.toBe('admitted');
    const fresh = await admitHold(now, newHold('hold_zzz', { app: old.app, at }), {
      guard: guard({ idempotencyKey: 'new' }),
    });
    expect(fresh).toMatchObject({ kind: 'admitted', budget: expect.any(String) });
    expect(await now.run(verifyLedger, {})).toMatchObject({ ok: true, problems: [], holds: 401 });
  });
});
