/** Months to write letters from: calls into a store, and the claim's documents out of it. */
import type { CallRecord } from '../../src/calls/call.ts';
import type { ClaimSettings } from '../../src/claims/claim-case.ts';
import { composeClaim } from '../../src/claims/compose.ts';
import type { Composed } from '../../src/claims/documents.ts';
import { draftClaim, explainNothing, type DraftResult } from '../../src/claims/draft.ts';
import { KLING_HOSTS } from '../../src/claims/evidence.ts';
import type { Fact } from '../../src/facts.ts';
import { correctBlame } from '../../src/sla/blame-table.ts';
import { addExclusion } from '../../src/sla/exclusion-table.ts';
import { journalCalls } from '../../src/sla/journal.ts';
import type { StoredMonthQuestion } from '../../src/sla/month-table.ts';
import { insertSettled } from '../ledger/making.ts';
import type { MemoryStore } from '../ledger/memory-store.ts';
import { openMemoryLedger } from '../outbox/test-ledger.ts';
import { ask, newCall, newUnreachable, journalled } from '../sla/making.ts';
import { createSlaStore } from '../sla/sla-store.ts';

export const OUTAGE = Date.UTC(2026, 9, 5, 3);
export const WINDOW = 300_000;

export const SETTINGS: ClaimSettings = {
  claimant: { accountId: 'acct-42', company: null, contact: null, signatory: null },
  baseUrl: 'https://api-singapore.klingai.com',
  calendar: 'CN',
  calendarOverride: null,
  invoice: null,
  packPrices: [],
  price: { perCredit: '0.014', currency: 'USD' },
};

/** A month under way: what happened in it, in windows after the beginning of the outage. */
export class LetterCase {
  readonly store: MemoryStore = createSlaStore();
  readonly #ledger = openMemoryLedger(this.store);
  settings: ClaimSettings = SETTINGS;
  question: Partial<StoredMonthQuestion> = {};
  #made = 0;

  /** Windows of one request each, answered with 500 unless told otherwise. */
  async fail(
    windows: number,
    fields: Partial<CallRecord> & { from?: number; every?: number } = {},
  ): Promise<this> {
    const { from = 0, every = 1, ...call } = fields;
    return this.call(
      Array.from({ length: windows }, (_, n) => ({
        at: OUTAGE + (from + n * every) * WINDOW,
        status: 500,
        ...call,
      })),
    );
  }

  async call(calls: readonly Partial<CallRecord>[]): Promise<this> {
    await this.store.run(
      journalCalls,
      journalled(calls.map((one) => newCall({ id: this.#id('call'), ...one }))),
    );
    return this;
  }

  /** As `fail`, recorded by another program. */
  async failElsewhere(windows: number, fields: Partial<CallRecord> & { from?: number } = {}): Promise<this> {
    for (let n = 0; n < windows; n += 1) {
      await this.fail(1, { ...fields, from: (fields.from ?? 0) + n, id: this.#id('imp') });
    }
    return this;
  }

  /** Windows of one request each that never arrived, Kling to blame by an operator's word. */
  async lose(windows: number, from: number): Promise<this> {
    const at = OUTAGE + from * WINDOW;
    const calls = Array.from({ length: windows }, (_, n) => newUnreachable({ at: at + n * WINDOW }));
    await this.store.run(journalCalls, journalled(calls));
    const span = { start: at, end: at + windows * WINDOW };
    await this.store.run(correctBlame, { ...span, blame: 'upstream', source: 'a mail', actor: 'ana', at });
    return this;
  }

  async blameOurselves(window: number, source: string): Promise<this> {
    const start = OUTAGE + window * WINDOW;
    const span = { start, end: start + WINDOW, blame: 'local' as const, source };
    await this.store.run(correctBlame, { ...span, actor: source, at: start });
    return this;
  }

  async exclude(window: number, source = 'a mail'): Promise<this> {
    const start = OUTAGE + window * WINDOW;
    const span = { start, end: start + WINDOW, clause: '2.2(i)', source };
    await this.store.run(addExclusion, { ...span, actor: source, at: start });
    return this;
  }

  /** A sidecar that ran the whole month. */
  observe(): this {
    this.store.db.exec(
      `INSERT INTO sla_runs (id, started_at, last_at)
       VALUES ('run', ${Date.UTC(2026, 8, 1)}, ${Date.UTC(2026, 11, 1)})`,
    );
    return this;
  }

  /** Moves what happened to the same day of another month. */
  inMonth(month: string): this {
    const by = Date.parse(`${month}-05T03:00:00Z`) - OUTAGE;
    for (const [table, column] of [
      ['journal', 'at'],
      ['sla_windows', 'window_start'],
    ]) {
      this.store.db.exec(`UPDATE ${table} SET ${column} = ${column} + ${by}`);
    }
    this.question = { ...this.question, month };
    return this;
  }

  with(settings: Partial<ClaimSettings>): this {
    this.settings = { ...this.settings, ...settings };
    return this;
  }

  /** Settles credits within the month, as Kling reported or as we estimate. */
  settle(credits: number, basis: 'reported' | 'estimate'): this {
    insertSettled(this.store, { id: this.#id('hold'), at: OUTAGE, credits: credits * 1000, basis });
    return this;
  }

  /** Gives the documents by name; fails where nothing is due. */
  async documents(): Promise<Record<string, string>> {
    const { claim } = await this.#compose();
    if (!claim) throw new Error('nothing is due');
    return Object.fromEntries(claim.files.map(({ name, text }) => [name, text]));
  }

  /** Gives what is asked for; fails where nothing is due. */
  async asked(): Promise<number | null> {
    const { claim } = await this.#compose();
    if (!claim) throw new Error('nothing is due');
    return claim.asked;
  }

  /** Says why nothing is due; fails where something is. */
  async whyNothing(): Promise<string> {
    const composed = await this.#compose();
    if (composed.claim) throw new Error('a claim is due');
    return explainNothing(composed.measured, composed.nothingDue);
  }

  #compose(): Promise<Composed> {
    return this.store.run(composeClaim, { question: this.#asked(), settings: this.settings });
  }

  #asked(): StoredMonthQuestion {
    const now = Date.UTC(2026, 10, 21);
    return { ...ask({ timeZone: 'Asia/Shanghai', now }), hosts: KLING_HOSTS, ...this.question };
  }

  /** Gives the facts that drafts published since it was asked last. */
  published(): Fact[] {
    return this.#ledger.published.splice(0);
  }

  /** Drafts the month's claim into a folder. */
  draft(directory: string): Promise<DraftResult> {
    const { run } = this.store;
    const order = { actor: 'ana', reason: 'monthly' };
    const request = { question: this.#asked(), settings: this.settings, directory, order };
    return draftClaim({ store: { read: run, write: run }, ledger: this.#ledger }, request);
  }

  #id(kind: string): string {
    this.#made += 1;
    return `${kind}_${String(this.#made).padStart(26, '0')}`;
  }
}

/** A month of which `windows` windows failed, one request in each. */
export function failed(windows = 10): Promise<LetterCase> {
  return new LetterCase().fail(windows);
}
