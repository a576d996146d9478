/**
 * A story: Kling is down for 20 minutes while an app goes on creating, and what is left of it a minute later.
 *
 * Creates of the first ten minutes make nothing, later ones make a task. The other order would prove less: Kling's "no such
 * task" ends a doubt only at an age of ten minutes, with any outage.
 */
import { expect } from 'vitest';
import { createManualClock } from '../../src/clock.ts';
import { WINDOW_MS, windowStart } from '../../src/sla/window.ts';
import { get, post, anotherVideo, until, type Got } from '../app/calls.ts';
import type { StartedApp } from '../app/start-app.ts';
import { budgetOf, type HoldRow } from '../money/books.ts';
import { advanceBy, turns, whileMoving } from '../money/hand-clock.ts';
import { startProxy } from '../proxy/proxy-app.ts';

const START = Date.UTC(2026, 8, 20, 12);
const OUTAGE_MS = 1_200_000;
const MINUTE = 60_000;
const PATH = '/v1/videos/text2video';
const CREATES = { method: 'POST', path: PATH };

/** How Kling answers creates, one after the other: in the first half it makes nothing, in the second half it does. */
const HALVES = [
  [
    { kind: 'code', code: 5001 },
    { kind: 'http', status: 502 },
  ],
  [
    { kind: '5xx_after_charge', code: 5000 },
    { kind: 'html_after_charge', status: 504 },
  ],
] as const;

interface Hold extends HoldRow {
  createdAt: string;
}

async function holdsOf(controlUrl: string): Promise<Hold[]> {
  const { json } = await get(`${controlUrl}/v1/holds?limit=1000`);
  return (json as unknown as { holds: Hold[] }).holds;
}

/** Lets an app create `count` videos, evenly spread over an outage of 20 minutes of moved clock. */
export async function liveThroughOutage(count: number): Promise<void> {
  const clock = createManualClock(START);
  const app = await startProxy({ tasks: { poll: true, pollIntervalMs: 5_000 } }, { clock });
  try {
    const answers: Begun[] = [];
    for (const half of HALVES) {
      app.emulator.clearFaults();
      app.emulator.addFault({ kind: 'http', status: 502, times: 'always', match: { method: 'GET' } });
      for (let i = 0; i < count / 2; i += 1) {
        const fault = half[i % half.length];
        if (fault) app.emulator.addFault({ ...fault, match: CREATES });
        answers.push(await begin(app));
        await advanceBy(clock, OUTAGE_MS / count, 1_000);
      }
    }
    const answered = await whileMoving(clock, Promise.all(answers.map(({ answer }) => answer)), 1_000);
    app.emulator.clearFaults();
    await advanceBy(clock, MINUTE, 500);
    await turns();
    await checkHolds(app);
    checkAnswers(app, answered);
    await checkWindows(app);
    expect((await post(app.dataUrl + PATH, anotherVideo())).status).toBe(200);
  } finally {
    await app.stop();
  }
}

function sentTo(emulator: StartedApp['emulator']): number {
  return emulator.requests().filter(({ method, path }) => method === 'POST' && path === PATH).length;
}

interface Begun {
  answer: Promise<Got>;
}

/** Sends a create, and waits until it is at Kling or refused: the time that this machine takes for it is not the story's. */
async function begin({ dataUrl, emulator }: StartedApp): Promise<Begun> {
  const before = sentTo(emulator);
  let isAnswered = false;
  const answer = post(dataUrl + PATH, anotherVideo());
  void answer.finally(() => (isAnswered = true)).catch(() => undefined);
  await until('the create is at Kling or refused', () => isAnswered || sentTo(emulator) > before);
  return { answer };
}

/** Every hold ended as the book says, and nothing was charged twice. */
async function checkHolds({ controlUrl, emulator }: StartedApp): Promise<void> {
  const holds = await until('every hold has ended', async () => {
    const known = await holdsOf(controlUrl);
    return known.every(({ state }) => state !== 'held') && known;
  });
  const { charges, totalUnits } = emulator.book();
  const charged = new Set(charges.map(({ externalTaskId }) => externalTaskId));
  for (const { externalTaskId, state } of holds)
    expect(state).toBe(charged.has(externalTaskId) ? 'settled' : 'released');
  expect(charged.size).toBe(charges.length);
  expect(charges.length).toBeGreaterThan(5);
  expect(holds.length).toBeGreaterThan(charges.length);
  const { settledCredits, heldCredits } = await budgetOf(controlUrl);
  expect([settledCredits, heldCredits]).toEqual([totalUnits * 10, 0]);
}

/** A create either reached Kling and is in doubt, or the breaker refused it at once; few reached Kling. */
function checkAnswers({ emulator }: StartedApp, answers: readonly Got[]): void {
  const sent = sentTo(emulator);
  const refused = answers.filter(({ json }) => json.data['breaker'] === 'open');
  expect(answers.filter(({ status }) => status === 424)).toHaveLength(sent);
  const others = answers.filter(({ status, json }) => status !== 424 && json.data['breaker'] !== 'open');
  expect(others.map(({ json }) => json)).toEqual([]);
  expect(refused).toHaveLength(answers.length - sent);
  expect(refused.every(({ status, json }) => status === 502 && json.code === 9050)).toBe(true);
  // Five to open it, one at a time that was there already, and one every 30 s.
  expect(sent).toBeLessThan(5 + 25 + OUTAGE_MS / 30_000);
}

/** Each window of the outage has creates that failed. */
async function checkWindows({ controlUrl }: StartedApp): Promise<void> {
  const { json } = await get(`${controlUrl}/v1/sla/2026-09/windows`);
  const { windows } = json as unknown as { windows: { start: string; errors: number }[] };
  const tried = new Set((await holdsOf(controlUrl)).map((hold) => windowStart(Date.parse(hold.createdAt))));
  for (let start = START; start < START + OUTAGE_MS; start += WINDOW_MS) {
    expect(tried).toContain(start);
    const window = windows.find((one) => Date.parse(one.start) === start);
    expect(window?.errors).toBeGreaterThan(0);
  }
}
