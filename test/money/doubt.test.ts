import { afterEach, describe, expect, it } from 'vitest';
import { createManualClock, systemClock, type ManualClock } from '../../src/clock.ts';
import { get, post, textToVideo, until } from '../app/calls.ts';
import { startApp, type StartedApp, type StartOptions } from '../app/start-app.ts';
import { budgetOf, holdsOf } from './books.ts';
import { advanceBy, advanceUntil, whileMoving } from './hand-clock.ts';
import {
  askedIds,
  legacyTask,
  listedTask,
  says,
  startStandIn,
  type Answer,
  type Received,
  type StandIn,
} from './stand-in.ts';

const PATH = '/v1/videos/text2video';
const OUTAGE = says(null, { status: 502, code: 5000, message: 'down' });
/** Ids that Kling takes and that no URL of a batch can hold with nineteen others. */
const LONG_ID = 'x'.repeat(3_000);

let clock: ManualClock;
let kling: StandIn;
let started: StartedApp;
afterEach(async () => {
  await started.stop();
  await kling.stop();
});

async function start(answer: Answer, over: Partial<StartOptions> = {}): Promise<void> {
  clock = createManualClock(Date.now());
  kling = await startStandIn(clock, answer);
  const config = { tasks: { poll: false }, ...over.config };
  started = await startApp({ ...over, clock, baseUrl: kling.url, config });
}

/** Creates a video; gives the caller's answer, and moves the clock meanwhile. */
const create = (over: Record<string, unknown> = {}) =>
  whileMoving(clock, post(started.dataUrl + PATH, textToVideo(over)));

const holds = () => holdsOf(started.controlUrl);
const lookUps = (): Received[] => kling.received.filter((got) => askedIds(got).length > 0);

