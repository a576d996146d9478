import { afterEach, describe, expect, it } from 'vitest';
import { createManualClock, type ManualClock } from '../../src/clock.ts';
import type { FaultOrder } from '../../src/emulator/faults.ts';
import { get, until, type Got } from '../app/calls.ts';
import type { StartedApp } from '../app/start-app.ts';
import { turns, whileMoving } from '../money/hand-clock.ts';
import { startProxy } from './proxy-app.ts';

let clock: ManualClock;
let started: StartedApp;
afterEach(() => started.stop());

async function start(config: Parameters<typeof startProxy>[0] = {}): Promise<void> {
  clock = createManualClock(Date.now());
  started = await startProxy(config, { clock });
}

const TARGET = '/tasks?task_ids=1,2';
const fault = (order: FaultOrder): unknown =>
  started.emulator.addFault({ match: { method: 'GET', path: '/tasks' }, ...order });
const read = (): Promise<Got> => whileMoving(clock, get(started.dataUrl + TARGET), 100);

const sentReads = (): number => started.emulator.requests().filter(({ path }) => path.includes('1,2')).length;

interface CallView {
  attempt: number;
  status: number | null;
  requestId: string;
}

async function attemptsOf({ headers }: Got): Promise<(number | null)[][]> {
  const { json } = await get(`${started.controlUrl}/v1/calls?limit=100`);
  const { calls } = json as unknown as { calls: CallView[] };
  const own = calls.filter(({ requestId }) => requestId === headers['x-request-id']);
  return own
    .toSorted((one, other) => one.attempt - other.attempt)
    .map(({ attempt, status }) => [attempt, status]);
}

describe('a read', () => {
  it('is sent again after a 5xx and after 1302, and its caller gets the last answer only', async () => {
    await start();
    fault({ kind: 'http', status: 503 });
    fault({ kind: 'code', code: 1302 });
    const answer = await read();
    expect(answer).toMatchObject({ status: 200, json: { code: 0 } });
    await clock.advance(1_000);
    expect(await attemptsOf(answer)).toEqual([
      [1, 503],
      [2, 429],
      [3, 200],
    ]);
  });

  it('gets Kling’s answer unchanged after three tries, or if it asks for a wait past the deadline', async () => {
    await start();
    fault({ kind: 'code', code: 5001, times: 3 });
    expect(await read()).toMatchObject({ status: 503, json: { code: 5001 } });
    fault({ kind: 'retry_after', code: 1302, seconds: 60 });
    expect(await read()).toMatchObject({ status: 429, headers: { 'retry-after': '60' } });
    expect(sentReads()).toBe(4);
  });

  it('is passed on at once for refusals that a wait does not change, and in observe mode, where a reset alone is followed by another try', async () => {
    await start();
    fault({ kind: 'code', code: 1101 });
    expect(await read()).toMatchObject({ status: 429, json: { code: 1101 } });
    await started.reload({ mode: 'observe' });
    fault({ kind: 'code', code: 5000 });
    expect(await read()).toMatchObject({ status: 500, json: { code: 5000 } });
    fault({ kind: 'reset_before_charge' });
    expect((await read()).headers['x-kling-sidecar']).toBeUndefined();
    expect(sentReads()).toBe(4);
  });

  it('is not sent again past the time that its caller gives it', async () => {
    await start();
    fault({ kind: 'retry_after', code: 1302, seconds: 12 });
    const headers = { 'x-kling-timeout-ms': '10000' };
    expect(await get(started.dataUrl + TARGET, headers)).toMatchObject({ status: 429 });
    expect(sentReads()).toBe(1);
  });

  it('gets the answer that was kept back where the sidecar stops during the wait', async () => {
    await start();
    fault({ kind: 'retry_after', code: 1302, seconds: 2 });
    const answer = get(started.dataUrl + TARGET);
    await until('Kling has answered', () => sentReads() === 1);
    await turns();
    const stopped = started.stop();
    expect(await whileMoving(clock, answer, 100)).toMatchObject({ status: 429, json: { code: 1302 } });
    await whileMoving(clock, stopped);
    expect(sentReads()).toBe(1);
  });

  it('is not sent again for a caller that went away', async () => {
    await start();
    fault({ kind: 'http', status: 503, times: 3 });
    const gone = new AbortController();
    const answer = fetch(started.dataUrl + TARGET, { signal: gone.signal }).catch(() => null);
    await until('Kling has answered', () => sentReads() === 1);
    await turns();
    gone.abort();
    await answer;
    await turns();
    await clock.advance(30_000);
    await turns();
    expect(sentReads()).toBe(1);
  });
});
