import { afterEach, describe, expect, it } from 'vitest';
import { createManualClock, type ManualClock } from '../../src/clock.ts';
import { get, post, textToVideo, type Got } from '../app/calls.ts';
import { startApp, type StartedApp } from '../app/start-app.ts';
import { budgetOf } from './books.ts';
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
const NOTHING: Answer = ({ method }) => (method === 'POST' ? OUTAGE : says([]));
const KEYS = { first: { KLING_API_KEY: 'the-first-key' }, second: { KLING_API_KEY: 'the-second-key' } };

let clock: ManualClock;
let started: StartedApp;
const standIns: StandIn[] = [];
afterEach(async () => {
  await started.stop();
  for (const one of standIns.splice(0)) await one.stop();
});

async function kling(answer: Answer): Promise<StandIn> {
  const one = await startStandIn(clock, answer);
  standIns.push(one);
  return one;
}

const configOf = (at: StandIn, account: string | null = null, poll = false) => ({
  upstream: { baseUrl: at.url },
  tasks: { poll, pollIntervalMs: 1_000 },
  auth: { account },
  limits: { concurrency: { video: 1 } },
});

async function start(answer: Answer, poll = false): Promise<StandIn> {
  clock = createManualClock(Date.now());
  const first = await kling(answer);
  started = await startApp({
    clock,
    baseUrl: first.url,
    env: KEYS.first,
    config: configOf(first, null, poll),
  });
  return first;
}

const create = (over: Record<string, unknown> = {}): Promise<Got> =>
  whileMoving(clock, post(started.dataUrl + PATH, textToVideo(over)));
interface Hold {
  state: string;
  inDoubt: boolean;
  waitsForOperator: boolean;
  upstream: string;
  taskId: string | null;
}
const hold = async (): Promise<Hold | undefined> => {
  const { json } = await get(`${started.controlUrl}/v1/holds`);
  return (json as unknown as { holds: Hold[] }).holds.at(-1);
};
const lookUps = (at: StandIn): Received[] => at.received.filter((got) => askedIds(got).length > 0);
const elsewhere = async (): Promise<unknown> => {
  const { json } = await get(`${started.controlUrl}/v1/status`);
  return (json as unknown as { heldElsewhere: unknown }).heldElsewhere;
};

describe('a create in doubt', () => {
  it('is not released on another Kling’s word: it waits for its own, or for an operator', async () => {
    const a = await start(NOTHING);
    expect((await create()).status).toBe(424);
    const b = await kling(NOTHING);
    await started.reload(configOf(b), KEYS.first);
    await advanceBy(clock, 1_400_000, 20_000);
    expect(lookUps(b)).toEqual([]);
    const { host } = new URL(a.url);
    expect(await hold()).toMatchObject({ state: 'held', inDoubt: true, waitsForOperator: true });
    expect((await hold())?.upstream).toMatch(new RegExp(`^${host} key-[0-9a-f]{16}$`));
    expect(await elsewhere()).toEqual([{ upstream: (await hold())?.upstream, holds: 1, credits: 10 }]);
    await started.reload(configOf(a), KEYS.first);
    expect(await elsewhere()).toEqual([]);
    await advanceUntil(clock, async () => (await hold())?.state === 'released', { stepMs: 5_000 });
  });

  it('is not released by another key of the same host, and is not looked up with it', async () => {
    const a = await start(NOTHING);
    await create();
    const before = lookUps(a).length;
    await started.reload(configOf(a), KEYS.second);
    await advanceBy(clock, 1_400_000, 20_000);
    expect(lookUps(a)).toHaveLength(before);
    expect(await hold()).toMatchObject({ state: 'held', inDoubt: true, waitsForOperator: true });
  });

  it('is looked up with a rotated key if an operator has named the account', async () => {
    const a = await start(NOTHING);
    await create();
    await started.reload(configOf(a, 'main'), KEYS.first);
    expect((await hold())?.upstream).toBe(`${new URL(a.url).host} account-main`);
    await started.reload(configOf(a, 'main'), KEYS.second);
    expect(await hold()).toMatchObject({ inDoubt: true, waitsForOperator: false });
    await advanceUntil(clock, async () => (await hold())?.state === 'released', { stepMs: 5_000 });
  });

  it('of another upstream keeps its key, and its repeat gets the answer at once that an operator must decide', async () => {
    await start(NOTHING);
    const keyed = () =>
      whileMoving(clock, post(started.dataUrl + PATH, textToVideo(), { 'idempotency-key': 'k' }));
    expect((await keyed()).status).toBe(424);
    const b = await kling(({ method }) => (method === 'POST' ? says(legacyTask('b-1', null)) : says([])));
    await started.reload(configOf(b), KEYS.first);
    const again = await post(started.dataUrl + PATH, textToVideo(), { 'idempotency-key': 'k' });
    expect(again).toMatchObject({ status: 424, json: { code: 9052 } });
    expect(again.json.message).toContain('operator');
    expect(b.received.filter(({ method }) => method === 'POST')).toEqual([]);
  });
});

describe('an open task', () => {
  const made: Answer = ({ method }) => (method === 'POST' ? says(legacyTask('t-1', null)) : says([]));
  const shows = (externalTaskId: string | null): Answer => {
    const ended = {
      ...(listedTask('t-1', externalTaskId, 'succeeded') as object),
      final_unit_deduction: '9',
    };
    return ({ method }) => (method === 'POST' ? OUTAGE : says([ended]));
  };

  it('is not settled by another Kling that has a task of the same id, for any caller', async () => {
    await start(made, true);
    expect((await create()).status).toBe(200);
    const b = await kling(shows(null));
    await started.reload(configOf(b, null, true), KEYS.first);
    await advanceBy(clock, 60_000, 2_000);
    expect(b.received).toEqual([]);
    await get(`${started.dataUrl}/tasks?task_ids=t-1`);
    await advanceBy(clock, 10_000, 2_000);
    expect(await hold()).toMatchObject({ state: 'held', waitsForOperator: true });
    expect(await budgetOf(started.controlUrl)).toMatchObject({ settledCredits: 0, heldCredits: 10 });
  });

  it('gives its slot back when another upstream is put in use', async () => {
    await start(made);
    expect((await create()).status).toBe(200);
    const b = await kling(({ method }) => (method === 'POST' ? says(legacyTask('b-1', null)) : says([])));
    await started.reload(configOf(b), KEYS.first);
    expect((await create()).status).toBe(200);
  });

  it.each([
    ['names the id that we added', true],
    ['names no id of ours', false],
  ])('under another key of the same host settles only if the answer %s', async (_name, isNamed) => {
    const a = await start(made, true);
    const id = (await create()).headers['x-kling-external-task-id'] as string;
    // The end is shown only once the first key asks no more.
    await started.reload(configOf(a, null, true), KEYS.second);
    a.answer(shows(isNamed ? id : null));
    await advanceBy(clock, 60_000, 2_000);
    expect((await hold())?.state).toBe(isNamed ? 'settled' : 'held');
  });
});
