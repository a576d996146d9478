/**
 * Keeps results: downloads the files of tasks that succeeded, in the background, until they are saved or expired.
 *
 * The transaction that ends a task makes a row for each of its files (`tasks/result-file-table.ts`). A pass takes those that are
 * due, a few at a time; one that fails is tried again after a wait that doubles, to an hour. It has expired once a try fails
 * after its time. Where an address is refused, Kling is asked for another one (`asking/result-asks.ts`).
 *
 * While the quota is used up, or the disk is low, nothing is downloaded: what waits goes on waiting, and an alert says so.
 *
 * **Invariant**: a row is `saved` after its file is whole and durable, never before. At a start no part is left that no row
 * waits for. A request of an app never waits for a download; no key of ours is sent.
 */
import { doublingWait } from '../retry.ts';
import { newId } from '../ids.ts';
import type { Clock } from '../clock.ts';
import type { Fact } from '../facts.ts';
import type { Ledger } from '../outbox/ledger.ts';
import { Repeating } from '../repeating.ts';
import type { Store } from '../store/store.ts';
import {
  dueFiles,
  expireFile,
  isKeeping,
  isWaiting,
  noteRemoved,
  noteSaved,
  planEarlier,
  putOffFile,
  savedBefore,
  savedBytes,
  setKeeping,
  type DueFile,
} from '../tasks/result-file-table.ts';
import { RESULT_LIFE_MS } from '../tasks/result-file.ts';
import type { Ms } from '../units.ts';
import type { Dispatcher } from '../upstream/undici.ts';
import { DAY_MS } from '../zone.ts';
import { agentOf, type DownloadRules } from './result-request.ts';
import type { ResultStore } from './result-store.ts';
import type { ResultsConfig } from './results-config.ts';
import { Room, type NoRoom } from './room.ts';
import { SaveFailed, saveFile } from './save-file.ts';

const GIB = 1_073_741_824;
const WAITS = { firstMs: 5_000, maxMs: 3_600_000 };
/** How often a pass looks for room while there is none, and how long an unexpected error waits. */
const LOOK_MS: Ms = 60_000;
/** How often a pass looks for old files, and at the clock, while nothing is due. */
const IDLE_LOOK_MS: Ms = 600_000;
/** Tasks whose earlier results are planned in one transaction. */
const EARLIER_TASKS = 100;
/** Saved files that are removed in one pass, when `results.keepDays` are over. */
const REMOVED_AT_ONCE = 100;
/** A task takes a month at most, and its results are kept by Kling for one. */
const EARLIER_MS = 2 * RESULT_LIFE_MS;
/** A last try before a file expires. */
const LAST_TRY_MS: Ms = 300_000;
/** The statuses of an address that no longer works. */
const REFUSED: ReadonlySet<number | null> = new Set([401, 403, 404, 410]);

/** What became of one try. */
export interface SaveTry {
  file: DueFile;
  /** Null where it was saved. */
  reason: string | null;
  message: string | null;
  bytes: number | null;
  ms: Ms;
}

export interface KeptResultsDeps {
  store: Pick<Store, 'read' | 'write' | 'background'>;
  ledger: Pick<Ledger, 'run'>;
  /** Dates follow Kling's clock: a wall clock that jumped expires nothing. */
  clock: Clock;
  config: () => ResultsConfig;
  destination: ResultStore;
  /** The rules that the upstream gives; the hosts and limits are those of the config. */
  reach: () => Pick<DownloadRules, 'mayUseLoopback' | 'proxy' | 'caFile' | 'lookup'>;
  onTry: (one: SaveTry) => void;
  onError: (message: string, error: unknown) => void;
}

export class KeptResults {
  readonly #deps: KeptResultsDeps;
  readonly #passes: Repeating;
  readonly #room: Room;
  readonly #running = new Map<string, Promise<void>>();
  readonly #doubted = new Map<string, string>();
  #stop = new AbortController();
  #agent: Dispatcher | null = null;
  #isOn: boolean | null = null;
  #hasEarlier = false;
  #noRoom: NoRoom | null = null;

