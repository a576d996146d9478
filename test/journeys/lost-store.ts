/** An account that is used through a sidecar whose store is lost, and what its budgets leave before and after. */
import fc from 'fast-check';
import { expect } from 'vitest';
import { createManualClock, type ManualClock } from '../../src/clock.ts';
import { anotherVideo, get, post, type Got } from '../app/calls.ts';
import { startApp, type StartedApp, type StartOptions } from '../app/start-app.ts';
import { advanceBy, advanceUntil } from '../money/hand-clock.ts';

/** A Saturday, some hours before a day, a week (UTC) and, in Kiribati, a month begin. */
export const START = Date.UTC(2026, 10, 28, 20, 30);
const MINUTE = 60_000;

const WINDOWS = ['hour', 'day', 'week', 'month', 'total'] as const;
const SCOPES: Readonly<Record<string, object>> = {
  all: {},
  'per-app': { per: 'app' },
  'per-tag': { per: 'tag' },
  'one-app': { match: { app: 'red' } },
  'one-tag': { match: { tag: 'blue' } },
  images: { match: { operation: 'image' } },
  'one-model': { match: { model: 'kling-v1' }, per: 'app' },
};
/** Every kind of budget in every window, in two zones; none is ever full. */
export const BUDGETS = WINDOWS.flatMap((window, index) =>
  Object.entries(SCOPES).map(([name, scope]) => ({
    name: `${name}-${window}`,
    credits: 100_000,
    window,
    timeZone: index % 2 === 0 ? 'UTC' : 'Pacific/Kiritimati',
    ...scope,
  })),
);

/** What a caller does, in the order of the sidecar's life. */
export type Step =
  | { kind: 'create'; what: keyof typeof CREATES; app: string; tag: string; fails: boolean }
  | { kind: 'wait'; minutes: number }
  | { kind: 'poll' };

const CREATES = {
  video: { path: '/v1/videos/text2video', body: () => anotherVideo() },
  longVideo: {
    path: '/v1/videos/text2video',
    body: () => anotherVideo({ model_name: 'kling-v3', duration: '15', mode: 'pro', sound: 'on' }),
  },
  newVideo: {
    path: '/text-to-video/kling-3.0',
    body: () => ({ prompt: String(anotherVideo()['prompt']), settings: { duration: 4 } }),
  },
  image: {
    path: '/v1/images/generations',
    body: () => ({ model_name: 'kling-v3', prompt: String(anotherVideo()['prompt']), n: 3 }),
  },
  speech: {
    path: '/v1/audio/tts',
    body: () => ({
      text: String(anotherVideo()['prompt']),
      voice_id: 'genshin_vindi2',
      voice_language: 'en',
    }),
  },
} as const;

const CREATE = fc.record({
  kind: fc.constant('create' as const),
  what: fc.constantFrom(...(Object.keys(CREATES) as (keyof typeof CREATES)[])),
  app: fc.constantFrom('red', 'green'),
  tag: fc.constantFrom('blue', 'white'),
  fails: fc.boolean(),
});

/** Lives of one to nine steps. */
export const STEPS: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: CREATE },
    {
      weight: 3,
      arbitrary: fc.record({ kind: fc.constant('wait' as const), minutes: fc.integer({ min: 1, max: 400 }) }),
    },
    { weight: 2, arbitrary: fc.constant({ kind: 'poll' as const }) },
  ),
  { minLength: 1, maxLength: 9 },
);

const LABELS = [
  { app: 'red', tag: 'blue' },
  { app: 'green', tag: 'white' },
  { app: 'never-seen', tag: 'never-seen' },
];

const POLLING = { tasks: { pollIntervalMs: 60_000 } };

type Options = Pick<StartOptions, 'config' | 'env' | 'logTo'>;

export class Account {
  readonly clock: ManualClock;
  /** The emulator's address. */
  readonly #kling: string;
  readonly #first: StartedApp;
  #app: StartedApp;

  private constructor(clock: ManualClock, app: StartedApp, kling: string) {
    this.clock = clock;
    this.#kling = kling;
    this.#first = this.#app = app;
  }

  static async open(options: Options = {}): Promise<Account> {
    const clock = createManualClock(START);
    const app = await startApp({
      ...options,
      clock,
      emulator: { speed: 1, concurrency: { video: 100, image: 100 } },
      config: { budgets: BUDGETS, ...POLLING, ...options.config },
    });
    const { json } = await get(`${app.controlUrl}/v1/status`);
    return new Account(clock, app, (json as unknown as { upstream: string }).upstream);
  }

