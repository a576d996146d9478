import { expect, it } from 'vitest';
import { createManualClock } from '../../src/clock.ts';
import { SidecarError } from '../../src/errors.ts';
import type { CloseArgs } from '../../src/ledger/ledger.ts';
import type { Ledger } from '../../src/outbox/ledger.ts';
import { Closing } from '../../src/proxy/closing.ts';
import { call, sighting } from '../ledger/making.ts';
import { advanceUntil } from './hand-clock.ts';

const END: CloseArgs = {
  holdId: 'h',
  at: 0,
  end: { kind: 'task', sighting: sighting('t') },
  calls: [call('c')],
  answer: { status: 200, headers: [], body: new Uint8Array() },
};

/** A ledger that answers each write with the next of `outcomes`: an error, or null for one that it takes. */
function rig(outcomes: (Error | null)[]) {
  const clock = createManualClock(0);
  const written: CloseArgs[] = [];
  const errors: unknown[] = [];
  const run = (_operation: unknown, args: CloseArgs): Promise<{ facts: [] }> => {
    written.push(args);
    const outcome = outcomes.shift() ?? null;
    return outcome ? Promise.reject(outcome) : Promise.resolve({ facts: [] });
  };
  const closing = new Closing({
    ledger: { run } as unknown as Ledger,
    store: { write: () => Promise.reject(out()) },
    clock,
    onCall: () => undefined,
    onError: (_message, error) => void errors.push(error),
  });
  return { clock, written, errors, closing };
}

const out = () => new SidecarError('ledger_unavailable', 'the disk is full');

it('writes an end again every second while the store is out of reach, and says so once', async () => {
  const { clock, written, errors, closing } = rig([out(), out(), out(), null]);
  let isRecorded: boolean | null = null;
  void closing.close(END).then((value) => (isRecorded = value));
  await advanceUntil(clock, () => closing.pending === 1);
  await advanceUntil(clock, () => isRecorded !== null, { stepMs: 1_000, stepsMax: 10 });
  expect(isRecorded).toBe(true);
  expect(written).toEqual([END, END, END, END]);
  expect([errors.length, closing.pending]).toEqual([1, 0]);
});

it('leaves a hold in doubt whose end the ledger itself refuses, and tries no more', async () => {
  const refusal = new SidecarError('already_resolved', 'it has another task');
  const doubted = rig([refusal, null]);
  expect(await doubted.closing.close(END)).toBe(false);
  expect(doubted.written).toMatchObject([
    END,
    {
      holdId: 'h',
      end: { kind: 'unknown', evidence: expect.stringContaining('another task') },
      answer: null,
    },
  ]);
  expect(doubted.written[1]?.calls).toEqual(END.calls);
  const broken = rig([new Error('a call that no table takes'), new Error('again'), null]);
  expect(await broken.closing.close(END)).toBe(false);
  expect(broken.written[2]).toMatchObject({ end: { kind: 'unknown' }, calls: [] });
  expect([broken.errors.length, broken.closing.pending]).toEqual([2, 0]);
});

it('does not call an end recorded that a stop left to the next start', async () => {
  const { closing } = rig([out(), null]);
  closing.stop();
  expect(await closing.close(END)).toBe(false);
});