  constructor(deps: KeptResultsDeps) {
    this.#deps = deps;
    const { config, destination } = deps;
    this.#room = new Room({
      quotaBytes: () => config().quotaGiB * GIB,
      roomBytes: () => destination.roomBytes(),
    });
    this.#passes = new Repeating({
      clock: deps.clock,
      pass: () => this.#pass(),
      onError: (error) => deps.onError('results could not be kept', error),
      errorWaitMs: LOOK_MS,
    });
  }

  /** Begins, if results are kept. */
  start(): void {
    this.#passes.wake();
  }

  /** Learns from facts that a task succeeded. */
  follow(facts: readonly Fact[]): void {
    if (this.#isOn !== true) return;
    if (facts.some((fact) => fact.kind === 'task_changed' && fact.to === 'succeeded')) this.#passes.wake();
  }

  /** Looks again: rows of files have changed, or the config. */
  wake(): void {
    this.#passes.wake();
  }

  /** Where saved files are. */
  get destination(): ResultStore {
    return this.#deps.destination;
  }

  /** Why nothing is downloaded now; null while something may be. */
  get noRoom(): NoRoom | null {
    return this.#noRoom;
  }

  /** Bytes of saved files, and the most that may be. */
  get use(): { savedBytes: number; quotaBytes: number } {
    return { savedBytes: this.#room.savedBytes, quotaBytes: this.#deps.config().quotaGiB * GIB };
  }

  /** Makes a pass and waits until nothing is being downloaded; for tests and the demo. */
  async runDue(): Promise<void> {
    do {
      await this.#passes.run();
      await Promise.all(this.#running.values());
      await this.#passes.settled();
    } while (this.#running.size > 0);
  }

  /** Ends what is being downloaded; parts stay for the next start. Idempotent. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#passes.stop();
    await Promise.all(this.#running.values());
    await this.#agent?.destroy();
    await this.#deps.destination.close();
  }

  /** Gives the wait until the next pass; null while results are not kept. */
  async #pass(): Promise<Ms | null> {
    await this.#followConfig();
    if (this.#isOn !== true || this.#passes.isStopped) return null;
    await this.#planEarlier();
    await this.#removeOld();
    this.#noRoom = await this.#room.limit();
    const waitMs = await this.#begin();
    if (this.#hasEarlier) return 0;
    return Math.min(waitMs ?? Infinity, this.#noRoom === null ? IDLE_LOOK_MS : LOOK_MS);
  }

  /** Begins or ends the keeping where the config says something new. */
  async #followConfig(): Promise<void> {
    const { store, config, destination } = this.#deps;
    const isOn = config().keep;
    if (isOn === this.#isOn) return;
    const hasEarlier = (isOn || (await store.read(isKeeping, undefined))) && (await this.#setKeeping(isOn));
    if (!isOn) {
      this.#stop.abort();
      await Promise.all(this.#running.values());
    }
    await this.#dropParts(isOn);
    if (isOn) this.#room.begin(await store.read(savedBytes, { place: destination.place }));
    this.#stop = new AbortController();
    this.#hasEarlier = hasEarlier;
    this.#noRoom = null;
    this.#isOn = isOn;
  }

  /** Removes the parts that no row waits for; all of them where results are not kept. */
  async #dropParts(isOn: boolean): Promise<void> {
    const { store, destination } = this.#deps;
    await destination.dropParts(async (name) => isOn && (await store.read(isWaiting, { name })));
  }

  /** Gives whether earlier results are to be planned. */
  async #setKeeping(isOn: boolean): Promise<boolean> {
    const at = this.#deps.clock.now();
    const args = { isOn, from: newId('hold', at - EARLIER_MS), at };
    return (await this.#deps.store.write(setKeeping, args)).hasEarlier;
  }

  async #planEarlier(): Promise<void> {
    if (!this.#hasEarlier) return;
    const { store, clock } = this.#deps;
    const args = { limit: EARLIER_TASKS, at: clock.now() };
    const { more } = await store.background(planEarlier, () => args);
    this.#hasEarlier = more;
  }

  async #removeOld(): Promise<void> {
    const { store, clock, config, destination } = this.#deps;
    const { keepDays } = config();
    if (keepDays === null) return;
    const before = clock.now() - keepDays * DAY_MS;
    for (const file of await store.read(savedBefore, { before, limit: REMOVED_AT_ONCE })) {
      if (file.place !== destination.place || this.#passes.isStopped) continue;
      await destination.remove(file.name);
      await store.write(noteRemoved, file);
      this.#room.removed(file.bytes ?? 0);
    }
  }

  /** Begins as many downloads as may run; gives the wait until another one is due. */
  async #begin(): Promise<Ms | null> {
    const { store, clock, config } = this.#deps;
    const free = config().concurrency - this.#running.size;
    if (free <= 0) return null;
    const at = clock.now();
    const limit = free + this.#running.size;
    const { files, nextAt } = await store.read(dueFiles, { at, limit, onlyExpired: this.#noRoom !== null });
    for (const file of files.filter(({ name }) => !this.#running.has(name)).slice(0, free)) {
      if (this.#passes.isStopped) break;
      const saving = this.#save(file).finally(() => {
        this.#running.delete(file.name);
        this.#passes.wake();
      });
      this.#running.set(file.name, saving);
    }
    return nextAt === null ? null : Math.max(0, nextAt - clock.now());
  }

  /** Tries to save one file, and records the result. Never rejects. */
  async #save(file: DueFile): Promise<void> {
    const { clock, onTry, onError } = this.#deps;
    const { signal } = this.#stop;
    const fromTick = clock.monotonic();
    try {
      const saved = await saveFile(file, { ...this.#saving(), signal });
      const { place } = this.#deps.destination;
      const { holdId, position } = file;
      await this.#deps.store.write(noteSaved, { holdId, position, ...saved, place, at: clock.now() });
      onTry({ file, reason: null, message: null, bytes: saved.bytes, ms: clock.monotonic() - fromTick });
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof SaveFailed)) onError('a result could not be saved', error);
      const failure = error instanceof SaveFailed ? error : new SaveFailed('unreachable', 'It failed.');
      const { reason, message } = failure;
      await this.#putOff(file, failure).catch((cause: unknown) =>
        onError('a failed download could not be recorded', cause),
      );
      onTry({ file, reason, message, bytes: null, ms: clock.monotonic() - fromTick });
    }
  }

  #saving(): Omit<Parameters<typeof saveFile>[1], 'signal'> {
    const { clock, config, destination, reach } = this.#deps;
    const { allowedHosts, fileGiBMax } = config();
    const rules = { ...reach(), allowedHosts, bytesMax: fileGiBMax * GIB };
    this.#agent ??= agentOf(rules);
    return { destination, room: this.#room, agent: this.#agent, rules, clock, doubted: this.#doubted };
  }

  async #putOff(file: DueFile, { reason, status, retryAfterMs }: SaveFailed): Promise<void> {
    const { store, ledger, clock } = this.#deps;
    const { holdId, position, expiresAt, attempts } = file;
    const at = clock.now();
    if (at >= expiresAt) {
      await ledger.run(expireFile, { holdId, position, reason, at });
      await this.#dropParts(true);
      return;
    }
    const waitMs = Math.max(retryAfterMs ?? 0, doublingWait(attempts, WAITS));
    const last = expiresAt - LAST_TRY_MS;
    const nextAt = at < last ? Math.min(at + waitMs, last) : Math.min(at + waitMs, expiresAt);
    const asksAgain = reason === 'status' && REFUSED.has(status);
    await store.write(putOffFile, { holdId, position, reason, nextAt, at, asksAgain });
  }
}
