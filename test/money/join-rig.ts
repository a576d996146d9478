/** An app whose creates lose their answers, for tests of joins. */
import { expect } from 'vitest';
import { createManualClock, type ManualClock } from '../../src/clock.ts';
import { get, post, textToVideo, until, type Got } from '../app/calls.ts';
import { startApp, type StartedApp, type StartOptions } from '../app/start-app.ts';
import { createText, Wire } from '../proxy/wire.ts';
import { advanceBy, whileMoving } from './hand-clock.ts';

export const PATH = '/v1/videos/text2video';
/** A short deadline, with room for the steps of a clock that is moved by hand. */
export const SOON = { 'x-kling-timeout-ms': '15000' };

export const taskOf = ({ json }: Got): unknown => json.data['task_id'];
export const isReplayed = ({ headers }: Got): boolean => headers['x-kling-sidecar-replayed'] === 'true';

interface HangUp {
  over?: Record<string, unknown>;
  how?: 'close' | 'reset';
  /** How long Kling takes. */
  ms?: number;
  headers?: string[];
}

export class JoinRig {
  readonly started: StartedApp;
  readonly clock: ManualClock;

  private constructor(started: StartedApp, clock: ManualClock) {
    this.started = started;
    this.clock = clock;
  }

  /** Starts the app, by real time or with a clock that the test moves. */
  static async start(options: StartOptions & { isByHand?: boolean } = {}): Promise<JoinRig> {
    const clock = createManualClock(Date.now());
    const { isByHand = false, ...rest } = options;
    const config = { tasks: { poll: false }, ...options.config };
    return new JoinRig(await startApp({ ...rest, ...(isByHand && { clock }), config }), clock);
  }

  stop(): Promise<void> {
    return this.started.stop();
  }

  create(over: Record<string, unknown> = {}, headers: Record<string, string> = {}): Promise<Got> {
    return post(this.started.dataUrl + PATH, textToVideo(over), headers);
  }

  createByHand(over: Record<string, unknown> = {}, headers: Record<string, string> = {}): Promise<Got> {
    return whileMoving(this.clock, this.create(over, headers));
  }

  /** `POST /tasks` is a list. */
  creates(): number {
    const all = this.started.emulator.requests();
    return all.filter(({ method, path }) => method === 'POST' && !path.startsWith('/tasks')).length;
  }

  charges(): number {
    return this.started.emulator.book().charges.length;
  }

  /** Sends a create on a connection of its own. */
  async send(body: unknown, options: { path?: string; headers?: string[] } = {}): Promise<Wire> {
    const { dataUrl } = this.started;
    const wire = await Wire.open(dataUrl);
    return wire.send(createText(dataUrl, { ...options, body: JSON.stringify(body) }));
  }

  /** Sends a create, and closes the connection once Kling has it. */
  async hangUp({ over = {}, how = 'close', ms = 300, headers = [] }: HangUp = {}): Promise<void> {
    const before = this.creates();
    this.started.emulator.addFault({ kind: 'latency', ms, match: { method: 'POST', path: PATH } });
    const wire = await this.send(textToVideo(over), { headers });
    await until('the create reached Kling', () => this.creates() === before + 1);
    wire[how]();
  }

  /** Loses the answer of a create that Kling made: look-ups fail until the caller's deadline. */
  async loseAnswer(): Promise<void> {
    const { emulator } = this.started;
    emulator.addFault({ kind: 'no_answer_after_charge', match: { method: 'POST', path: PATH } });
    this.failLookUps();
    const lost = await this.createByHand({}, SOON);
    emulator.clearFaults();
    expect(lost).toMatchObject({ status: 424, json: { code: 9052 } });
  }

  /** Loses a create that Kling never made, and waits until its doubt has 40 s left. */
  async loseUnmade(): Promise<void> {
    const match = { method: 'POST', path: '/v1/' };
    this.started.emulator.addFault({ kind: 'no_answer_before_charge', match });
    expect((await this.createByHand({}, SOON)).status).toBe(424);
    await advanceBy(this.clock, 560_000, 2_000);
  }

  failLookUps(): void {
    const match = { path: '/tasks' };
    this.started.emulator.addFault({ kind: 'code', code: 5000, times: 'always', match });
  }

  /** The creates that joined the oldest task, as `tasks` shows them. */
  async joins(): Promise<unknown[]> {
    const { controlUrl } = this.started;
    const { json } = await get(`${controlUrl}/v1/tasks`);
    const oldest = (json as unknown as { tasks: { id: string; joins: number }[] }).tasks.at(-1);
    const task = await get(`${controlUrl}/v1/tasks/${oldest?.id}`);
    const { joined } = task.json as unknown as { joined: unknown[] };
    expect(joined).toHaveLength(oldest?.joins ?? -1);
    return joined;
  }
}