  get app(): StartedApp {
    return this.#app;
  }

  get emulator(): StartedApp['emulator'] {
    return this.#first.emulator;
  }

  async live(steps: readonly Step[]): Promise<void> {
    for (const step of steps) {
      if (step.kind === 'create') await this.create(step);
      else if (step.kind === 'poll') await this.#app.app.runDue();
      else await advanceBy(this.clock, step.minutes * MINUTE, 30 * MINUTE);
    }
  }

  create({ what, app, tag, fails }: Omit<Extract<Step, { kind: 'create' }>, 'kind'>): Promise<Got> {
    const { path, body } = CREATES[what];
    const made = body() as Record<string, unknown>;
    const asked =
      fails && 'prompt' in made ? { ...made, prompt: `${String(made['prompt'])} fail-please` } : made;
    return post(this.#app.dataUrl + path, asked, { 'x-kling-app': app, 'x-kling-tag': tag });
  }

  /** Ends the sidecar, and starts one on a new store. The account at Kling stays. */
  async loseStore(options: Options = {}): Promise<void> {
    await this.#app.app.stop();
    await this.#start(options);
  }

  /** Ends the sidecar, and starts one on the same store. */
  async restart(options: Options = {}): Promise<void> {
    await this.#app.app.stop();
    await this.#start({ ...options, folder: this.#app.folder });
  }

  async #start({ config, ...options }: Options & Pick<StartOptions, 'folder'>): Promise<void> {
    this.#app = await startApp({
      ...options,
      clock: this.clock,
      baseUrl: this.#kling,
      config: { budgets: BUDGETS, ...POLLING, store: { adopt: true }, ...config },
    });
  }

  /** What every enforcing budget leaves to a create of each app and tag. */
  async rooms(): Promise<Map<string, number>> {
    const rooms = new Map<string, number>();
    for (const labels of LABELS) {
      for (const [what, { path, body }] of [
        ['video', CREATES.video],
        ['image', CREATES.image],
      ] as const) {
        const asked = { requests: [{ path, body: body() }], ...labels };
        const { json } = await post(`${this.#app.controlUrl}/v1/estimate`, asked);
        const { budgets } = json as unknown as { budgets: { name: string; remainingCredits: number }[] };
        for (const { name, remainingCredits } of budgets)
          rooms.set(`${what} ${labels.app} ${labels.tag} ${name}`, remainingCredits);
      }
    }
    return rooms;
  }

  async status(): Promise<{
    adoption: { state: string; problem: string | null; heldCredits: number } | null;
    openHolds: number;
  }> {
    return (await get(`${this.#app.controlUrl}/v1/status`)).json as never;
  }

  /** Resolves when creates are admitted. */
  adopted(): Promise<unknown> {
    return advanceUntil(this.clock, async () => (await this.status()).adoption?.state !== 'waiting', {
      stepMs: 50,
    });
  }

  /** Lets every task end, and the sidecar see it. */
  async endTasks(): Promise<void> {
    await advanceBy(this.clock, MINUTE, 10_000);
    await advanceUntil(this.clock, async () => {
      await this.#app.app.runDue();
      return (await this.status()).openHolds === 0;
    });
  }

  /** The credits that Kling has charged. */
  get charged(): number {
    return this.emulator
      .book()
      .charges.reduce(
        (sum, { units, product }) => sum + Number(units) * (product === 'image' ? 0.25 : 10),
        0,
      );
  }

  async settledTotal(): Promise<number> {
    const { json } = await get(`${this.#app.controlUrl}/v1/budgets`);
    const { budgets } = json as unknown as { budgets: { name: string; settledCredits: number }[] };
    return budgets.find(({ name }) => name === 'all-total')?.settledCredits ?? 0;
  }

  async close(): Promise<void> {
    if (this.#app !== this.#first) await this.#app.stop();
    await this.#first.stop();
  }
}

/** Loses the store after some steps, and compares what is left to spend, and in the end what was spent. */
export async function leavesNoMore(steps: readonly Step[]): Promise<void> {
  const account = await Account.open();
  try {
    await account.live(steps);
    const before = await account.rooms();
    await account.loseStore();
    await account.adopted();
    const after = await account.rooms();
    expect([...after.keys()]).toEqual([...before.keys()]);
    for (const [name, credits] of after) expect(credits, name).toBeLessThanOrEqual(before.get(name) ?? 0);
    await account.endTasks();
    expect(await account.settledTotal()).toBe(account.charged);
  } finally {
    await account.close();
  }
}
