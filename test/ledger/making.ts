/** Plain values for tests of the ledger: holds, sightings, calls, each with what the test names and the rest usual. */
import type { BudgetRule } from '../../src/budget/budget-rule.ts';
import type { NewHold } from '../../src/budget/hold.ts';
import type { CallRecord } from '../../src/calls/call.ts';
import { admit } from '../../src/ledger/admit.ts';
import { closeCreate } from '../../src/ledger/close.ts';
import type { AdmitResult, CreateEnd, HeldAs, RepeatGuard, StoredAnswer } from '../../src/ledger/ledger.ts';
import type { Fact } from '../../src/facts.ts';
import type { TaskSighting } from '../../src/tasks/task.ts';
import type { MemoryStore } from './memory-store.ts';

/** Noon of a day in UTC on which nothing special happens. */
export const NOON = Date.UTC(2026, 10, 18, 12);

export function rule(overrides: Partial<BudgetRule> = {}): BudgetRule {
  return {
    name: 'daily',
    limit: 100_000,
    window: 'day',
    timeZone: 'UTC',
    alertAt: [],
    mode: 'enforce',
    match: {},
    per: null,
    ...overrides,
  };
}

/** Who made the holds of tests, and who starts after it. */
export const OWNER = { instance: 'test', generation: 1 };
export const NEXT_OWNER = { instance: 'test', generation: 2 };

export function newHold(holdId: string, overrides: Partial<NewHold> = {}): NewHold {
  return {
    holdId,
    requestId: `req_${holdId}`,
    at: NOON,
    app: 'default',
    tag: null,
    path: '/v1/videos/text2video',
    route: '/v1/videos/text2video',
    operation: 'text-to-video',
    model: 'kling-v1',
    mode: 'std',
    product: 'video',
    durationSeconds: '5',
    credits: 10_000,
    basis: 'exact',
    rule: 'kling-v1 std: 2 credits a second, 5 s',
    notes: null,
    weight: 1,
    externalTaskId: `ks_${holdId}`,
    prompt: { hash: 'a'.repeat(32), preview: 'a cat' },
    upstream: { host: 'api.example', account: 'key-0' },
    owner: OWNER,
    ...overrides,
  };
}

export function sighting(taskId: string, overrides: Partial<TaskSighting> = {}): TaskSighting {
  return {
    taskId,
    externalTaskId: null,
    state: 'submitted',
    statusMessage: null,
    updatedAt: null,
    createdAt: null,
    deduction: null,
    results: [],
    ...overrides,
  };
}

export function call(id: string, overrides: Partial<CallRecord> = {}): CallRecord {
  return {
    id,
    requestId: `req_${id}`,
    at: NOON,
    app: 'default',
    tag: null,
    method: 'POST',
    route: '/v1/videos/text2video',
    host: 'api.example:443',
    status: 200,
    code: 0,
    klingRequestId: 'kling-request',
    taskId: null,
    holdId: null,
    attempt: 1,
    outcome: 'ok',
    errorClass: null,
    durationMs: 12.5,
    overheadMs: 0.25,
    bytesSent: 250,
    bytesReceived: 180,
    clockOffsetMs: null,
    origin: 'app',
    evidence: null,
    ...overrides,
  };
}

export function answer(text: string, status = 200): StoredAnswer {
  return { status, headers: [['content-type', 'application/json']], body: new TextEncoder().encode(text) };
}

export function guard(overrides: Partial<RepeatGuard> = {}): RepeatGuard {
  return { idempotencyKey: 'key-1', callerTaskId: null, fingerprint: 'bytes-1', ...overrides };
}

/** Admits a hold, by default in `protect` mode. */
export function admitHold(
  store: MemoryStore,
  hold: NewHold,
  options: { guard?: RepeatGuard; enforce?: boolean } = {},
): Promise<AdmitResult> {
  return store.run(admit, { hold, guard: options.guard ?? null, enforce: options.enforce ?? true });
}

/** What the sender of a create knows of its row; undefined if there is none, or it has no owner. */
export function heldAs(store: MemoryStore, holdId: string): HeldAs | undefined {
  const sql =
    'SELECT owner, operation, model, mode, product, weight FROM creates WHERE id = ? AND owner IS NOT NULL';
  return store.db.prepare<[string], HeldAs>(sql).get(holdId);
}

export async function close(
  store: MemoryStore,
  holdId: string,
  end: CreateEnd,
  options: { at?: number; answer?: StoredAnswer; calls?: CallRecord[] } = {},
): Promise<Fact[]> {
  const known = heldAs(store, holdId);
  const { facts } = await store.run(closeCreate, {
    holdId,
    ...(known && { heldAs: known }),
    at: options.at ?? NOON,
    end,
    calls: options.calls ?? [],
    answer: options.answer ?? null,
  });
  return facts;
}

/** The one row of a query. */
export function row(
  store: MemoryStore,
  sql: string,
  ...values: (string | number)[]
): Record<string, unknown> {
  return store.db.prepare(sql).get(...values) as Record<string, unknown>;
}

/** Settled and held of all counters together with their keys, for comparing at a glance. */
export function counters(store: MemoryStore): Record<string, [settled: number, held: number]> {
  const rows = store.db
    .prepare('SELECT budget_id, window_key, per_value, settled, held FROM budget_counters')
    .all() as { budget_id: string; window_key: string; per_value: string; settled: number; held: number }[];
  return Object.fromEntries(
    rows.map((one) => {
      const name = one.budget_id.replace(/~[0-9a-f]{16}$/, '');
      const value = one.per_value === '' ? '' : ` ${one.per_value}`;
      return [`${name} ${one.window_key}${value}`, [one.settled, one.held]];
    }),
  );
}

/** Writes a create that was settled at an instant, past every rule of the ledger. */
export function insertSettled(
  { db }: Pick<MemoryStore, 'db'>,
  settled: { id: string; at: number; credits: number; basis: 'reported' | 'estimate' },
): void {
  const { id, at, credits, basis } = settled;
  db.prepare(
    `INSERT INTO creates (id, request_id, at, app, path, route, operation, product, credits, basis, weight, counters,
       state, settled_credits, ended_at, end_credits, end_basis)
     VALUES (?, 'r', ?, 'a', '/x', '/x', 'unknown', 'video', ?, 'exact', 1, '', 'settled', ?, ?, ?, ?)`,
  ).run(id, at, credits, credits, at, credits, basis);
}
