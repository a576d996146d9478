import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CODES, codeInfo, isLastingRefusal } from '../../src/kling/codes.ts';
import { failureReason, FAILURE_REASONS } from '../../src/kling/task-failures.ts';
import { decide, refusedWaitMs, WAIT_MS_MAX, type Decision } from '../../src/task-retries/decision.ts';
import { RETRY_REASONS, ruleFor, type RetryRule } from '../../src/task-retries/retry-rules.ts';
import type { OpenChain } from '../../src/tasks/retry-table.ts';

const AT = Date.UTC(2026, 10, 18, 12);
const DAY_MS = 86_400_000;
const INTERNAL = 'internal error';

const rule = (over: Partial<RetryRule> = {}): RetryRule => ({
  max: 2,
  reasons: ['concurrency', 'timeout', 'internal'],
  delayMs: 30_000,
  maxBodyKiB: 64,
  ...over,
});
const chain = (over: Partial<OpenChain> = {}): OpenChain => ({
  firstHoldId: 'hold_1',
  holdId: 'hold_1',
  number: 0,
  tries: 0,
  reason: null,
  waitingSince: null,
  app: 'shop',
  tag: null,
  firstAt: AT,
  holdState: 'held',
  taskId: 'task-1',
  taskState: 'processing',
  taskMessage: null,
  code: 0,
  ...over,
});
const failed = (taskMessage: string | null, over: Partial<OpenChain> = {}): OpenChain =>
  chain({ holdState: 'released', taskState: 'failed', taskMessage, ...over });
const decided = (one: OpenChain, by: RetryRule | null = rule(), at = AT): Decision =>
  decide(one, by, { at, random: 0.5 });
/** A retry that made no task. */
const untaken = (code: number | null, over: Partial<OpenChain> = {}): OpenChain =>
  chain({
    holdId: 'hold_2',
    number: 1,
    reason: 'internal',
    waitingSince: AT,
    holdState: 'released',
    taskId: null,
    taskState: null,
    code,
    ...over,
  });

describe('a create whose task may be tried again', () => {
  it('waits while its task is open, at most 31 days', () => {
    expect(decided(chain())).toEqual({ kind: 'wait' });
    expect(decided(chain({ taskId: null, taskState: null }))).toEqual({ kind: 'wait' });
    expect(decided(chain(), rule(), AT + 30 * DAY_MS)).toEqual({ kind: 'wait' });
    expect(decided(chain(), rule(), AT + 32 * DAY_MS)).toEqual({ kind: 'end', why: 'kept_too_long' });
  });

  it('also waits where a billing row settled it before its end is known', () => {
    expect(decided(chain({ holdState: 'settled' }))).toEqual({ kind: 'wait' });
  });

  it('is over when its task succeeds, or when Kling made none', () => {
    expect(decided(chain({ taskState: 'succeeded' }))).toEqual({ kind: 'end', why: 'succeeded' });
    const refused = chain({ taskId: null, taskState: null, holdState: 'released', code: 1200 });
    expect(decided(refused)).toEqual({ kind: 'end', why: 'no_task' });
  });

  it('is queued after a failure, with a wait that doubles, up to the maximum', () => {
    expect(decided(failed(INTERNAL))).toEqual({
      kind: 'queue',
      number: 0,
      reason: 'internal',
      tries: 0,
      note: INTERNAL,
      waitingSince: AT,
      dueAt: AT + 30_000,
    });
    expect(decided(failed(INTERNAL, { number: 1 }))).toMatchObject({ number: 1, dueAt: AT + 60_000 });
    expect(decided(failed(INTERNAL, { number: 2 }))).toEqual({ kind: 'end', why: 'no_more' });
  });

  it('ends without a rule, and for a reason that its rule does not name', () => {
    expect(decided(failed(INTERNAL), null)).toEqual({ kind: 'end', why: 'no_rule' });
    expect(decided(failed('image download failed'))).toEqual({ kind: 'end', why: 'not_a_reason' });
    expect(decided(failed('image download failed'), rule({ reasons: ['input'] })).kind).toBe('queue');
    expect(decided(failed(null))).toEqual({ kind: 'end', why: 'not_a_reason' });
  });

  it('is never tried again after content policy, by any rule', () => {
    const words = [
      'risk control',
      'content policy',
      'sensitive',
      '违规',
      '审核不通过',
      'code 1301',
      'moderation',
    ];
    const all = rule({ reasons: RETRY_REASONS, max: 5 });
    fc.assert(
      fc.property(fc.string(), fc.constantFrom(...words), fc.string(), (before, word, after) => {
        const message = `${before} ${word} ${after}`;
        expect(failureReason(message)).toBe('content');
        expect(decided(failed(message), all)).toEqual({ kind: 'end', why: 'not_a_reason' });
      }),
    );
    expect(RETRY_REASONS).toEqual(FAILURE_REASONS.filter((reason) => reason !== 'content'));
  });
});

describe('a retry that made no task', () => {
  it('is tried again as the same number after what can pass, for a day', () => {
    for (const code of [null, 1302, 1303, 1101, 1102, 1002, 5000, 5002, 4711]) {
      const decision = decided(untaken(code, { tries: 3 }));
      expect(decision).toMatchObject({
        kind: 'queue',
        number: 0,
        tries: 4,
        reason: 'internal',
        waitingSince: AT,
      });
    }
    const late = AT + rule().delayMs + WAIT_MS_MAX + 1;
    expect(decided(untaken(1303), rule(), late)).toEqual({ kind: 'end', why: 'waited_too_long' });
  });

  it('ends the chain after a refusal of the request itself', () => {
    for (const { code } of CODES.filter((one) => isLastingRefusal(one.code)))
      expect(decided(untaken(code))).toEqual({ kind: 'end', why: 'refused' });
    expect(codeInfo(1203)?.retry).toBe('never');
    expect(decided(untaken(1203))).toEqual({ kind: 'end', why: 'refused' });
  });

  it('waits longer each time, from 15 s to 15 min', () => {
    fc.assert(
      fc.property(fc.nat(1_000), fc.double({ min: 0, max: 0.999, noNaN: true }), (tries, random) => {
        const waitMs = refusedWaitMs(tries, random);
        expect(waitMs).toBeGreaterThanOrEqual(15_000);
        expect(waitMs).toBeLessThanOrEqual(900_000);
      }),
    );
    expect([0, 1, 2, 9].map((tries) => refusedWaitMs(tries, 0))).toEqual([15_000, 30_000, 60_000, 450_000]);
  });
});

describe('the rule of a create', () => {
  it('is the first one that matches', () => {
    const shop = rule({ app: 'shop' });
    const tagged = rule({ tag: 'batch' });
    const all = rule();
    const rules = [shop, tagged, all];
    expect(ruleFor(rules, { app: 'shop', tag: 'batch' })).toBe(shop);
    expect(ruleFor(rules, { app: 'blog', tag: 'batch' })).toBe(tagged);
    expect(ruleFor(rules, { app: 'blog', tag: null })).toBe(all);
    expect(ruleFor([shop, tagged], { app: 'blog', tag: null })).toBeNull();
  });
});
