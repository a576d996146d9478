/**
 * The app of the demo: it has only the sidecar's address, and makes videos like any app.
 *
 * **Invariant**: it speaks plain HTTP with Kling's own paths and bodies; no line here would change with the real API.
 */
import { sleep, type Clock } from '../clock.ts';
import type { Ms } from '../units.ts';

const POLL_MS = 250;
const WAIT_MS_MAX = 30_000;

/** The answer to one request. */
export interface DemoAnswer {
  status: number;
  /** Kling's code, or ours. */
  code: number;
  message: string;
  /** The sidecar's word where it answered itself; null for an answer of Kling's. */
  word: string | null;
  taskId: string | null;
  creditsHeld: string | null;
  budgetRemaining: string | null;
  tookMs: Ms;
}

interface Body {
  code?: number;
  message?: string;
  data?: { task_id?: string; id?: string };
}

export class DemoApp {
  readonly #baseUrl: string;
  readonly #clock: Clock;

  constructor(baseUrl: string, clock: Clock) {
    this.#baseUrl = baseUrl;
    this.#clock = clock;
  }

  /** Posts a create; text goes as it is. */
  async create(path: string, body: unknown, headers: Record<string, string> = {}): Promise<DemoAnswer> {
    const startedTick = this.#clock.monotonic();
    const answer = await fetch(this.#baseUrl + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
    const { code = -1, message = '', data } = (await answer.json()) as Body;
    return {
      status: answer.status,
      code,
      message,
      word: answer.headers.get('x-kling-sidecar'),
      taskId: data?.task_id ?? data?.id ?? null,
      creditsHeld: answer.headers.get('x-kling-credits-held'),
      budgetRemaining: answer.headers.get('x-kling-budget-remaining'),
      tookMs: this.#clock.monotonic() - startedTick,
    };
  }

  /** Asks for a task until it has ended, as apps do; gives its last state. */
  async waitFor(path: string, taskId: string): Promise<string> {
    const untilTick = this.#clock.monotonic() + WAIT_MS_MAX;
    for (;;) {
      const answer = await fetch(`${this.#baseUrl}${path}/${taskId}`);
      const { data } = (await answer.json()) as { data?: { task_status?: string } };
      const state = data?.task_status ?? 'unknown';
      if (state === 'succeed' || state === 'failed') return state;
      if (this.#clock.monotonic() > untilTick) return state;
      await sleep(this.#clock, POLL_MS);
    }
  }
}
