import { beforeEach, describe, expect, it } from 'vitest';
import { createManualClock, type ManualClock } from '../../src/clock.ts';
import { Breaker, PROBE_PERIOD_MS } from '../../src/pacing/breaker.ts';
import type { Permit } from '../../src/pacing/permit.ts';
import { WINDOW_MS } from '../../src/sla/window.ts';
import type { AttemptResult } from '../../src/upstream/failure-streak.ts';

const START = Date.UTC(2026, 8, 20);

const answered = (status: number): AttemptResult => ({
  head: { status, reason: '', headers: [] },
  failure: null,
});
const unreachable: AttemptResult = {
  head: null,
  failure: { errorClass: 'refused', isLate: false, sent: false, cause: 'connect ECONNREFUSED' },
};
const noAnswer: AttemptResult = {
  head: null,
  failure: { errorClass: 'reset', isLate: false, sent: true, cause: 'read ECONNRESET' },
};
const noConnection: AttemptResult = {
  head: null,
  failure: { errorClass: 'no_connection', isLate: true, sent: false, cause: 'no free connection' },
};

let clock: ManualClock;
let breaker: Breaker;
let failuresMin: number | null;
let said: string[];
beforeEach(() => {
  clock = createManualClock(START);
  failuresMin = 5;
  said = [];
  breaker = new Breaker({
    clock,
    failuresMin: () => failuresMin,
    listener: {
      onOpen: ({ failures }) => said.push(`open after ${failures}`),
      onClose: (openMs) => said.push(`closed after ${openMs}`),
    },
  });
});

const create = (result: AttemptResult, startedAt = clock.now()): void =>
  breaker.noteCreate({ ...result, startedAt });
const open = (): void => {
  for (let i = 0; i < 5; i += 1) create(answered(503));
};
const isRefused = (): boolean => {
  const { refusal, isProbe, end } = breaker.ask();
  end();
  expect(isProbe).toBe(refusal === null && breaker.isOpen);
  return refusal !== null;
};
const probe = (result: AttemptResult | null): Permit => {
  const permit = breaker.ask();
  expect(permit).toMatchObject({ refusal: null, isProbe: true });
  if (result !== null) create(result);
  permit.end();
  return permit;
};

describe('the breaker', () => {
  it('opens after five creates in a row that had a 5xx or no answer', () => {
    for (const result of [answered(500), unreachable, noAnswer, answered(504)]) create(result);
    expect(breaker.state()).toMatchObject({ isOpen: false, failures: 4 });
    expect(isRefused()).toBe(false);
    create(answered(503));
    expect(breaker.ask().refusal).toMatchObject({
      code: 'upstream_unreachable',
      status: 502,
      detail: { sent: 'no', breaker: 'open', cause: 'HTTP 503', retryAfterSeconds: 30 },
    });
    expect(breaker.state()).toEqual({
      isOpen: true,
      failures: 5,
      since: START,
      cause: 'HTTP 503',
      nextProbeAt: START + PROBE_PERIOD_MS,
    });
  });

  it('counts from the start after any answer below 500, and no attempt that this machine prevented', () => {
    for (let i = 0; i < 4; i += 1) create(unreachable);
    create(answered(429));
    for (let i = 0; i < 4; i += 1) create(unreachable);
    for (let i = 0; i < 9; i += 1) create(noConnection);
    expect(breaker.isOpen).toBe(false);
    for (let i = 0; i < 9; i += 1) breaker.noteRead(unreachable);
    expect(breaker.isOpen).toBe(false);
  });

  it('lets one create through every 30 s', async () => {
    open();
    expect(isRefused()).toBe(true);
    await clock.advance(PROBE_PERIOD_MS - 1);
    expect(isRefused()).toBe(true);
    await clock.advance(1);
    const permit = breaker.ask();
    expect(permit.isProbe).toBe(true);
    expect(isRefused()).toBe(true);
    await clock.advance(20_000);
    expect(isRefused()).toBe(true);
    create(noAnswer);
    permit.end();
    expect(isRefused()).toBe(true);
    await clock.advance(10_000);
    probe(unreachable);
    expect(said).toEqual(['open after 5']);
  });

  it('makes room for the next create at once if one that it let through was never sent', async () => {
    open();
    await clock.advance(PROBE_PERIOD_MS);
    probe(null);
    probe(answered(500));
    expect(isRefused()).toBe(true);
  });

  it('lets a create through in each window in which none was tried', async () => {
    await clock.advance(WINDOW_MS - 2_000);
    open();
    expect(isRefused()).toBe(true);
    await clock.advance(2_000);
    probe(answered(500));
    expect(isRefused()).toBe(true);
    await clock.advance(WINDOW_MS - 10_000);
    const hanging = breaker.ask();
    expect(hanging.isProbe).toBe(true);
    await clock.advance(10_000);
    const next = breaker.ask();
    expect(next.isProbe).toBe(true);
    expect(isRefused()).toBe(true);
    create(noAnswer, clock.now() - 10_000);
    hanging.end();
    expect(isRefused()).toBe(true);
    next.end();
  });

  it('closes with any answer below 500 to a create', async () => {
    open();
    await clock.advance(PROBE_PERIOD_MS);
    probe(answered(400));
    expect(isRefused()).toBe(false);
    expect(breaker.state()).toMatchObject({ isOpen: false, failures: 0, cause: null, nextProbeAt: null });
    expect(said).toEqual(['open after 5', `closed after ${PROBE_PERIOD_MS}`]);
  });

  it('sends the next create as a probe when reads are answered again, and is not closed by that', async () => {
    open();
    breaker.noteRead(unreachable);
    await clock.advance(1_000);
    expect(isRefused()).toBe(true);
    breaker.noteRead(answered(200));
    probe(answered(500));
    expect(isRefused()).toBe(true);
    // Reads that work all the time show nothing new.
    breaker.noteRead(answered(200));
    expect(isRefused()).toBe(true);
    breaker.noteRead(answered(502));
    breaker.noteRead(answered(200));
    probe(answered(200));
    expect(breaker.isOpen).toBe(false);
  });

  it('is off without a number, and follows a change of it', () => {
    failuresMin = null;
    open();
    expect(isRefused()).toBe(false);
    failuresMin = 6;
    create(unreachable);
    expect(isRefused()).toBe(true);
    failuresMin = null;
    expect([isRefused(), breaker.isOpen]).toEqual([false, false]);
  });

  it('forgets everything if the upstream is another one', () => {
    open();
    breaker.clear();
    expect(isRefused()).toBe(false);
    create(unreachable);
    expect(breaker.state()).toMatchObject({ isOpen: false, failures: 1 });
  });
});
