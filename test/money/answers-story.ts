/** Random answers of Kling's to creates, attempt by attempt: each create is charged at most once, and the ledger says the same. */
import fc from 'fast-check';
import { expect } from 'vitest';
import { createManualClock } from '../../src/clock.ts';
import type { FaultOrder } from '../../src/emulator/faults.ts';
import { post, textToVideo } from '../app/calls.ts';
import { startProxy } from '../proxy/proxy-app.ts';
import { holdsOf } from '../proxy/holds.ts';
import { budgetOf } from './books.ts';
import { advanceBy, advanceUntil, whileMoving } from './hand-clock.ts';

const PATH = '/v1/videos/text2video';

const refusal = fc
  .constantFrom(1200, 1301, 1302, 1303, 6666)
  .map((code): FaultOrder => ({ kind: 'code', code, ...(code === 6666 && { status: 400 }) }));
const trouble = fc.constantFrom(5000, 5001, 5002).map((code): FaultOrder => ({ kind: 'code', code }));
const charged = fc
  .constantFrom(5000, 5001, 5002)
  .map((code): FaultOrder => ({ kind: '5xx_after_charge', code }));
const late = fc.record({
  kind: fc.constant('late_task' as const),
  code: fc.constantFrom(5000, 5001),
  ms: fc.integer({ min: 500, max: 40_000 }),
});
const lost = fc
  .constantFrom(
    'reset_before_charge',
    'reset_after_charge',
    'truncate',
    'missing_task_id',
    'html_after_charge',
  )
  .map((kind): FaultOrder => ({ kind: kind as FaultOrder['kind'] }));
const answer = fc.oneof(refusal, trouble, { arbitrary: trouble, weight: 2 }, charged, late, lost);

/** The answers to the attempts of each create, the first one first; attempts after them are carried out. */
export const anyAnswers = fc.array(fc.array(answer, { maxLength: 4 }), { minLength: 12, maxLength: 12 });

/** Sends one create for each list of answers, all at once; then lets every doubt and task end. */
export async function checkAnswers(lists: readonly (readonly FaultOrder[])[]): Promise<void> {
  const clock = createManualClock(Date.now());
  const config = { tasks: { poll: true, pollIntervalMs: 5_000 }, breaker: null };
  const app = await startProxy(config, { clock });
  try {
    for (const [i, list] of lists.entries()) {
      const match = { method: 'POST', path: PATH, bodyIncludes: `create-${i}-` };
      for (const order of list) app.emulator.addFault({ ...order, match });
    }
    const sent = lists.map((_, i) => post(app.dataUrl + PATH, textToVideo({ prompt: `create-${i}-` })));
    const answers = await whileMoving(clock, Promise.all(sent));
    await advanceBy(clock, 60_000);
    const isOver = async (): Promise<boolean> => (await holdsOf(app)).every(({ state }) => state !== 'held');
    await advanceUntil(clock, isOver, { stepMs: 5_000, stepsMax: 400 });
    const holds = await holdsOf(app);
    const { charges } = app.emulator.book();
    expect(new Set(charges.map(({ externalTaskId }) => externalTaskId)).size).toBe(charges.length);
    const settled = holds.filter(({ state }) => state === 'settled').map(({ taskId }) => taskId);
    expect(settled.toSorted()).toEqual(charges.map(({ taskId }) => taskId).toSorted());
    const budget = await budgetOf(app.controlUrl);
    const units = charges.reduce((sum, charge) => sum + charge.units, 0);
    expect(budget).toMatchObject({ heldCredits: 0, settledCredits: units * 10 });
    for (const { status, json } of answers) {
      if (status === 200) expect(settled).toContain(json.data['task_id']);
      // Only an answer that is no task may be sent again by its caller: then nothing was charged for it.
      else expect([400, 424, 429]).toContain(status);
    }
  } finally {
    await app.stop();
  }
}
