/**
 * Writes stores as versions before `creates` had them, with creates in every state, reads, imported calls and calls of the
 * sidecar, counters that agree with the holds and windows that agree with the calls. The same seed writes the same store.
 */
import type Database from 'better-sqlite3';
import type { BudgetRule } from '../../src/budget/budget-rule.ts';
import { matchingBudgets, ruleIdOf, type ActiveRule } from '../../src/budget/rule-book.ts';
import { CALL_CLASSES, classSql } from '../../src/calls/outcome.ts';
import { WINDOW_MS } from '../../src/sla/window.ts';
import type { SqlValue } from '../../src/store/operation.ts';
import { randomOf } from '../random-numbers.ts';
import { Draft, idOf, type OldCreate, type Values } from './old-create.ts';
import { STORIES } from './old-stories.ts';

/** The first migration that the stores of a version do not have. */
export const FIRST_AFTER = { '0.1.0': '070', 'before creates': '200' } as const;
export type OldVersion = keyof typeof FIRST_AFTER;

const DAY_MS = 86_400_000;
/** When the newest create was made, at most; the oldest is {@link DAYS} earlier. */
export const NEWEST_AT = Date.UTC(2026, 10, 18, 12);
export const DAYS = 60;

/** The budgets of an old store. */
export const OLD_RULES: readonly BudgetRule[] = [
  {
    name: 'all',
    limit: 1e12,
    window: 'total',
    timeZone: 'UTC',
    alertAt: [500_000],
    mode: 'enforce',
    match: {},
    per: null,
  },
  {
    name: 'per app',
    limit: 1e12,
    window: 'day',
    timeZone: 'UTC',
    alertAt: [],
    mode: 'shadow',
    match: {},
    per: 'app',
  },
  {
    name: 'v1',
    limit: 1e12,
    window: 'month',
    timeZone: 'Asia/Shanghai',
    alertAt: [],
    mode: 'enforce',
    match: { model: 'kling-v1' },
    per: null,
  },
  {
    name: 'studio',
    limit: 1e12,
    window: 'hour',
    timeZone: 'UTC',
    alertAt: [],
    mode: 'enforce',
    match: { app: 'studio' },
    per: 'tag',
  },
];

interface Counter {
  row: Values;
  settled: number;
  held: number;
}

/** Fills an empty store of an old schema; the rows keep the columns that the schema has. */
export function fillOldStore(db: Database.Database, options: { creates: number; seed?: number }): void {
  const insert = inserterOf(db);
  const random = randomOf(options.seed ?? 1);
  const rules = insertRules(insert);
  const counters = new Map<string, Counter>();
  const stories = Object.values(STORIES);
  const step = Math.floor((DAYS * DAY_MS) / options.creates);
  db.exec('BEGIN');
  for (let n = 0; n < options.creates; n += 1) {
    const at = NEWEST_AT - DAYS * DAY_MS + n * step;
    const draft = new Draft({ n, at, now: NEWEST_AT, random });
    const { rows } = stories[n % stories.length]?.(draft) ?? draft;
    count(rules, counters, rows);
    insertCreate(insert, rows);
    insertOtherCalls(insert, { n, at, random });
    if (n % 20 === 0) insertRefusal(insert, n, at);
  }
  for (const { row, settled, held } of counters.values())
    insert('budget_counters', { ...row, settled, held });
  insertRest(db, insert);
  db.exec('COMMIT');
}

type Insert = (table: string, values: Values) => void;

/** Inserts rows by the columns that a table has: an older one has fewer. */
function inserterOf(db: Database.Database): Insert {
  const tables = new Map<
    string,
    { columns: Set<string>; statements: Map<string, Database.Statement<SqlValue[]>> }
  >();
  return (table, values) => {
    const known = tables.get(table) ?? { columns: new Set(columnsOf(db, table)), statements: new Map() };
    tables.set(table, known);
    const names = Object.keys(values).filter((name) => known.columns.has(name));
    const key = names.join(', ');
    const statement =
      known.statements.get(key) ??
      db.prepare<SqlValue[]>(`INSERT INTO ${table} (${key}) VALUES (${names.map(() => '?').join(', ')})`);
    known.statements.set(key, statement);
    statement.run(...names.map((name) => values[name] ?? null));
  };
}

/** Gives the names of a table's columns. */
export function columnsOf(db: Database.Database, table: string): string[] {
  return db.prepare<[string], string>('SELECT name FROM pragma_table_info(?)').pluck().all(table);
}

function insertRules(insert: Insert): ActiveRule[] {
  const rules = OLD_RULES.map((rule) => ({ ...rule, id: ruleIdOf(rule), raises: [], adopted: new Map() }));
  for (const { id, name, limit, window, timeZone, alertAt, mode, match, per } of rules) {
    insert('budgets', {
      id,
      name,
      limit_credits: limit,
      window_kind: window,
      time_zone: timeZone,
      alert_at: JSON.stringify(alertAt),
      mode,
      per,
      match_app: match.app ?? null,
      match_operation: null,
      match_model: match.model ?? null,
      match_tag: null,
      active: 1,
      created_at: NEWEST_AT - (DAYS + 1) * DAY_MS,
    });
  }
  return rules;
}

