/**
 * Makes the messages for callers' own addresses, once it is known what Kling says.
 *
 * It looks at a create when a callback of it was kept, and when its task changed; after a start, at all that are open. What is
 * sent is decided by `relay-body.ts` from the task's state in the ledger, which only Kling's answers move.
 *
 * **Invariant**: a message is durable before it is sent (`relay-sender.ts`). Looks are few at a time, so that no request waits for them.
 */
import { planAsks } from '../asking/plan.ts';
import type { Clock } from '../clock.ts';
import type { Fact } from '../facts.ts';
import { newId } from '../ids.ts';
import { isSuccess } from '../kling/envelope.ts';
import type { RouteTable } from '../kling/routes.ts';
import type { Credentials } from '../kling/token.ts';
import { Repeating } from '../repeating.ts';
import type { Store } from '../store/store.ts';
import { listOpenRelays, makeDeliveries, openRelays, type OpenRelay } from '../tasks/relay-table.ts';
import type { Ms } from '../units.ts';
import type { AskKling } from '../upstream/ask.ts';
import { itemIn, planRelay, type TaskItem } from './relay-body.ts';

/** Creates looked at together. */
const AT_ONCE = 50;
const PAGE = 500;
/** Facts and callbacks of this time are looked at together. */
const TOGETHER_MS: Ms = 50;
/** The wait after Kling gave no answer, or one without the task. */
const AGAIN_MS: Ms = 30_000;
/** The most creates that wait for a look; others are found by the next start, or by their next change. */
const WAITING_MAX = 100_000;

export interface RelayDeps {
  store: Pick<Store, 'read' | 'write'>;
  clock: Clock;
  ask: AskKling;
  routes: () => RouteTable;
  credentials: () => Credentials['kind'];
  /** Called after messages were kept. */
  onMade: () => void;
  onError: (message: string, error: unknown) => void;
}

export class Relay {
  readonly #deps: RelayDeps;
  readonly #passes: Repeating;
  /** When each create is looked at, on the steady clock. */
  readonly #dueTicks = new Map<string, Ms>();

  constructor(deps: RelayDeps) {
    this.#deps = deps;
    this.#passes = new Repeating({
      clock: deps.clock,
      pass: () => this.#pass(),
      onError: (error) => deps.onError('callbacks to relay could not be read or made', error),
      errorWaitMs: AGAIN_MS,
    });
  }

  /** Finds what was open at the end of the last run. */
  async start(): Promise<void> {
    const { store } = this.#deps;
    for (let after = ''; ;) {
      const page: string[] = await store.read(listOpenRelays, { after, limit: PAGE });
      for (const holdId of page) this.look(holdId);
      if (page.length < PAGE) return;
      after = page.at(-1) ?? '';
    }
  }

  /** Looks at a create soon: a callback of it was kept. */
  look(holdId: string): void {
    this.#lookAt(holdId, this.#deps.clock.monotonic() + TOGETHER_MS);
  }

  /** Learns from facts which tasks changed, and which creates ended without one. */
  follow(facts: readonly Fact[]): void {
    for (const fact of facts)
      if (fact.kind === 'task_changed' || fact.kind === 'hold_resolved') this.look(fact.holdId);
  }

  stop(): Promise<void> {
    return this.#passes.stop();
  }

  #lookAt(holdId: string, tick: Ms): void {
    const known = this.#dueTicks.get(holdId);
    if (known === undefined && this.#dueTicks.size >= WAITING_MAX) return;
    this.#dueTicks.set(holdId, Math.min(known ?? Infinity, tick));
    this.#passes.wake(tick - this.#deps.clock.monotonic());
  }

  async #pass(): Promise<Ms | null> {
    const { store, clock } = this.#deps;
    const tick = clock.monotonic();
    const holdIds: string[] = [];
    let nextTick = Infinity;
    for (const [holdId, dueTick] of this.#dueTicks) {
      if (dueTick > tick || holdIds.length >= AT_ONCE) nextTick = Math.min(nextTick, dueTick);
      else holdIds.push(holdId);
    }
    for (const holdId of holdIds) this.#dueTicks.delete(holdId);
    try {
      for (const relay of await store.read(openRelays, { holdIds })) await this.#serve(relay);
    } catch (error) {
      for (const holdId of holdIds) this.#lookAt(holdId, tick + AGAIN_MS);
      throw error;
    }
    return nextTick === Infinity ? null : Math.max(0, nextTick - clock.monotonic());
  }

  async #serve(relay: OpenRelay): Promise<void> {
    const first = this.#plan(relay, null);
    const { clock } = this.#deps;
    if (first.asksAt === null || first.asksAt > clock.now()) {
      await this.#keep(relay, first);
      if (first.asksAt !== null) this.#lookAt(relay.holdId, clock.monotonic() + first.asksAt - clock.now());
      return;
    }
    const item = await this.#ask(relay);
    const second = this.#plan(relay, item);
    await this.#keep(relay, second);
    if (second.isOver) return;
    const waitMs = Math.max(AGAIN_MS, (second.asksAt ?? 0) - clock.now());
    this.#lookAt(relay.holdId, clock.monotonic() + waitMs);
  }

  #plan(relay: OpenRelay, item: TaskItem | null): ReturnType<typeof planRelay> {
    const now = this.#deps.clock.now();
    return planRelay(relay, { item, now, newId: () => newId('relay', now) });
  }

  async #keep({ holdId }: OpenRelay, { made, isOver }: ReturnType<typeof planRelay>): Promise<void> {
    if (made.length === 0 && !isOver) return;
    const { store, clock, onMade } = this.#deps;
    await store.write(makeDeliveries, { holdId, at: clock.now(), made, isOver });
    if (made.length > 0) onMade();
  }

  /** Asks Kling for one task, in the form of its own generation; null without an answer that shows it. */
  async #ask({ holdId, taskId, path, route }: OpenRelay): Promise<TaskItem | null> {
    const { ask, routes, credentials } = this.#deps;
    if (taskId === null) return null;
    const table = routes();
    const isLegacy = table.byTemplate(route)?.generation !== 'new';
    const { asks } = planAsks([{ path, route }], {
      routes: table,
      // Legacy tasks are asked for at their own path: a batch shows them in the other form.
      credentials: isLegacy ? 'ak_sk' : credentials(),
      by: 'task_ids',
      idOf: () => taskId,
    });
    const [one] = asks;
    if (one === undefined) return null;
    const { answer } = await ask({ path: one.path, route: one.route, holdId });
    return answer && isSuccess(answer.status) ? itemIn(answer.body, taskId) : null;
  }
}
