/**
 * Reads the account in Kling's books: its packs, and the ledgers of deductions, at the times of the jobs `packs` and `ledgers`.
 *
 * Ledgers are read forward from the last known instant, five weeks of tasks at a time, and the last day again each time,
 * since a task may be charged after it was made. Requests are a second apart: Kling asks that of `GET /account/costs`
 * ("QPS<=1", Account Usage, read 2026-09-20), and nothing here is urgent.
 *
 * **Invariant**: only free reads, one at a time; a ledger counts as read up to an instant only when every page
 * before it was understood and stored. A failure is kept as a sentence and thrown; it does not prevent the other reads.
 */
import { SETTLING_MS, WALLETS, type AccountRead, type Pack, type Wallet } from '../account/account.ts';
import { readAccount, recordDeductions, recordPacks, recordRead } from '../account/account-table.ts';
import { sleep, type Clock } from '../clock.ts';
import {
  billingBody,
  billingPath,
  COSTS_ROUTE,
  costsPath,
  readBillingPage,
  readPacks,
  type Read,
} from '../kling/account.ts';
import type { CashPrice } from '../account/row-credits.ts';
import { spansAround, type Span } from '../account/spans.ts';
import { upstreamText, type UpstreamAsked } from '../budget/hold-upstream.ts';
import type { Envelope } from '../kling/envelope.ts';
import { heldTasksBefore } from '../ledger/settle-deductions.ts';
import type { Ledger } from '../outbox/ledger.ts';
import { dayOf } from '../sla/period.ts';
import type { Store } from '../store/store.ts';
import type { Ms } from '../units.ts';
import type { AskKling, OwnRequest } from '../upstream/ask.ts';
import { settleByLedgers } from './settle-by-ledgers.ts';

const DAY_MS = 86_400_000;
const PACE_MS = 1_000;
/** Packs bought within this time are asked for: a year's pack and some. */
const PACKS_BACK_MS = 400 * DAY_MS;
/** How far back a ledger is read at first: to the oldest month of a possible claim. */
const LEDGER_BACK_MS = 100 * DAY_MS;
/** Tasks of one question to a ledger. */
const STEP_MS = 35 * DAY_MS;
const NAMES = {
  packs: 'the packs',
  package: 'the ledger of units',
  balance: 'the ledger of money',
} as const;
/** Pages of one question: 500 rows each; an endless cursor must not be followed for ever. */
const PAGES_MAX = 20_000;
/** Held tasks that are older than what is read again are asked for by their times: this many at most, … */
const HELD_TASKS_MAX = 10_000;
/** … in this many questions, … */
const HELD_SPANS_MAX = 50;
/** … each from so long before a task to so long after it: our clock may differ from Kling's, and an answer takes a while. */
const HELD_MARGIN_MS = 600_000;

export interface AccountReaderDeps {
  store: Pick<Store, 'read' | 'write'>;
  ask: AskKling;
  clock: Clock;
  /** Runs the settlement by the ledgers. */
  ledger: Pick<Ledger, 'run'>;
  price: () => CashPrice;
  /** The upstream that is asked now. */
  line: () => UpstreamAsked;
  /** Called with the packs that Kling lists, and the upstream that was asked (`upstreamText`), once they are kept. */
  onPacks: (packs: readonly Pack[], upstream: string) => void;
}

/** An answer, and the upstream that gave it. */
interface Answered {
  envelope: Envelope;
  line: UpstreamAsked;
}

export class AccountReader {
  readonly #deps: AccountReaderDeps;
  /** Resolves when the last request that was asked for is answered. */
  #turn: Promise<void> = Promise.resolve();
  #answeredTick = -Infinity;
  #progress: string | null = null;

  constructor(deps: AccountReaderDeps) {
    this.#deps = deps;
  }

  /** What is being read now and how far, for people; null while nothing is read. */
  get progress(): string | null {
    return this.#progress;
  }

  /** Reads the packs; ends after the running request if the signal aborts. @throws Error with the reason. */
  readPacks(signal: AbortSignal): Promise<void> {
    return this.#readAll(['packs'], signal);
  }

  /**
   * Reads both ledgers from the last known instant, in the same way, and settles creates by what is known then.
   * @throws Error with the ledgers that failed, and why.
   */
  async readLedgers(signal: AbortSignal): Promise<void> {
    try {
      await this.#readAll(WALLETS, signal);
    } finally {
      if (!signal.aborted) await this.#settle(signal);
    }
  }

