import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createManualClock } from '../../src/clock.ts';
import { get } from '../app/calls.ts';
import type { StartedApp } from '../app/start-app.ts';
import { advanceUntil, whileMoving } from '../money/hand-clock.ts';
import { answerText, startRawUpstream, type RawUpstream } from '../upstream/raw-upstream.ts';
import { holdOf } from './holds.ts';
import { startProxy } from './proxy-app.ts';
import type { RawAnswer } from './raw-answer.ts';
import { createText, exchange, requestText, Wire } from './wire.ts';

let upstream: RawUpstream;
let started: StartedApp;
const clock = createManualClock(Date.now());
beforeAll(async () => {
  upstream = await startRawUpstream(() => {});
  started = await startProxy({}, { baseUrl: upstream.url, clock });
});
afterAll(async () => {
  await started.stop();
  await upstream.stop();
});

/** An answer that says 500 bytes, brings 13, and closes. */
const broken = (status: string): RawUpstream['behave'] => {
  return (socket) =>
    void socket.end(
      `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{"code":1200,`,
    );
};

interface CallRow {
  status: number | null;
  outcome: string;
  errorClass: string | null;
  attempt: number;
}

async function callsOf(requestId: string): Promise<CallRow[]> {
  const { json } = await get(`${started.controlUrl}/v1/calls?limit=1000`);
  const { calls } = json as unknown as { calls: (CallRow & { requestId: string })[] };
  return calls.filter((call) => call.requestId === requestId);
}

async function countedNow(): Promise<{ valid: number; errors: number; noAnswer: number }> {
  const month = new Date().toISOString().slice(0, 7);
  const { json } = await get(`${started.controlUrl}/v1/sla/${month}`);
  return (json as unknown as { requests: { valid: number; errors: number; noAnswer: number } }).requests;
}

async function read(requestId: string): Promise<RawAnswer> {
  const wire = await Wire.open(started.dataUrl);
  wire.send(
    requestText(started.dataUrl, 'GET /tasks?task_ids=1', { headers: [`X-Request-Id: ${requestId}`] }),
  );
  return whileMoving(clock, wire.answer(), 100);
}

describe('an answer whose body breaks off', () => {
  it.each([
    ['503 Service Unavailable', 'server_error', { attempts: 3, errors: 3 }],
    ['200 OK', 'ok', { attempts: 1, errors: 0 }],
    ['429 Too Many Requests', 'throttled', { attempts: 1, errors: 0 }],
    ['600 Odd', 'ok', { attempts: 1, errors: 0 }],
  ])('counts by its status line, and reaches its caller so: %s', async (line, outcome, expected) => {
    upstream.behave = broken(line);
    const status = Number(line.slice(0, 3));
    const before = await countedNow();
    const requestId = `broken-${status}`;
    const answer = await read(requestId);
    expect([answer.status, answer.isWhole, answer.body.toString()]).toEqual([status, false, '{"code":1200,']);
    const calls = await advanceUntil(clock, async () => {
      const found = await callsOf(requestId);
      return found.length === expected.attempts && found;
    });
    for (const call of calls) expect(call).toMatchObject({ status, outcome, errorClass: 'truncated' });
    const after = await countedNow();
    expect(after.valid - before.valid).toBe(expected.attempts);
    expect(after.errors - before.errors).toBe(expected.errors);
    expect(after.noAnswer).toBe(before.noAnswer);
  });

  it('leaves a create in doubt, for every status', async () => {
    const statuses = ['200 OK', '400 Bad Request', '503 Service Unavailable'];
    upstream.behave = (socket, request) => {
      const status = statuses.find((one) => request.body.includes(one));
      if (status === undefined)
        socket.write(answerText('{"code":0,"message":"ok","request_id":"q","data":[]}'));
      else broken(status)(socket, request);
    };
    const send = async (status: string): Promise<void> => {
      const body = `{"model_name":"kling-v1","prompt":"${status}"}`;
      const headers = ['X-Kling-Timeout-Ms: 20000'];
      const answer = await exchange(started.dataUrl, createText(started.dataUrl, { body, headers }));
      expect(answer.json.data, status).toMatchObject({ word: 'outcome_unknown' });
      const [call] = await callsOf(answer.header('x-request-id') ?? '');
      expect(call).toMatchObject({ status: Number(status.slice(0, 3)), errorClass: 'truncated' });
      const hold = await holdOf(started, answer.header('x-kling-external-task-id') ?? '');
      expect(hold).toMatchObject({ state: 'held', inDoubt: true });
    };
    await whileMoving(clock, Promise.all(statuses.map(send)));
  });
});
