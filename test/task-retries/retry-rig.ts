/** The app with rules for failed tasks, before an emulator that fails them on order, and a clock that tests move. */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import Database from 'better-sqlite3';
import { createManualClock, type ManualClock } from '../../src/clock.ts';
import type { FaultOrder } from '../../src/emulator/faults.ts';
import { anotherVideo, get, post, type Got } from '../app/calls.ts';
import { startApp, type StartedApp, type StartOptions } from '../app/start-app.ts';
import { advanceUntil, whileMoving } from '../money/hand-clock.ts';

export const PATH = '/v1/videos/text2video';

/** A task of `GET /v1/tasks/ID`, as far as these tests look at it. */
export interface Task {
  id: string;
  externalTaskId: string;
  holdId: string;
  state: string;
  app: string;
  settledCredits: number;
  retryOf: string | null;
  retriedBy: {
    number: number;
    reason: string;
    taskId: string | null;
    holdId: string;
    holdState: string;
    state: string | null;
  }[];
  retryChain: { state: string; reason: string | null; note: string | null; dueAt: string | null } | null;
  life: { at: string; step: string; text: string }[];
}

export const taskIdOf = ({ json }: Got): string => String(json.data['task_id']);

export class RetryRig {
  readonly clock: ManualClock;
  readonly log: string[] = [];
  readonly #options: StartOptions;
  #app: StartedApp;

  private constructor(app: StartedApp, clock: ManualClock, options: StartOptions) {
    this.#app = app;
    this.clock = clock;
    this.#options = options;
  }

  static async start(retryFailed: readonly object[], options: StartOptions = {}): Promise<RetryRig> {
    const clock = createManualClock(Date.now());
    const all = withRules(retryFailed, { ...options, clock });
    return new RetryRig(await startApp(all), clock, all);
  }

  get app(): StartedApp {
    return this.#app;
  }

  /** Stops the app and starts it again with the same store and emulator. */
  async restart(): Promise<void> {
    const { folder, emulator, app } = this.#app;
    await app.stop();
    const config = await readFile(path.join(folder, 'sidecar.config.json'), 'utf8');
    const { upstream } = JSON.parse(config) as { upstream: { baseUrl: string } };
    const next = await startApp({ ...this.#options, folder, baseUrl: upstream.baseUrl });
    const stop: StartedApp['stop'] = async (how) => {
      await next.stop(how);
      await emulator.stop();
    };
    this.#app = { ...next, emulator, stop };
  }

  stop(): Promise<void> {
    return this.#app.stop();
  }

  create(over: Record<string, unknown> = {}, headers: Record<string, string> = {}, to = PATH): Promise<Got> {
    return whileMoving(this.clock, post(this.#app.dataUrl + to, anotherVideo(over), headers));
  }

  fault(order: Omit<FaultOrder, 'match'>, pathOf = PATH): void {
    this.#app.emulator.addFault({ match: { method: 'POST', path: pathOf }, ...order });
  }

  /** The creates that reached Kling, with their bodies. */
  creates(): Record<string, unknown>[] {
    return this.#app.emulator
      .requests()
      .filter(({ method, path: at }) => method === 'POST' && !at.startsWith('/tasks'))
      .map(({ body }) => JSON.parse(body.toString()) as Record<string, unknown>);
  }

  async task(id: string): Promise<Task> {
    return (await get(`${this.#app.controlUrl}/v1/tasks/${id}`)).json as unknown as Task;
  }

  /** Moves the clock until a task is as wanted. */
  untilTask(id: string, check: (task: Task) => boolean, stepMs = 500): Promise<Task> {
    return advanceUntil(
      this.clock,
      async () => {
        const found = await this.task(id);
        return check(found) && found;
      },
      { stepMs },
    );
  }

  /** The retries that Kling took: on a busy machine the deadline of one may pass on the moved clock before it is sent. */
  static made({ retriedBy }: Task): Task['retriedBy'] {
    return retriedBy.filter(({ taskId }) => taskId !== null);
  }

  /** Moves the clock until nothing more is made of a task, and gives it. */
  untilEnded(id: string, stepMs = 500): Promise<Task> {
    return this.untilTask(id, ({ retryChain }) => retryChain?.state === 'ended', stepMs);
  }

  async waiting(): Promise<number> {
    const { json } = await get(`${this.#app.controlUrl}/v1/status`);
    return (json as unknown as { taskRetries: { waiting: number } }).taskRetries.waiting;
  }

  /** Reads the store beside the running app. */
  async rows(sql: string): Promise<Record<string, unknown>[]> {
    const { folder } = this.#app;
    const file = (await readdir(folder, { recursive: true })).find((name) => name.endsWith('.db'));
    const db = new Database(path.join(folder, file ?? ''), { readonly: true });
    try {
      return db.prepare<[], Record<string, unknown>>(sql).all();
    } finally {
      db.close();
    }
  }

  async bodies(): Promise<number> {
    const [row] = await this.rows('SELECT COUNT(*) AS n FROM task_retry_bodies');
    return Number(row?.['n']);
  }
}

function withRules(retryFailed: readonly object[], options: StartOptions): StartOptions {
  const tasks = { pollIntervalMs: 1_000, retryFailed };
  return { ...options, config: { tasks, ...options.config } };
}
