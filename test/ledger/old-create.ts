/** One create as versions before `creates` kept it: a hold with its rows in six other tables. */
import type { SqlValue } from '../../src/store/operation.ts';
import type { CallOutcome, TaskState } from '../../src/words.ts';

/** A row by its columns. */
export type Values = Record<string, SqlValue>;

export interface OldCreate {
  hold: Values & {
    id: string;
    at: number;
    app: string;
    credits: number;
    state: string;
    settled_credits: number;
  };
  entries: Values[];
  calls: Values[];
  tasks: Values[];
  events: Values[];
  guards: Values[];
  answers: Values[];
  audit: Values[];
}

/** What decides one create: its place in the store, and numbers from 0 to below 1 that the seed repeats. */
export interface DraftPlace {
  n: number;
  at: number;
  /** Answers older than a day have expired by then. */
  now: number;
  random: () => number;
}

const TEXTS = [
  'a cat',
  'Ein Käfer über “Öl”',
  '一只猫在跳舞 🐈‍⬛',
  'it\'s 100% \\ "quoted"\n\tand tabbed',
  'مرحبا',
];
const APPS = ['default', 'studio', 'büro-7', '工作室'];
const TAGS = [null, 'blue', 'a b/c~d.e', '标签'];
const MODELS = [null, 'kling-v1', 'kling-v2-1', 'kling-v3-omni'];
const ROUTES = ['/v1/videos/text2video', '/v1/videos/image2video', '/v1/images/generations', 'unknown'];
const HOSTS = ['api.example:443', 'api.example:443', 'api.other.example:8443'];
const DAY_MS = 86_400_000;

/** A create that is being written: each step adds the rows that the program added. */
export class Draft {
  readonly place: DraftPlace;
  readonly rows: OldCreate;

  constructor(place: DraftPlace) {
    this.place = place;
    const { n, at } = place;
    const route = this.one(ROUTES);
    const credits = this.one([0, 500, 10_000, 35_000]);
    const id = `hold_${idOf(n, at)}`;
    const hold = {
      id,
      request_id: this.one([`req_${idOf(n, at)}`, `their-${n}-é`]),
      at,
      app: this.one(APPS),
      tag: this.one(TAGS),
      path: route === 'unknown' ? '/v9/new/thing' : route,
      route,
      operation: this.one(['text-to-video', 'image', 'unknown']),
      model: this.one(MODELS),
      mode: this.one([null, 'std', 'pro']),
      product: this.one(['video', 'image']),
      duration_seconds: this.one([null, '5', '10']),
      credits,
      basis: this.one(['exact', 'assumed', 'unknown']),
      weight: this.one([0, 1, 2]),
      external_task_id: this.one([null, `ks_${idOf(n, at)}`, `ks_${idOf(n, at)}`]),
      prompt_hash: null,
      prompt_preview: null,
      counters: '',
      guarded: 0,
      state: 'held',
      settled_credits: 0,
      task_id: null,
      ended_at: null,
      in_doubt: 0,
      doubt_since: null,
      doubt_age_from: null,
      doubt_evidence: null,
      look_ups: 0,
      next_look_up_at: null,
      upstream_host: this.one(HOSTS),
      upstream_account: this.one([null, 'key-0']),
    };
    const entry = { hold_id: id, seq: 1, at, kind: 'hold', credits, basis: 'estimate', note: null };
    const none: Omit<OldCreate, 'hold'> = {
      entries: [entry],
      calls: [],
      tasks: [],
      events: [],
      guards: [],
      answers: [],
      audit: [],
    };
    this.rows = { hold, ...none };
    if (this.chance(0.6)) this.set({ prompt_hash: String(n).padStart(32, '0'), prompt_preview: this.text() });
  }

  get id(): string {
    return this.rows.hold.id;
  }

  one<T>(values: readonly T[]): T {
    return values[Math.floor(this.place.random() * values.length)] as T;
  }

  chance(part: number): boolean {
    return this.place.random() < part;
  }

  text(): string {
    return this.one(TEXTS);
  }

  /** An instant some time after the create. */
  after(ms: number): number {
    return this.place.at + ms + Math.floor(this.place.random() * 900);
  }

  set(values: Values): this {
    Object.assign(this.rows.hold, values);
    return this;
  }

  /** Adds an attempt; the task id is that of the create's task unless `other` names another. */
  call(outcome: CallOutcome, other: Values = {}): this {
    const { n } = this.place;
    const { hold, calls } = this.rows;
    const attempt = calls.length + 1;
    const isAnswered = ['ok', 'client_error', 'throttled', 'server_error'].includes(outcome);
    calls.push({
      at: this.place.at + 20 * attempt,
      id: `call_${idOf(n, this.place.at)}${attempt}`,
      request_id: hold['request_id'] ?? null,
      app: hold.app,
      tag: hold['tag'] ?? null,
      method: 'POST',
      route: hold['route'] ?? null,
      host: hold['upstream_host'] ?? null,
      status: isAnswered ? 200 : null,
      code: isAnswered ? 0 : null,
      kling_request_id: isAnswered ? this.one([null, `kr-${n}`]) : null,
      task_id: null,
      hold_id: hold.id,
      attempt,
      outcome,
      error_class: isAnswered ? null : this.one([null, 'connect', 'timeout']),
      duration_ms: 12.5 + (n % 100) / 3,
      overhead_ms: 0.25,
      bytes_sent: 250 + (n % 50),
      bytes_received: isAnswered ? 180 : 0,
      clock_offset_ms: this.one([null, -12.5, 4]),
      origin: 'app',
      evidence: isAnswered
        ? null
        : JSON.stringify({ date: null, server: 'edge', via: null, cause: this.text() }),
      ...other,
    });
    return this;
  }

