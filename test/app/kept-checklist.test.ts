import { expect, test } from 'vitest';
import { KeptChecklist, PERIOD_MS, type Judge } from '../../src/app/kept-checklist.ts';
import { createManualClock } from '../../src/clock.ts';
import type { Checklist } from '../../src/control/checklist-schemas.ts';
import { SidecarError } from '../../src/errors.ts';

const START = Date.UTC(2026, 10, 28, 10);

const verdicts = (version: string): Checklist => ({
  version,
  environment: 'test',
  upstream: 'https://api.test',
  fingerprint: null,
  counts: { ok: 0, warn: 0, fail: 0, 'not ours': 0 },
  lines: [],
  checks: [],
});

/** A checklist whose judgings end when the test says so. */
function rig() {
  const clock = createManualClock(START);
  const begun: PromiseWithResolvers<Checklist>[] = [];
  const signals: AbortSignal[] = [];
  const judge: Judge = ({ signal }) => {
    signals.push(signal);
    const judging = Promise.withResolvers<Checklist>();
    begun.push(judging);
    return judging.promise;
  };
  return {
    clock,
    begun,
    signals,
    kept: new KeptChecklist({ judge, controlUrl: () => 'http://127.0.0.1:1', clock }),
  };
}

test('however many ask at once, one judging begins, and each gets its verdicts', async () => {
  const { begun, kept } = rig();
  const asking = Array.from({ length: 50 }, () => kept.state({ wait: true }));
  expect(await kept.state({ wait: false })).toEqual({
    isJudging: true,
    startedAt: START,
    nextAt: START + PERIOD_MS,
    problem: null,
    judged: null,
  });
  begun[0]?.resolve(verdicts('1'));
  for (const { judged, isJudging } of await Promise.all(asking))
    expect([judged?.checklist.version, isJudging]).toEqual(['1', false]);
  expect(begun).toHaveLength(1);
});

test('verdicts are kept for a minute, for those too who want newer ones', async () => {
  const { clock, begun, kept } = rig();
  const first = kept.state({ wait: true });
  clock.advance(3_000);
  begun[0]?.resolve(verdicts('1'));
  expect((await first).judged).toMatchObject({ startedAt: START, tookMs: 3_000 });
  clock.advance(PERIOD_MS - 3_001);
  expect(await kept.state({ since: START + 30_000, wait: true })).toMatchObject({
    nextAt: START + PERIOD_MS,
  });
  expect(begun).toHaveLength(1);
  clock.advance(1);
  // The address of a page that was opened then goes on to show what was judged for it.
  expect((await kept.state({ since: START, wait: true })).judged?.checklist.version).toBe('1');
  expect(begun).toHaveLength(1);
  const second = kept.state({ since: START + 1, wait: true });
  expect((await kept.state({ since: 0, wait: true })).judged?.checklist.version).toBe('1');
  begun[1]?.resolve(verdicts('2'));
  expect((await second).judged?.checklist.version).toBe('2');
  expect(begun).toHaveLength(2);
});

test('a judging that failed says why, is not tried again for a minute, and leaves the verdicts before', async () => {
  const { clock, begun, kept } = rig();
  const first = kept.state({ wait: true });
  begun[0]?.resolve(verdicts('1'));
  await first;
  clock.advance(PERIOD_MS + 1);
  const second = kept.state({ wait: true });
  begun[1]?.reject(new SidecarError('ledger_unavailable', 'The checklist could not be judged: no memory.'));
  expect(await second).toMatchObject({
    problem: 'The checklist could not be judged: no memory.',
    judged: { startedAt: START },
  });
  await kept.state({ since: clock.now(), wait: true });
  expect(begun).toHaveLength(2);
});

test('who only looks begins nothing, and waits for what goes on', async () => {
  const { kept, begun, clock } = rig();
  const look = { since: START, wait: true, begin: false };
  expect(await kept.state(look)).toMatchObject({ isJudging: false, startedAt: null, judged: null });
  expect(begun).toHaveLength(0);
  void kept.state({ wait: false });
  const looking = kept.state(look);
  begun[0]?.resolve(verdicts('1'));
  expect((await looking).judged?.checklist.version).toBe('1');
  clock.advance(2 * PERIOD_MS);
  expect(await kept.state({ ...look, since: clock.now() })).toMatchObject({ nextAt: null, startedAt: START });
  expect(begun).toHaveLength(1);
});

test('an instant in the future is refused: it would be judged for each minute', async () => {
  const { kept, begun } = rig();
  await expect(kept.state({ since: START + 1, wait: false })).rejects.toThrow('since is in the future');
  expect(begun).toHaveLength(0);
});

test('the end of the sidecar ends a judging, and a part of another program has none', async () => {
  const { kept, signals } = rig();
  await kept.state({ wait: false });
  kept.close();
  expect(signals[0]?.aborted).toBe(true);
  const none = new KeptChecklist({
    judge: null,
    controlUrl: () => '',
    clock: createManualClock(START),
  });
  await expect(none.state({ wait: true })).rejects.toThrow('kling-sidecar doctor --checklist');
});
