import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyBudgets } from '../../src/budget/budget-table.ts';
import type { Clock } from '../../src/clock.ts';
import { createManualClock } from '../../src/clock.ts';
import { AgeClock } from '../../src/ledger/age-clock.ts';
import { ClockTrust } from '../../src/upstream/clock-trust.ts';
import { KlingClock } from '../../src/upstream/kling-clock.ts';
import { admitHold, newHold, NOON, rule } from '../ledger/making.ts';
import { createMemoryStore } from '../ledger/memory-store.ts';

const DAY_MS = 86_400_000;

function rig(startMs = NOON) {
  const clock = createManualClock(startMs);
  const kling = new KlingClock(clock);
  const trust = new ClockTrust(clock, kling, () => true);
  kling.onBelieved = () => trust.follow();
  trust.begin({ datedTo: null, accepted: null });
  /** Two answers whose `Date` differs from our wall clock by so much. */
  const answers = (offsetMs: number): void => {
    for (let i = 0; i < 2; i += 1) kling.note(clock.now() + offsetMs);
  };
  return { clock, kling, trust, answers };
}

describe('trust in our clock', () => {
  it.each([
    [300_000, true],
    [300_001, false],
    [330_000, false],
    [-300_000, true],
    [-330_000, false],
  ])('with Kling’s %d ms away is %s', (offsetMs, isTrusted) => {
    const { trust, answers } = rig();
    answers(offsetMs);
    expect(trust.isTrusted).toBe(isTrusted);
    if (isTrusted) trust.check();
    else expect(() => trust.check()).toThrow(/differs|ahead of|behind/);
  });

  it('borders at five minutes around what was accepted', () => {
    const { trust, kling, clock } = rig();
    trust.accept({ offsetMs: 900_000 });
    for (const [offsetMs, isTrusted] of [
      [1_200_000, true],
      [1_200_001, false],
      [600_000, true],
      [599_999, false],
      [0, true],
    ] as const) {
      kling.forget();
      kling.note(clock.now() + offsetMs);
      expect(trust.isTrusted, String(offsetMs)).toBe(isTrusted);
    }
  });

  it('waits for an answer with a Date before anything is dated, unless an operator goes without', () => {
    const { trust } = rig();
    expect(trust.needsLook).toBe(true);
    expect(() => trust.check()).toThrow('no Date');
    trust.accept({ offsetMs: null });
    expect(trust.needsLook).toBe(false);
    trust.check();
  });

  it('ends with a step of more than five seconds, until Kling’s clock was looked at again', async () => {
    const { trust, clock, answers } = rig();
    answers(0);
    for (const [byMs, needsLook] of [
      [5_000, false],
      [-5_000, false],
      [5_001, true],
      [-5_001, true],
    ] as const) {
      clock.step(clock.now() + byMs);
      expect(trust.needsLook, String(byMs)).toBe(needsLook);
      answers(0);
      expect(trust.needsLook).toBe(false);
    }
    await clock.advance(DAY_MS);
    expect(trust.needsLook).toBe(false);
  });

  it('comes back after a sleep of the machine with the first answer', () => {
    const { trust, clock, kling, answers } = rig();
    answers(0);
    clock.step(clock.now() + DAY_MS);
    expect(trust.needsLook).toBe(true);
    kling.note(clock.now());
    expect(trust.needsLook).toBe(false);
    expect(trust.now()).toBe(NOON + DAY_MS);
  });

  it('continues dates from the last trusted instant while the clock is wrong', async () => {
    const { trust, clock, answers } = rig();
    answers(0);
    clock.step(NOON + 2 * DAY_MS);
    await clock.advance(60_000);
    expect(trust.now()).toBe(NOON + 60_000);
  });

  it('believes an odd answer only when a second one confirms it', () => {
    const { trust, kling, clock } = rig();
    kling.note(clock.now());
    kling.note(clock.now() - 600_000);
    expect(trust.offsetMs).toBe(0);
    expect(trust.needsLook).toBe(true);
    kling.note(clock.now());
    expect(trust.needsLook).toBe(false);
    kling.note(clock.now() - 600_000);
    kling.note(clock.now() - 600_000);
    expect(trust.offsetMs).toBe(-600_000);
    expect(trust.isTrusted).toBe(false);
  });
});

