/** What every refusal of the data plane looks like, and the proof that nothing of it went on to Kling. */
import { expect } from 'vitest';
import { REFUSALS, type RefusalWord } from '../../src/errors.ts';
import type { Emulator } from '../../src/emulator/emulator.ts';
import type { RawAnswer } from './raw-answer.ts';

const REQUEST_ID = /^[A-Za-z0-9._:/+=@-]{1,128}$/;
const TIMING = /^(upstream;dur=[\d.]+, )?sidecar;dur=\d+\.\d\d(, queue;dur=[\d.]+)?$/;

/** Fails unless the answer is our refusal by this word, in Kling's shape and with our headers. */
export function expectRefusal(answer: RawAnswer, word: RefusalWord, status?: number, about = ''): void {
  const { code, status: usual, retryable } = REFUSALS[word];
  const seen = `${about} ${answer.status} ${answer.body.toString('utf8').slice(0, 300)}`;
  expect(answer.header('x-kling-sidecar'), seen).toBe(word);
  expect(answer.status, seen).toBe(status ?? usual);
  expect(answer.isWhole, seen).toBe(true);
  expect(answer.json, seen).toMatchObject({ code, data: { word, retryable } });
  expect(typeof answer.json.message, seen).toBe('string');
  expect(answer.json.message.length, seen).toBeGreaterThan(10);
  expect(answer.json.request_id, seen).toMatch(REQUEST_ID);
  expect(answer.header('x-request-id'), seen).toBe(answer.json.request_id);
  expect(answer.json.request_id, seen).not.toBe('unread');
  expect(answer.header('server-timing') ?? '', seen).toMatch(TIMING);
  expect(answer.header('content-type'), seen).toBe('application/json; charset=utf-8');
  expect(answer.header('access-control-allow-origin'), seen).toBeNull();
  if (answer.status === 405) expect(answer.header('allow'), seen).toMatch(/^[A-Z]+(, [A-Z]+)*$/);
}

/** Fails unless nothing reached the emulator while `act` ran. */
export async function nothingSent<T>(emulator: Emulator, act: () => Promise<T>): Promise<T> {
  const before = emulator.requests().length;
  const result = await act();
  const arrived = emulator
    .requests()
    .slice(before)
    .map((request) => `${request.method} ${request.path}`);
  expect(arrived, 'nothing may reach Kling').toEqual([]);
  return result;
}
