/**
 * Reads the account as Kling keeps it: packs every hour, the ledgers of deductions every six.
 *
 * Ledgers are read forward from where they are known, five weeks of tasks at a time, and the last day again each time,
 * since a task may be charged after it was made. Requests are a second apart: Kling asks that of `GET /account/costs`
 * ("QPS<=1", Account Usage, read 2026-09-20), and nothing here is urgent.
 *
 * **Invariant**: free reads alone; one pass at a time; a ledger counts as read up to an instant only when every page
 * before it was understood and stored. A failure is kept as a sentence, told once, and tried again.
 */
import { SETTLING_MS, WALLETS, type Wallet } from '../account/account.ts';
import { readAccount, recordDeductions, recordPacks, recordRead } from '../account/account-table.ts';
import type { CallRecord } from '../calls/call.ts';
import type { Clock, Timer } from '../clock.ts';
import { newId } from '../ids.ts';
import {
  billingBody,
  billingPath,
  COSTS_ROUTE,
  costsPath,
  readBillingPage,
  readPacks,
  type Read,
} from '../kling/account.ts';
import type { Envelope } from '../kling/envelope.ts';
import type { Store } from '../store/store.ts';
import type { Ms } from '../units.ts';
import type { Upstream } from '../upstream/upstream.ts';

const DAY_MS = 86_400_000;
/** Whether anything is due is looked at this often; the first time soon after the start. */
const LOOK_MS = 60_000;
const FIRST_LOOK_MS = 30_000;
const PACKS_PERIOD_MS = 3_600_000;
const LEDGER_PERIOD_MS = 6 * 3_600_000;
/** What failed is tried again after this time. */
const RETRY_MS = 15 * 60_000;
const PACE_MS = 1_000;
/** Packs bought within this time are asked for: a year's pack and some. */
const PACKS_BACK_MS = 400 * DAY_MS;
/** How far back a ledger is read at first: as far as a claim may still reach. */
const LEDGER_BACK_MS = 100 * DAY_MS;
/** Tasks of one question to a ledger. */
const STEP_MS = 35 * DAY_MS;
const NAMES = {
  packs: 'the packs',
  package: 'the ledger of units',
  balance: 'the ledger of money',
} as const;
/** Pages of one question: 500 rows each; a cursor that never ends must not be followed for ever. */
const PAGES_MAX = 20_000;

export interface AccountReaderDeps {
  store: Pick<Store, 'read' | 'write'>;
  upstream: Upstream;
  clock: Clock;
  /** Whether it reads by itself. */
  isOn: () => boolean;
  journal: (call: CallRecord) => void;
  onError: (message: string, error: unknown) => void;
}

export class AccountReader {
  readonly #deps: AccountReaderDeps;
  #timer: Timer | null = null;
  #running: Promise<void> | null = null;
  #isStopped = false;
  /** Ends a pause between two requests. */
  #wake: () => void = () => {};
  #isFirstRequest = true;
  /** What failed last, so that it is told once, and when it is tried again. */
  readonly #failed = new Map<string, { problem: string; againTick: Ms }>();

  constructor(deps: AccountReaderDeps) {
    this.#deps = deps;
  }

  start(): void {
    this.#schedule(FIRST_LOOK_MS);
  }