  /** Names the task of the create, in its first state. */
  task(source: string, state: TaskState, message: string | null = null): this {
    const id = `task-${this.place.n}-${this.rows.hold['product']}`;
    const seenAt = this.after(1_000);
    this.set({ task_id: id, in_doubt: 0, next_look_up_at: null });
    this.rows.tasks.push({
      id,
      hold_id: this.id,
      state,
      status_message: message,
      created_at: source === 'look_up' ? this.place.at : seenAt,
      updated_at: seenAt,
      vendor_updated_at: this.one([null, seenAt - 5]),
      next_poll_at: seenAt,
      results: null,
    });
    this.rows.events.push({ task_id: id, state, at: seenAt, source, message });
    const last = this.rows.calls.at(-1);
    if (source === 'create' && last) last['task_id'] = id;
    return this;
  }

  /** Moves the task to a later state. */
  advance(source: string, state: TaskState, message: string | null = null): this {
    const [task] = this.rows.tasks;
    if (!task) throw new Error('a create without a task does not advance');
    const at = Number(task['updated_at']) + 30_000;
    Object.assign(task, {
      state,
      status_message: message,
      updated_at: at,
      vendor_updated_at: this.one([null, at - 9]),
    });
    this.rows.events.push({ task_id: task['id'] ?? null, state, at, source, message });
    return this;
  }

  results(): this {
    const [task] = this.rows.tasks;
    const url = `https://cdn.example/${this.place.n}/vidéo.mp4?sign=a%20b`;
    if (task) task['results'] = JSON.stringify([{ url, watermarkUrl: null, durationSeconds: '5.1' }]);
    return this;
  }

  doubt(evidence = this.text()): this {
    const since = this.after(2_000);
    const canBeAsked = this.rows.hold['external_task_id'] !== null;
    this.set({
      in_doubt: 1,
      doubt_since: since,
      doubt_age_from: this.one([since - 7, since]),
      doubt_evidence: evidence,
    });
    return this.set({ look_ups: this.one([0, 3]), next_look_up_at: canBeAsked ? since + 15_000 : null });
  }

  /** Ends the hold. */
  end(
    state: 'settled' | 'released' | 'written_off',
    credits: number,
    basis: string,
    note: string | null = null,
  ): this {
    const at = this.after(60_000);
    const kind = { settled: 'settle', released: 'release', written_off: 'write_off' }[state];
    this.set({ state, settled_credits: credits, ended_at: at, in_doubt: 0, next_look_up_at: null });
    this.rows.entries.push({ hold_id: this.id, seq: 2, at, kind, credits, basis, note });
    return this;
  }

  /** Adjusts the hold to an amount that was learnt later. */
  adjust(credits: number, basis = 'reported'): this {
    const { hold, entries } = this.rows;
    const by = credits - hold.settled_credits;
    const at = this.after(90_000 + entries.length * 1_000);
    if (by === 0) return this;
    hold.settled_credits = credits;
    entries.push({
      hold_id: this.id,
      seq: entries.length + 1,
      at,
      kind: 'adjust',
      credits: by,
      basis,
      note: this.one([null, this.text()]),
    });
    return this;
  }

  /** Ends the hold on an operator's word. */
  operator(action: 'release' | 'write-off'): this {
    const reason = this.text();
    if (action === 'release') this.end('released', 0, 'none', reason);
    else this.end('written_off', this.rows.hold.credits, 'estimate', reason);
    const words = { before: 'held in doubt', after: this.one([null, 'ended']), reason };
    const at = this.rows.hold['ended_at'] ?? null;
    this.rows.audit.push({
      id: `audit_${idOf(this.place.n, 0)}`,
      at,
      actor: 'os:zoë',
      action: `hold.${action}`,
      subject: this.id,
      ...words,
    });
    return this;
  }

  /** Guards the request by a key, the caller's own external task id, or both. */
  guard(kinds: 'key' | 'task_id' | 'both'): this {
    const { n } = this.place;
    const common = { hold_id: this.id, app: this.rows.hold.app, fingerprint: `bytes-${n}` };
    this.set({ guarded: 1 });
    if (kinds !== 'task_id') {
      // Plain and not plain ones.
      const value = this.chance(0.2) ? `order ${n} ü` : `order-${n}`;
      this.rows.guards.push({ kind: 'key', scope: this.rows.hold.app, value, ...common });
    }
    if (kinds !== 'key') {
      this.set({ external_task_id: `mine-${n}` });
      this.rows.guards.push({ kind: 'task_id', scope: '', value: `mine-${n}`, ...common });
    }
    return this;
  }

  /** Keeps an answer for repeats, or with null that there will be none. */
  answer(status: number | null, isExpired = false): this {
    const at = this.place.now - (isExpired ? 3 * DAY_MS : 3_600_000) - this.place.n;
    const body = Buffer.from(`{"code":0,"n":${this.place.n},"text":${JSON.stringify(this.text())}}`);
    const headers = JSON.stringify([['content-type', 'application/json']]);
    const kept = status === null ? { headers: null, body: null } : { headers, body };
    this.rows.answers.push({ hold_id: this.id, at, status, ...kept });
    return this;
  }
}

/** Gives the last 26 characters of an id: in the order of time, then of numbers. */
export function idOf(n: number, at: number): string {
  return at.toString(36).padStart(10, '0') + String(n).padStart(16, '0');
}
