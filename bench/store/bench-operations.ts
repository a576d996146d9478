/** Operations shaped like a create's two writes: about ten statements each, over two budgets. */
import { defineWrite, type Migration } from '../../src/store/operation.ts';
import type { StoreModule } from '../../src/store/registry.ts';

const migrations: Migration[] = [
  {
    id: '001-bench',
    sqlite: `
      CREATE TABLE guards (app TEXT, key TEXT, hold_id TEXT NOT NULL, fingerprint TEXT NOT NULL, PRIMARY KEY (app, key)) STRICT;
      CREATE TABLE freezes (one INTEGER PRIMARY KEY, reason TEXT) STRICT;
      CREATE TABLE counters (budget TEXT, window_key TEXT, settled INTEGER NOT NULL, held INTEGER NOT NULL,
        PRIMARY KEY (budget, window_key)) STRICT, WITHOUT ROWID;
      CREATE TABLE holds (id TEXT PRIMARY KEY, at INTEGER NOT NULL, app TEXT NOT NULL, route TEXT NOT NULL, model TEXT,
        credits INTEGER NOT NULL, state TEXT NOT NULL, external_id TEXT, prompt_hash TEXT, prompt_preview TEXT) STRICT;
      CREATE INDEX holds_state ON holds (state, at) WHERE state = 'held';
      CREATE TABLE entries (id TEXT PRIMARY KEY, hold_id TEXT NOT NULL, budget TEXT NOT NULL, window_key TEXT NOT NULL,
        kind TEXT NOT NULL, credits INTEGER NOT NULL, at INTEGER NOT NULL) STRICT;
      CREATE TABLE tasks (id TEXT PRIMARY KEY, hold_id TEXT NOT NULL, state TEXT NOT NULL, at INTEGER NOT NULL) STRICT;
      CREATE TABLE calls (id TEXT PRIMARY KEY, at INTEGER NOT NULL, hold_id TEXT, route TEXT NOT NULL, host TEXT NOT NULL,
        status INTEGER, code INTEGER, duration REAL, request_id TEXT NOT NULL, kling_id TEXT, outcome TEXT NOT NULL) STRICT;
      CREATE TABLE windows (start INTEGER PRIMARY KEY, valid INTEGER NOT NULL, errors INTEGER NOT NULL) STRICT;`,
  },
];

export interface BenchAdmit {
  hold: {
    id: string;
    at: number;
    app: string;
    route: string;
    model: string;
    credits: number;
    externalId: string;
    promptHash: string;
    promptPreview: string;
  };
  enforce: boolean;
}
export interface BenchClose {
  holdId: string;
  at: number;
  taskId: string;
  call: {
    id: string;
    route: string;
    host: string;
    status: number;
    code: number;
    durationMs: number;
    requestId: string;
  };
}

const BUDGETS = ['daily', 'monthly'];
const WINDOW = '2026-11';
const LIMIT = 9_000_000_000_000;

export const benchAdmit = defineWrite(
  'bench.admit',
  async (tx, { hold }: BenchAdmit) => {
    const frozen = await tx.get('SELECT reason FROM freezes WHERE one = 1');
    const guard = await tx.get(
      'SELECT hold_id FROM guards WHERE app = ? AND key = ?',
      hold.app,
      hold.externalId,
    );
    if (frozen || guard) return { kind: 'refused', facts: [] };
    let remaining = LIMIT;
    for (const budget of BUDGETS) {
      const row = await tx.get<{ settled: number; held: number }>(
        'SELECT settled, held FROM counters WHERE budget = ? AND window_key = ?',
        budget,
        WINDOW,
      );
      remaining = LIMIT - (row?.settled ?? 0) - (row?.held ?? 0) - hold.credits;
    }
    for (const budget of BUDGETS) {
      await tx.run(
        `INSERT INTO counters (budget, window_key, settled, held) VALUES (?, ?, 0, ?)
       ON CONFLICT (budget, window_key) DO UPDATE SET held = held + excluded.held`,
        budget,
        WINDOW,
        hold.credits,
      );
    }
    await tx.run(
      `INSERT INTO holds (id, at, app, route, model, credits, state, external_id, prompt_hash, prompt_preview)
     VALUES (?, ?, ?, ?, ?, ?, 'held', ?, ?, ?)`,
      hold.id,
      hold.at,
      hold.app,
      hold.route,
      hold.model,
      hold.credits,
      hold.externalId,
      hold.promptHash,
      hold.promptPreview,
    );
    for (const budget of BUDGETS) {
      await tx.run(
        `INSERT INTO entries (id, hold_id, budget, window_key, kind, credits, at) VALUES (?, ?, ?, ?, 'hold', ?, ?)`,
        `${hold.id}-${budget}`,
        hold.id,
        budget,
        WINDOW,
        hold.credits,
        hold.at,
      );
    }
    return { kind: 'admitted', remainingCredits: remaining, wouldRefuse: null, facts: [] };
  },
  { scope: 'own' },
);

export const benchClose = defineWrite(
  'bench.close',
  async (tx, { holdId, at, taskId, call }: BenchClose) => {
    const hold = await tx.get<{ credits: number }>(
      `SELECT credits FROM holds WHERE id = ? AND state = 'held'`,
      holdId,
    );
    await tx.run(`UPDATE holds SET state = 'settled' WHERE id = ?`, holdId);
    for (const budget of BUDGETS) {
      await tx.run(
        'UPDATE counters SET held = held - ?, settled = settled + ? WHERE budget = ? AND window_key = ?',
        hold?.credits ?? 0,
        hold?.credits ?? 0,
        budget,
        WINDOW,
      );
      await tx.run(
        `INSERT INTO entries (id, hold_id, budget, window_key, kind, credits, at) VALUES (?, ?, ?, ?, 'settle', ?, ?)`,
        `${holdId}-${budget}-s`,
        holdId,
        budget,
        WINDOW,
        hold?.credits ?? 0,
        at,
      );
    }
    await tx.run(
      `INSERT INTO tasks (id, hold_id, state, at) VALUES (?, ?, 'submitted', ?)`,
      taskId,
      holdId,
      at,
    );
    await tx.run(
      `INSERT INTO calls (id, at, hold_id, route, host, status, code, duration, request_id, kling_id, outcome)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, 'ok')`,
      call.id,
      at,
      holdId,
      call.route,
      call.host,
      call.status,
      call.code,
      call.durationMs,
      call.requestId,
    );
    await tx.run(
      'INSERT INTO windows (start, valid, errors) VALUES (?, 1, 0) ON CONFLICT (start) DO UPDATE SET valid = valid + 1',
      at - (at % 300_000),
    );
    return { facts: [{ kind: 'hold_resolved', holdId, state: 'settled', credits: hold?.credits ?? 0, at }] };
  },
  { scope: 'own' },
);

/** One row and no more: the cost of a batch without its statements. */
export const benchSmall = defineWrite(
  'bench.small',
  async (tx, at: number) =>
    tx.run('INSERT INTO windows (start, valid, errors) VALUES (?, 1, 0) ON CONFLICT (start) DO NOTHING', at),
  { scope: 'own' },
);

export const benchModule: StoreModule = { migrations, operations: [benchAdmit, benchClose, benchSmall] };