/** What happens to a machine: time passes, its clock steps, Kling answers (sometimes oddly), creates come. */
const anyEvent = fc.oneof(
  fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 4 * 3_600_000 }) }),
  fc.record({ kind: fc.constant('step' as const), ms: fc.integer({ min: -3 * DAY_MS, max: 3 * DAY_MS }) }),
  fc.record({ kind: fc.constant('step' as const), ms: fc.integer({ min: -20_000, max: 20_000 }) }),
  fc.record({ kind: fc.constant('right' as const) }),
  fc.record({ kind: fc.constant('odd' as const), ms: fc.integer({ min: -3 * DAY_MS, max: 3 * DAY_MS }) }),
  fc.record({ kind: fc.constant('create' as const), credits: fc.integer({ min: 1, max: 40_000 }) }),
);

describe('at any change of the clock', () => {
  it('the creates of one real day never pass the limit of a day', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyEvent, { minLength: 5, maxLength: 60 }), async (events) => {
        const store = createMemoryStore();
        const { clock, kling, trust } = rig();
        await store.run(applyBudgets, { rules: [rule({ limit: 100_000 })], at: NOON });
        let trueMs = NOON;
        const byDay = new Map<number, number>();
        for (const [i, event] of events.entries()) {
          if (event.kind === 'wait') {
            trueMs += event.ms;
            await clock.advance(event.ms);
          } else if (event.kind === 'step') clock.step(clock.now() + event.ms);
          else if (event.kind === 'right') clock.step(trueMs);
          else if (event.kind === 'odd') {
            // One odd answer, never two that agree: the next is right.
            kling.note(trueMs + event.ms);
            kling.note(trueMs);
          } else {
            for (let look = 0; look < 3 && trust.needsLook; look += 1) kling.note(trueMs);
            try {
              trust.check();
            } catch {
              continue;
            }
            const hold = newHold(`h${i}`, { at: trust.now(), credits: event.credits });
            expect(Math.abs(hold.at - trueMs)).toBeLessThanOrEqual(300_000 + 5_000);
            if ((await admitHold(store, hold)).kind !== 'admitted') continue;
            // Beside midnight a clock that is minutes off may count in the neighbouring day.
            const isNearMidnight = Math.abs(((trueMs + DAY_MS / 2) % DAY_MS) - DAY_MS / 2) < 305_000;
            const day = Math.floor(trueMs / DAY_MS);
            if (!isNearMidnight) byDay.set(day, (byDay.get(day) ?? 0) + event.credits);
          }
        }
        store.close();
        for (const sum of byDay.values()) expect(sum).toBeLessThanOrEqual(100_000);
      }),
      { numRuns: 150 },
    );
  });

  it('ages never go back and never run ahead of the time that has passed', async () => {
    const anyStep = fc.oneof(
      fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: DAY_MS }) }),
      fc.record({ kind: fc.constant('step' as const), ms: fc.integer({ min: -DAY_MS, max: DAY_MS }) }),
      fc.record({ kind: fc.constant('restart' as const), downMs: fc.integer({ min: 0, max: DAY_MS }) }),
      fc.record({ kind: fc.constant('answer' as const) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(anyStep, { maxLength: 40 }), async (steps) => {
        const clock = createManualClock(NOON);
        let trueMs = NOON;
        let ages = begun(clock, NOON);
        let last = ages.now();
        for (const step of steps) {
          if (step.kind === 'wait') {
            trueMs += step.ms;
            await clock.advance(step.ms);
          } else if (step.kind === 'step') clock.step(clock.now() + step.ms);
          else if (step.kind === 'answer') ages.countDowntime(Math.min(trueMs, clock.now()));
          else {
            trueMs += step.downMs;
            clock.step(clock.now() + step.downMs);
            ages = begun(clock, last);
          }
          expect(ages.now()).toBeGreaterThanOrEqual(last);
          expect(ages.now()).toBeLessThanOrEqual(trueMs);
          last = ages.now();
        }
      }),
    );
  });
});

function begun(clock: Clock, agedTo: number): AgeClock {
  const ages = new AgeClock(clock);
  ages.begin(agedTo, true);
  return ages;
}