describe('a create in doubt', () => {
  it('is not given up because another one in its batch cannot be asked for', async () => {
    const ids: string[] = [];
    await start((got) => {
      if (got.method === 'POST') {
        ids.push(String((JSON.parse(got.body) as Record<string, unknown>)['external_task_id']));
        return OUTAGE;
      }
      const asked = askedIds(got);
      if (asked.includes(LONG_ID)) return says(null, { status: 414, code: 1201, message: 'too long' });
      return says(asked.map((id, i) => listedTask(`task-${i}-${id}`, id)));
    });
    const answers = await Promise.all([create(), create({ external_task_id: LONG_ID }), create()]);
    const found = await advanceUntil(clock, async () => {
      const known = (await holds()).filter(({ taskId }) => taskId !== null);
      return known.length === 2 && known;
    });
    expect(found.every(({ inDoubt }) => !inDoubt)).toBe(true);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 424]);
    expect(ids).toContain(LONG_ID);
  });

  it('is not released by a list in which some task does not say whose it is', async () => {
    await start((got) => {
      if (got.method === 'POST') return OUTAGE;
      return says([listedTask('task-of-somebody', null)]);
    });
    await create();
    await advanceBy(clock, 1_300_000, 20_000);
    expect(lookUps().length).toBeGreaterThan(3);
    expect(await holds()).toMatchObject([{ state: 'held', inDoubt: true }]);
  });

  it('is released on Kling’s word at the look-up after ten minutes, and not before', async () => {
    await start((got) => (got.method === 'POST' ? OUTAGE : says([])));
    const told = await create();
    expect(told).toMatchObject({
      status: 424,
      json: { code: 9052, data: { upstream: { status: 502, code: 5000, message: 'down' } } },
    });
    // In steps that leave a look-up many turns to be answered in: one that times out is asked for again.
    await advanceBy(clock, 585_000, 2_000);
    expect(await holds()).toMatchObject([{ state: 'held', inDoubt: true }]);
    const released = await advanceUntil(
      clock,
      async () => (await holds()).find(({ state }) => state === 'released'),
      { stepMs: 2_000 },
    );
    expect(released.inDoubt).toBe(false);
    expect(lookUps().length).toBeGreaterThan(2);
    // After 2, 10, 60 and 600 s: four, and one more, 15 s later, for each that a busy machine did not answer in time. Without
    // growing waits there would be forty.
    expect(lookUps().length).toBeLessThan(20);
    expect(await budgetOf(started.controlUrl)).toMatchObject({ settledCredits: 0, heldCredits: 0 });
  });

  it.each([
    ['with a clock of its own', systemClock],
    ['that shares our clock', null],
  ])('is not released early because our clock jumped ahead, by a Kling %s', async (_name, klingClock) => {
    await start(() => says([]));
    await kling.stop();
    kling = await startStandIn(klingClock ?? clock, (got) => (got.method === 'POST' ? OUTAGE : says([])));
    await started.stop({ keep: true });
    started = await startApp({
      clock,
      baseUrl: kling.url,
      folder: started.folder,
      config: { tasks: { poll: false } },
    });
    await create();
    clock.step(clock.now() + 3_600_000);
    await advanceBy(clock, 540_000, 5_000);
    expect(lookUps().length).toBeGreaterThanOrEqual(3);
    expect(await holds()).toMatchObject([{ state: 'held', inDoubt: true }]);
    await advanceUntil(clock, async () => (await holds())[0]?.state === 'released', {
      stepMs: 5_000,
      stepsMax: 60,
    });
  });

  it('is not released early because it was put in doubt before a restart with a wrong clock', async () => {
    await start((got) => (got.method === 'POST' ? OUTAGE : says([])));
    await create();
    await started.stop({ keep: true });
    clock.step(clock.now() + 3_600_000);
    started = await startApp({
      clock,
      baseUrl: kling.url,
      folder: started.folder,
      config: { tasks: { poll: false } },
    });
    await advanceBy(clock, 520_000, 5_000);
    expect(await holds()).toMatchObject([{ state: 'held', inDoubt: true }]);
    await advanceUntil(clock, async () => (await holds())[0]?.state === 'released', {
      stepMs: 5_000,
      stepsMax: 60,
    });
  });

  it('is looked up within a minute of an outage of 5xx answers, however far its next look-up was', async () => {
    let isDown = false;
    await start((got) => {
      if (isDown || got.method === 'POST') return OUTAGE;
      return says([]);
    });
    await create();
    await advanceBy(clock, 90_000, 5_000);
    const before = lookUps().length;
    isDown = true;
    const read = () => whileMoving(clock, get(`${started.dataUrl}/account/costs?start_time=1&end_time=2`));
    expect((await read()).status).toBe(502);
    isDown = false;
    expect((await read()).status).toBe(200);
    await advanceBy(clock, 60_000, 2_000);
    expect(lookUps().length).toBeGreaterThan(before);
  });

  it('counts no look-up that Kling did not answer, and asks again soon until it does', async () => {
    let isDown = true;
    await start((got) => (got.method === 'POST' || isDown ? OUTAGE : says([])));
    await create();
    await advanceBy(clock, 1_200_000, 5_000);
    expect(await holds()).toMatchObject([{ state: 'held', inDoubt: true }]);
    expect(lookUps().length).toBeGreaterThan(20);
    isDown = false;
    await advanceUntil(clock, async () => (await holds())[0]?.state === 'released', {
      stepMs: 2_000,
      stepsMax: 30,
    });
  });

  it('keeps its caller no longer than to the last look-up that comes in time', async () => {
    await start((got) => (got.method === 'POST' ? OUTAGE : says([])));
    const from = clock.monotonic();
    const told = await create();
    expect(told.json.data['upstream']).toMatchObject({ message: 'down' });
    expect(clock.monotonic() - from).toBeGreaterThan(9_000);
    expect(clock.monotonic() - from).toBeLessThan(24_500);
  });

  it('stays in doubt if Kling answers with the task of another create', async () => {
    await start((got) => {
      if (got.method === 'POST') return says(legacyTask('the-same-task', null));
      return says([]);
    });
    expect((await create()).status).toBe(200);
    await create();
    expect(await holds()).toMatchObject([
      { state: 'held', inDoubt: true, taskId: null },
      { state: 'held', inDoubt: false, taskId: 'the-same-task' },
    ]);
    expect(await budgetOf(started.controlUrl)).toMatchObject({ heldCredits: 20 });
  });

  it('is found though its look-ups hang for others: they are asked for side by side', async () => {
    const secrets = {
      KLING_ACCESS_KEY: 'ak-of-a-test',
      KLING_SECRET_KEY: 'sk-of-a-test-0123456789abcdef0123',
    };
    await start(
      (got) => {
        if (got.method === 'POST') return OUTAGE;
        if (got.path.endsWith('/stuck')) return null;
        return says(legacyTask(`task-${got.path.length}`, got.path.split('/').at(-1) ?? null));
      },
      { env: secrets },
    );
    const stuck = create({ external_task_id: 'stuck' });
    await until('the first create is in doubt', async () => (await holds())[0]?.inDoubt);
    const second = await create({ external_task_id: 'fine' });
    await stuck;
    expect(second.status).toBe(200);
  });
});

describe('with access and secret key', () => {
  it('tasks of an unknown route settle too: they are polled on the path of their create', async () => {
    const path = '/v1/videos/brand-new';
    await start(
      (got) => {
        if (got.method === 'POST') return says(legacyTask('t-1', null));
        if (got.path !== `${path}/t-1`) return says(null, { status: 404, code: 1203, message: 'none' });
        const task = legacyTask('t-1', null, 'succeed') as Record<string, unknown>;
        return says({ ...task, final_unit_deduction: '2' });
      },
      {
        env: { KLING_ACCESS_KEY: 'ak-of-a-test', KLING_SECRET_KEY: 'sk-of-a-test-0123456789abcdef0123' },
        config: { tasks: { poll: true, pollIntervalMs: 1_000 } },
      },
    );
    const made = await whileMoving(clock, post(started.dataUrl + path, { prompt: 'x' }));
    expect(made.status).toBe(200);
    await advanceUntil(clock, async () => (await holds())[0]?.state === 'settled');
    expect(await budgetOf(started.controlUrl)).toMatchObject({ settledCredits: 20, heldCredits: 0 });
  });
});