/** Counts a create in its budgets, but for some that were made before there were any. */
function count(rules: readonly ActiveRule[], counters: Map<string, Counter>, { hold }: OldCreate): void {
  if (hold.at < NEWEST_AT - (DAYS - 1) * DAY_MS) return;
  const labels = {
    app: hold.app,
    operation: String(hold['operation']),
    model: textOf(hold['model']),
    tag: textOf(hold['tag']),
  };
  const matching = matchingBudgets(rules, labels, hold.at);
  hold['counters'] = matching.map(({ counterId }) => counterId).join(' ');
  for (const { rule, counterId, perValue, span } of matching) {
    const row = { id: counterId, budget_id: rule.id, window_key: span.key, per_value: perValue };
    const counter = counters.get(counterId) ?? { row, settled: 0, held: 0 };
    counters.set(counterId, counter);
    counter.settled += hold.settled_credits;
    if (hold.state === 'held') counter.held += hold.credits;
  }
}

const textOf = (value: SqlValue | undefined): string | null => (typeof value === 'string' ? value : null);

function insertCreate(insert: Insert, create: OldCreate): void {
  insert('holds', create.hold);
  for (const row of create.entries) insert('entries', row);
  for (const row of create.calls) insert('calls', row);
  for (const row of create.tasks) insert('tasks', row);
  for (const row of create.events) insert('task_events', row);
  for (const row of create.guards) insert('guards', row);
  for (const row of create.answers) insert('answers', row);
  for (const row of create.audit) insert('audit', row);
}

/** Reads of apps, polls of the sidecar, imported calls: attempts without a create. */
function insertOtherCalls(
  insert: Insert,
  { n, at, random }: { n: number; at: number; random: () => number },
): void {
  const call = (kind: string, other: Values): void =>
    insert('calls', {
      at: at + 40,
      id: `call_${idOf(n, at)}${kind}`,
      request_id: `req_${n}${kind}`,
      app: 'default',
      tag: null,
      method: 'GET',
      route: '/v1/videos/text2video/{id}',
      host: 'api.example:443',
      status: 200,
      code: 0,
      kling_request_id: null,
      task_id: null,
      hold_id: null,
      attempt: 1,
      outcome: 'ok',
      error_class: null,
      duration_ms: 3.75,
      overhead_ms: 0.1,
      bytes_sent: 0,
      bytes_received: 512,
      clock_offset_ms: null,
      origin: 'app',
      evidence: null,
      ...other,
    });
  const kind = Math.floor(random() * 5);
  if (kind === 0) call('r', { task_id: `task-${n}-video` });
  if (kind === 1) call('p', { origin: 'sidecar', tag: n % 2 === 0 ? 'sla-probe' : null });
  if (kind === 2)
    call('i', {
      app: 'imported é',
      method: 'POST',
      host: 'api.kling.example',
      status: 503,
      code: null,
      outcome: 'server_error',
    });
  if (kind === 3)
    call('u', { status: null, code: null, outcome: 'unreachable', error_class: 'dns', attempt: 2 });
}

/** What the sidecar refused itself. */
function insertRefusal(insert: Insert, n: number, at: number): void {
  insert('refusals', {
    seq: n + 1,
    id: `refusal_${idOf(n, at)}`,
    request_id: `req_${n}`,
    at,
    app: 'studio',
    tag: n % 3 === 0 ? 'blue' : null,
    method: 'POST',
    route: '/v1/videos/text2video',
    status: 402,
    word: 'budget_exceeded',
    message: '“studio” is spent',
    credits: n % 40 === 0 ? 10_000 : null,
    budget: 'studio',
    would_only: n % 60 === 0 ? 1 : 0,
  });
}

/** What follows from the rows: the windows of availability, the newest date, the clock of ages. */
function insertRest(db: Database.Database, insert: Insert): void {
  db.exec(`INSERT INTO sla_unreachable (call_id, at, ended_at, host, origin, retry, blame, basis)
    SELECT id, at, at + 5, host, CASE WHEN origin = 'sidecar' AND tag = 'sla-probe' THEN 'probe' ELSE origin END, attempt > 1,
      CASE WHEN at % 2 = 0 THEN 'upstream' ELSE 'unknown' END, 'none' FROM calls WHERE outcome = 'unreachable'`);
  const blame = '(SELECT u.blame FROM sla_unreachable u WHERE u.call_id = c.id)';
  db.exec(`INSERT INTO sla_windows (window_start, host, origin, retry, excluded, ${CALL_CLASSES.join(', ')})
    SELECT at / ${WINDOW_MS} * ${WINDOW_MS}, host, origin, retry, 0, ${CALL_CLASSES.map((name) => `SUM(class = '${name}')`).join(', ')}
    FROM (SELECT c.at, c.host, CASE WHEN c.origin = 'sidecar' AND c.tag = 'sla-probe' THEN 'probe' ELSE c.origin END AS origin,
        c.attempt > 1 AS retry, ${classSql('c', blame)} AS class FROM calls c) AS classed
    GROUP BY 1, 2, 3, 4`);
  db.prepare("UPDATE spending SET rules_version = 'run_old' WHERE id = 1").run();
  if (!columnsOf(db, 'spending').includes('dated_to')) return;
  db.prepare(
    "UPDATE spending SET dated_to = ?, aged_to = ?, upstream_host = 'api.example:443', upstream_account = 'key-0'",
  ).run(NEWEST_AT, NEWEST_AT);
  insert('would_have', { word: 'budget_exceeded', budget: 'all', app: 'default', count: 3, credits: 30_000 });
}
