import { expect, it } from 'vitest';
import { createProgress } from '../../src/cli/progress.ts';
import { createManualClock } from '../../src/clock.ts';
import { silentTerminal } from './run-cli.ts';

const clear = '\r\u001b[K';

function watched(over: object = {}) {
  const clock = createManualClock(0);
  const written: string[] = [];
  const take = (text: string): void => void written.push(text);
  const terminal = { ...silentTerminal(), out: take, err: take, isErrTerminal: true, clock, ...over };
  return { clock, written, progress: createProgress(terminal) };
}

it('a command says after a second that it is at work, for how long, and takes the line back before it prints', async () => {
  const { clock, written, progress } = watched();
  progress.begin('ledger verify');
  await clock.advance(999);
  expect(written).toEqual([]);
  await clock.advance(2_001);
  expect(written.at(-1)).toBe('\rledger verify: at work for 3 s\u001b[K');
  progress.terminal.out('they agree\n');
  expect(written.slice(-2)).toEqual([clear, 'they agree\n']);
  await clock.advance(1_000);
  progress.end();
  expect(written.at(-1)).toBe(clear);
  await clock.advance(10_000);
  expect(written.at(-1)).toBe(clear);
});

it.each([
  ['standard error is no terminal', { isErrTerminal: false }],
  ['NO_COLOR is set', { env: { NO_COLOR: '1' } }],
])('nothing of it is shown where %s', async (_, over) => {
  const { clock, written, progress } = watched(over);
  progress.begin('ledger verify');
  await clock.advance(60_000);
  progress.end();
  expect(written).toEqual([]);
});
