import { beforeEach, describe, expect, it } from 'vitest';
import { createManualClock, type ManualClock } from '../../src/clock.ts';
import { STOP_MS, Stops, type StopScope, type StopState } from '../../src/pacing/stops.ts';

const VIDEO: StopScope = { operation: 'text-to-video', product: 'video', model: 'kling-v1' };
const OTHER_MODEL: StopScope = { ...VIDEO, model: 'kling-v3' };
const OTHER_OPERATION: StopScope = { ...VIDEO, operation: 'image-to-video' };
const IMAGE: StopScope = { operation: 'image', product: 'image', model: 'kling-v1' };

let clock: ManualClock;
let stops: Stops;
let said: string[];
beforeEach(() => {
  clock = createManualClock(Date.UTC(2026, 8, 20));
  said = [];
  stops = new Stops(clock, {
    onBegin: ({ code }) => said.push(`begin ${code}`),
    onEnd: ({ code }) => said.push(`end ${code}`),
  });
});

const refuse = (scope: StopScope, code: number): void =>
  stops.noteRefusal(scope, { code, message: 'no balance' });
const codeOf = (scope: StopScope): unknown => stops.ask(scope).refusal?.detail['klingCode'] ?? null;

describe('a stop', () => {
  it.each([
    [1100, [1100, 1100, 1100, 1100]],
    [1101, [1101, 1101, 1101, 1101]],
    [1304, [1304, 1304, 1304, 1304]],
    [1102, [1102, 1102, 1102, null]],
    [1103, [1103, null, null, null]],
  ] as const)('of %i is about its own part of the account', (code, refused) => {
    refuse(VIDEO, code);
    expect([VIDEO, OTHER_MODEL, OTHER_OPERATION, IMAGE].map(codeOf)).toEqual(refused);
  });

  it('is a 403 with Kling’s code and words', () => {
    refuse(VIDEO, 1102);
    expect(stops.ask(VIDEO).refusal).toMatchObject({
      code: 'account_refused',
      status: 403,
      message: expect.stringContaining('in 30 s'),
      detail: { klingCode: 1102, klingMessage: 'no balance' },
    });
  });

  it('lets one create through after 30 s, and no second one meanwhile', async () => {
    refuse(VIDEO, 1102);
    await clock.advance(STOP_MS - 1);
    expect(codeOf(VIDEO)).toBe(1102);
    await clock.advance(1);
    const probe = stops.ask(VIDEO);
    expect(probe).toMatchObject({ refusal: null, isProbe: true });
    expect(codeOf(VIDEO)).toBe(1102);
    expect(stops.list()[0]?.nextProbeAt).toBeNull();
    refuse(VIDEO, 1102);
    probe.end();
    expect(codeOf(VIDEO)).toBe(1102);
    await clock.advance(STOP_MS);
    expect(codeOf(VIDEO)).toBeNull();
  });

  it('makes room for the next probe at once if a probe was never sent', async () => {
    refuse(VIDEO, 1101);
    await clock.advance(STOP_MS);
    const probe = stops.ask(VIDEO);
    probe.end();
    const next = stops.ask(VIDEO);
    expect(next.isProbe).toBe(true);
    probe.end();
    expect(codeOf(VIDEO)).toBe(1101);
  });

  it('ends with any create of its scope that Kling took, and not with another', () => {
    refuse(VIDEO, 1102);
    refuse(VIDEO, 1103);
    stops.noteTaken(IMAGE);
    expect(codeOf(VIDEO)).toBe(1102);
    stops.noteTaken(OTHER_MODEL);
    expect(codeOf(OTHER_MODEL)).toBeNull();
    expect(codeOf(VIDEO)).toBe(1103);
    stops.noteTaken(VIDEO);
    expect(stops.list()).toEqual([]);
    expect(said).toEqual(['begin 1102', 'begin 1103', 'end 1102', 'end 1103']);
  });

  it('says once that it began, and keeps when it began', async () => {
    refuse(VIDEO, 1100);
    const since = clock.now();
    await clock.advance(STOP_MS);
    refuse(IMAGE, 1101);
    expect(said).toEqual(['begin 1100']);
    expect(stops.list()).toEqual<StopState[]>([
      {
        code: 1101,
        message: 'no balance',
        product: null,
        operation: null,
        model: null,
        since,
        nextProbeAt: clock.now() + STOP_MS,
      },
    ]);
  });

  it('of two that concern a create refuses while one of them does', async () => {
    refuse(VIDEO, 1102);
    await clock.advance(STOP_MS / 2);
    refuse(VIDEO, 1103);
    await clock.advance(STOP_MS / 2);
    expect(codeOf(VIDEO)).toBe(1103);
    await clock.advance(STOP_MS / 2);
    expect(stops.ask(VIDEO).isProbe).toBe(true);
    expect(codeOf(OTHER_MODEL)).toBe(1102);
  });
});

describe('stops of an earlier run', () => {
  const earlier = (over: object) => ({
    code: 1102,
    product: 'video' as const,
    operation: null,
    model: null,
    since: clock.now() - 3_600_000,
    lastAt: clock.now() - 10_000,
    ...over,
  });

  it('refuse for the rest of the 30 s, then let one create through', async () => {
    stops.restore([earlier({})]);
    expect(codeOf(VIDEO)).toBe(1102);
    expect(codeOf(IMAGE)).toBeNull();
    await clock.advance(20_000);
    expect(stops.ask(VIDEO).isProbe).toBe(true);
    expect(said).toEqual([]);
  });

  it('let a create through at once if the last refusal is older, and never wait longer than 30 s', async () => {
    stops.restore([
      earlier({ code: 1103, product: null, operation: 'image', model: 'kling-v1', lastAt: 0 }),
      earlier({ code: 1101, product: null, lastAt: clock.now() + 3_600_000 }),
    ]);
    expect(codeOf(VIDEO)).toBe(1101);
    await clock.advance(STOP_MS);
    expect(stops.ask(IMAGE).isProbe).toBe(true);
  });
});