  async #settle(signal: AbortSignal): Promise<void> {
    const { ledger, clock, price, line } = this.#deps;
    const { host, account, fingerprint } = line();
    const args = { at: clock.now(), price: price(), upstream: { host, account, fingerprint } };
    await settleByLedgers(ledger, args, signal);
  }

  async #readAll(all: readonly ('packs' | Wallet)[], signal: AbortSignal): Promise<void> {
    const { store, clock } = this.#deps;
    const problems: string[] = [];
    for (const what of all) {
      if (signal.aborted) return;
      this.#progress = `reads ${NAMES[what]}`;
      const readAt = clock.now();
      const problem = await (what === 'packs' ? this.#packs(signal) : this.#ledger(what, signal));
      this.#progress = null;
      if (signal.aborted) return;
      await store.write(recordRead, problem === null ? { what, readAt, problem } : { what, problem });
      if (problem !== null) problems.push(`${NAMES[what]} could not be read from Kling: ${problem}`);
    }
    if (problems.length > 0) throw new Error(problems.join('; '));
  }

  async #packs(signal: AbortSignal): Promise<string | null> {
    const { store, clock, onPacks } = this.#deps;
    const at = clock.now();
    const path = costsPath(at - PACKS_BACK_MS, at);
    const answer = await this.#ask({ path, route: COSTS_ROUTE }, signal);
    if (typeof answer === 'string') return answer;
    const packs = readPacks(answer.envelope);
    if ('problem' in packs) return packs.problem;
    const { host, account } = answer.line;
    const upstream = upstreamText({ upstream_host: host, upstream_account: account });
    await store.write(recordPacks, { packs: packs.ok, upstream, at });
    onPacks(packs.ok, upstream);
    return null;
  }

  /** Reads a ledger from where it is known up to now, a step at a time; then the tasks that are held for longer. */
  async #ledger(wallet: Wallet, signal: AbortSignal): Promise<string | null> {
    const { store, clock } = this.#deps;
    const upstream = this.#upstream();
    const { reads } = await store.read(readAccount, {});
    const known = isOf(reads[wallet], upstream) ? reads[wallet] : { fromAt: null, throughAt: null };
    const until = clock.now();
    const fromAt = known.fromAt ?? until - LEDGER_BACK_MS;
    const knownTo = known.throughAt ?? fromAt;
    for (let start = knownTo; start < until && !signal.aborted;) {
      const end = Math.min(start + STEP_MS, until);
      const problem = await this.#step(wallet, { start, end, upstream }, signal);
      if (problem !== null) return problem;
      // Tasks of the last day may still be charged: they are read again the next time.
      const throughAt = Math.max(start, Math.min(end, until - SETTLING_MS));
      await store.write(recordRead, { what: wallet, fromAt, throughAt, upstream });
      start = end;
    }
    for (const span of await this.#heldSpans(fromAt, knownTo)) {
      const problem = await this.#step(wallet, { ...span, upstream }, signal);
      if (problem !== null) return problem;
    }
    return null;
  }

  /** The times around tasks that are older than what is read again, and held: they may be charged at any time. */
  async #heldSpans(from: Ms, before: Ms): Promise<Span[]> {
    const { store } = this.#deps;
    const instants = await store.read(heldTasksBefore, { from, before, limit: HELD_TASKS_MAX });
    return spansAround(instants, { marginMs: HELD_MARGIN_MS, spansMax: HELD_SPANS_MAX });
  }

  #upstream(): string {
    const { host, account } = this.#deps.line();
    return upstreamText({ upstream_host: host, upstream_account: account });
  }

  async #step(
    wallet: Wallet,
    { upstream, ...span }: Span & { upstream: string },
    signal: AbortSignal,
  ): Promise<string | null> {
    const route = billingPath(wallet);
    let body = billingBody(span);
    for (let page = 1; page <= PAGES_MAX && !signal.aborted; page += 1) {
      this.#progress = `reads ${NAMES[wallet]}: tasks of ${dayOf(span.start, 'UTC')} to ${dayOf(span.end, 'UTC')}, page ${page}`;
      const answer = await this.#ask({ path: route, route, body }, signal);
      if (typeof answer === 'string') return answer;
      const { host, account } = answer.line;
      if (upstreamText({ upstream_host: host, upstream_account: account }) !== upstream)
        return 'the upstream was changed meanwhile';
      const read: Read<{ cursor: string | null }> = await this.#keep(wallet, answer.envelope);
      if ('problem' in read) return `page ${page}: ${read.problem}`;
      if (read.ok.cursor === null) return null;
      body = billingBody({ cursor: read.ok.cursor });
    }
    return signal.aborted ? 'stopped' : `more than ${PAGES_MAX} pages`;
  }

  async #keep(wallet: Wallet, answer: Envelope): Promise<Read<{ cursor: string | null }>> {
    const page = readBillingPage(wallet, answer);
    if ('problem' in page) return page;
    const { deductions, cursor } = page.ok;
    if (deductions.length > 0) await this.#deps.store.write(recordDeductions, { deductions });
    return { ok: { cursor } };
  }

  /** Asks Kling when its turn has come: one request at a time, a second after the last answer. */
  #ask(request: OwnRequest, signal: AbortSignal): Promise<Answered | string> {
    const asking = this.#turn.then(() => this.#askNow(request, signal));
    this.#turn = asking.then(
      () => undefined,
      () => undefined,
    );
    return asking;
  }

  /** Gives a sentence if no answer came. */
  async #askNow(request: OwnRequest, signal: AbortSignal): Promise<Answered | string> {
    const { ask, clock } = this.#deps;
    const leftMs = this.#answeredTick + PACE_MS - clock.monotonic();
    if (leftMs > 0) await sleep(clock, leftMs, signal).catch(() => undefined);
    if (signal.aborted) return 'stopped';
    const { answer, failure, line } = await ask(request);
    this.#answeredTick = clock.monotonic();
    if (!answer) return `no answer: ${failure?.errorClass ?? 'unknown'}`;
    if (answer.envelope === null) return `HTTP ${answer.status} without Kling’s envelope`;
    return { envelope: answer.envelope, line };
  }
}

/** Returns whether a ledger's read is of an upstream; one that was read before this was recorded is. */
function isOf(read: AccountRead, upstream: string): boolean {
  return read.upstream === null || read.upstream === upstream;
}
