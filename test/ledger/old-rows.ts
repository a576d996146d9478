/**
 * The rows of a store as lists of plain values, read by SQL alone: the same lists from the tables of before and from the creates
 * of today.
 *
 * Meant to be different: the column `guarded` of holds, which said that there once were guards; `next_poll_at` of tasks, the instant
 * of their first poll; the columns `scope` and `app` of guards, which are the app of their create; the
 * numbers `seq` of refusals and of the audit, which are listed by their ids.
 */
import type Database from 'better-sqlite3';
import { CALL_CLASSES } from '../../src/calls/outcome.ts';

const REFUSALS = `SELECT id, request_id, at, app, tag, method, route, status, word, message, credits, budget, would_only
  FROM refusals ORDER BY id`;
const AUDIT = 'SELECT id, at, actor, action, subject, before, after, reason FROM audit ORDER BY id';
const WINDOWS = `SELECT window_start, host, origin, retry, excluded, ${CALL_CLASSES.join(', ')}
  FROM sla_windows ORDER BY window_start, host, origin, retry, excluded`;

const PACKS = `SELECT id, name, kind, total, remaining, purchased_at, effective_at, invalid_at, status, seen_at
  FROM account_packs ORDER BY id`;

/** What is read: each list by its statement for the tables of before, and for those of today. */
const LISTS = {
  holds: [holdsSql('holds'), holdsSql('creates')],
  entries: [
    'SELECT hold_id, seq, at, kind, credits, basis, note FROM entries ORDER BY hold_id, seq',
    `SELECT hold_id, ROW_NUMBER() OVER (PARTITION BY hold_id ORDER BY seq, id) AS seq, at, kind, credits, basis, note FROM (
       SELECT hold_id, seq, '' AS id, at, kind, credits, basis, note FROM entries WHERE seq < 3
       UNION ALL SELECT hold_id, 3, id, at, 'adjust', credits, basis, note FROM adjustments) ORDER BY hold_id, seq`,
  ],
  calls: ['SELECT * FROM calls ORDER BY at, id', 'SELECT * FROM calls ORDER BY at, id'],
  tasks: [
    `SELECT id, hold_id, state, status_message, created_at, updated_at, vendor_updated_at, results FROM tasks ORDER BY id`,
    `SELECT c.task_id AS id, c.id AS hold_id, task_state AS state, task_message AS status_message, task_created_at AS created_at,
       task_updated_at AS updated_at, vendor_updated_at, results
     FROM creates c LEFT JOIN task_results r ON r.hold_id = c.id WHERE c.task_id IS NOT NULL ORDER BY c.task_id`,
  ],
  states: [
    'SELECT task_id, state, at, source, message FROM task_events ORDER BY task_id, state',
    'SELECT task_id, state, at, source, message FROM task_events ORDER BY task_id, state',
  ],
  guards: [
    'SELECT kind, scope, app, value, hold_id, fingerprint FROM guards ORDER BY kind, scope, value',
    `SELECT 'key' AS kind, app AS scope, app, guard_key AS value, id AS hold_id, fingerprint FROM creates WHERE guard_key IS NOT NULL
     UNION ALL SELECT 'task_id', '', app, guard_task_id, id, fingerprint FROM creates WHERE guard_task_id IS NOT NULL
     ORDER BY 1, 2, 4`,
  ],
  usage: [usageSql('holds'), usageSql('creates')],
  refusals: [REFUSALS, REFUSALS],
  audit: [AUDIT, AUDIT],
  packs: [PACKS, PACKS],
  windows: [WINDOWS, WINDOWS],
} as const;

function holdsSql(table: string): string {
  return `SELECT id, request_id, at, app, tag, path, route, operation, model, mode, product, duration_seconds, credits, basis, weight,
    external_task_id, prompt_hash, prompt_preview, counters, state, settled_credits, task_id, ended_at, in_doubt, doubt_since,
    doubt_age_from, doubt_evidence, look_ups, next_look_up_at, upstream_host, upstream_account FROM ${table} ORDER BY id`;
}

function usageSql(table: string): string {
  return `SELECT at / 86400000 AS day, app, model, COUNT(*) AS creates, SUM(settled_credits) AS settled,
    SUM(CASE WHEN state = 'held' THEN credits ELSE 0 END) AS held FROM ${table} GROUP BY 1, 2, 3 ORDER BY 1, 2, 3`;
}

/** Tables that the migration makes, fills or drops. */
const CHANGED = new Set(
  `holds entries calls tasks task_events guards schema_migrations
   creates adjustments task_results task_states journal instances refusals refusal_count audit sla_windows
   queue_waits task_retry_chains task_retry_bodies task_retries joins learned_limits account_packs result_keeping result_files result_asks adoption adopted_counters
   callback_deliveries callback_keys callback_relays callbacks estimated_ends task_contradictions
   usage_slots usage_stale usage_summed`.split(/\s+/),
);

/** Gives each list by its name, and each table that the migration must not touch, as statements. */
export function listsOf(db: Database.Database, schema: 'old' | 'new'): Map<string, string> {
  const lists = new Map<string, string>();
  for (const [name, [old, now]] of Object.entries(LISTS)) lists.set(name, schema === 'old' ? old : now);
  const tables = db
    .prepare<[], string>(
      `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name`,
    )
    .pluck()
    .all();
  for (const name of tables) if (!CHANGED.has(name)) lists.set(`table ${name}`, `SELECT * FROM ${name}`);
  return lists;
}

/** Reads every list. */
export function readLists(db: Database.Database, schema: 'old' | 'new'): Map<string, object[]> {
  const lists = [...listsOf(db, schema)];
  return new Map(lists.map(([name, sql]) => [name, db.prepare<[], object>(sql).all()]));
}

/** A store and the schema that its lists are read by. */
export interface Side {
  db: Database.Database;
  schema: 'old' | 'new';
}

/** Compares the lists of two stores without keeping them; gives the differences, at most one of each list. */
export function differences(one: Side, other: Side): string[] {
  const [before, after] = [listsOf(one.db, one.schema), listsOf(other.db, other.schema)];
  const found: string[] = [];
  for (const name of new Set([...before.keys(), ...after.keys()])) {
    const [was, is] = [before.get(name), after.get(name)];
    if (was === undefined || is === undefined) found.push(`${name} is in one store only`);
    else {
      const difference = firstDifference(
        one.db.prepare<[], object>(was).iterate(),
        other.db.prepare<[], object>(is).iterate(),
      );
      if (difference !== null) found.push(`${name}: ${difference}`);
    }
  }
  return found;
}

function firstDifference(one: IterableIterator<object>, other: IterableIterator<object>): string | null {
  for (const row of one) {
    const [was, is] = [JSON.stringify(row), JSON.stringify(other.next().value ?? null)];
    if (was === is) continue;
    other.return?.();
    return `${was} became ${is}`;
  }
  const more = other.next();
  other.return?.();
  return more.done === true ? null : `${JSON.stringify(more.value)} is new`;
}