  /** Ends after the request under way. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#timer?.cancel();
    this.#wake();
    await this.#running;
  }

  /** Reads what is due; resolves when it is read or has failed. */
  async runDue(): Promise<void> {
    this.#running ??= this.#pass().finally(() => {
      this.#running = null;
    });
    await this.#running;
  }

  #schedule(delayMs: Ms): void {
    this.#timer = this.#deps.clock.after(delayMs, () => {
      const pass = this.#deps.isOn() ? this.runDue() : Promise.resolve();
      void pass.finally(() => {
        if (!this.#isStopped) this.#schedule(LOOK_MS);
      });
    });
  }

  async #pass(): Promise<void> {
    const { store, clock, onError } = this.#deps;
    this.#isFirstRequest = true;
    try {
      const { reads } = await store.read(readAccount, {});
      if (isDue(reads.packs.readAt, clock.now(), PACKS_PERIOD_MS)) {
        await this.#attempt('packs', () => this.#packs());
      }
      for (const wallet of WALLETS) {
        if (!isDue(reads[wallet].readAt, clock.now(), LEDGER_PERIOD_MS)) continue;
        await this.#attempt(wallet, () => this.#ledger(wallet));
      }
    } catch (error) {
      onError('the account could not be read', error);
    }
  }

  /** Runs one reading; one that fails is noted and tried again after a while. */
  async #attempt(what: 'packs' | Wallet, read: () => Promise<string | null>): Promise<void> {
    const { store, clock, onError } = this.#deps;
    const failed = this.#failed.get(what);
    if (this.#isStopped || (failed && clock.monotonic() < failed.againTick)) return;
    const readAt = clock.now();
    const problem = await read();
    if (this.#isStopped) return;
    if (problem === null) {
      this.#failed.delete(what);
      await store.write(recordRead, { what, readAt, problem });
      return;
    }
    await store.write(recordRead, { what, problem });
    if (failed?.problem !== problem)
      onError(`${NAMES[what]} could not be read from Kling`, new Error(problem));
    this.#failed.set(what, { problem, againTick: clock.monotonic() + RETRY_MS });
  }

  async #packs(): Promise<string | null> {
    const { store, clock } = this.#deps;
    const at = clock.now();
    const answer = await this.#ask({
      method: 'GET',
      path: costsPath(at - PACKS_BACK_MS, at),
      route: COSTS_ROUTE,
      body: null,
    });
    if (typeof answer === 'string') return answer;
    const packs = readPacks(answer);
    if ('problem' in packs) return packs.problem;
    await store.write(recordPacks, { packs: packs.ok, at });
    return null;
  }

  /** Reads a ledger from where it is known up to now, a step at a time. */
  async #ledger(wallet: Wallet): Promise<string | null> {
    const { store, clock } = this.#deps;
    const { reads } = await store.read(readAccount, {});
    const until = clock.now();
    const fromAt = reads[wallet].fromAt ?? until - LEDGER_BACK_MS;
    let start = reads[wallet].throughAt ?? fromAt;
    while (start < until && !this.#isStopped) {
      const end = Math.min(start + STEP_MS, until);
      const problem = await this.#step(wallet, { start, end });
      if (problem !== null) return problem;
      // What was made within the last day may still be charged: it is read again the next time.
      const throughAt = Math.max(start, Math.min(end, until - SETTLING_MS));
      await store.write(recordRead, { what: wallet, fromAt, throughAt });
      start = end;
    }
    return null;
  }

  async #step(wallet: Wallet, span: { start: Ms; end: Ms }): Promise<string | null> {
    const route = billingPath(wallet);
    let body = billingBody(span);
    for (let page = 1; page <= PAGES_MAX && !this.#isStopped; page += 1) {
      const answer = await this.#ask({ method: 'POST', path: route, route, body });
      if (typeof answer === 'string') return answer;
      const read: Read<{ cursor: string | null }> = await this.#keep(wallet, answer);
      if ('problem' in read) return `page ${page}: ${read.problem}`;
      if (read.ok.cursor === null) return null;
      body = billingBody({ cursor: read.ok.cursor });
    }
    return this.#isStopped ? 'stopped' : `more than ${PAGES_MAX} pages`;
  }

  async #keep(wallet: Wallet, answer: Envelope | null): Promise<Read<{ cursor: string | null }>> {
    const page = readBillingPage(wallet, answer);
    if ('problem' in page) return page;
    const { deductions, cursor } = page.ok;
    if (deductions.length > 0) await this.#deps.store.write(recordDeductions, { deductions });
    return { ok: { cursor } };
  }

  /** Asks Kling, a second after the last time; a sentence where no answer came. */
  async #ask(request: {
    method: 'GET' | 'POST';
    path: string;
    route: string;
    body: string | null;
  }): Promise<Envelope | null | string> {
    const { upstream, clock, journal } = this.#deps;
    if (!this.#isFirstRequest) await this.#pause();
    this.#isFirstRequest = false;
    if (this.#isStopped) return 'stopped';
    const { method, path, route } = request;
    const body = request.body === null ? null : Buffer.from(request.body);
    const headers = ['accept', 'application/json', ...(body ? ['content-type', 'application/json'] : [])];
    const requestId = newId('req', clock.now());
    const context = {
      requestId,
      app: 'sidecar',
      tag: null,
      route,
      holdId: null,
      origin: 'sidecar' as const,
      overheadMs: 0,
    };
    const { answer, failure, calls } = await upstream.exchange({ method, path, headers, body }, { context });
    for (const call of calls) journal(call);
    if (!answer) return `no answer: ${failure?.errorClass ?? 'unknown'}`;
    if (answer.envelope === null) return `HTTP ${answer.status} without Kling’s envelope`;
    return answer.envelope;
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#deps.clock.after(PACE_MS, resolve);
      this.#wake = () => {
        timer.cancel();
        resolve();
      };
    });
  }
}

function isDue(readAt: Ms | null, now: Ms, periodMs: Ms): boolean {
  return readAt === null || now - readAt >= periodMs || now < readAt;
}
