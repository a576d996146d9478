import { createServer, type Server } from 'node:net';
import { once } from 'node:events';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createManualClock } from '../../src/clock.ts';
import { createControlChecker } from '../../src/sla/control-check.ts';
import type { ControlCheck } from '../../src/sla/blame.ts';

const NOON = Date.UTC(2026, 9, 5, 12);
let server: Server;
let open: string;
let closed: string;

async function listen(): Promise<[Server, string]> {
  const made = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
  await once(made, 'listening');
  const address = made.address();
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  return [made, `127.0.0.1:${address.port}`];
}

beforeEach(async () => {
  const [gone, goneTarget] = await listen();
  gone.close();
  await once(gone, 'close');
  closed = goneTarget;
  [server, open] = await listen();
});
afterEach(async () => {
  server.close();
  await once(server, 'close');
});

function checker(targets: string[]) {
  const clock = createManualClock(NOON);
  const checks: ControlCheck[] = [];
  return {
    clock,
    checks,
    ...createControlChecker({ clock, targets: () => targets, record: (check) => void checks.push(check) }),
  };
}

it('tries every address once after a failure and reports which accepted', async () => {
  const { checks, noteUnreachable, settled } = checker([closed, open]);
  noteUnreachable();
  noteUnreachable();
  await settled();
  expect(checks).toEqual([
    {
      at: NOON,
      reached: true,
      resolved: null,
      detail: [
        { target: closed, reached: false, cause: 'ECONNREFUSED' },
        { target: open, reached: true, cause: null },
      ],
    },
  ]);
});

it('checks at most every 30 seconds by the steady clock, at any change of the wall clock', async () => {
  const { clock, checks, noteUnreachable, settled } = checker([closed]);
  noteUnreachable();
  await settled();
  clock.step(NOON + 3_600_000);
  await clock.advance(29_999);
  noteUnreachable();
  await settled();
  expect(checks).toHaveLength(1);
  await clock.advance(1);
  noteUnreachable();
  await settled();
  expect(checks.map((check) => [check.reached, check.at])).toEqual([
    [false, NOON],
    [false, NOON + 3_600_000 + 30_000],
  ]);
});

it('gives a check up when it is closed, without a record, and makes no more', async () => {
  const { clock, checks, noteUnreachable, close } = checker([open]);
  noteUnreachable();
  await close();
  await clock.advance(60_000);
  noteUnreachable();
  await close();
  expect(checks).toEqual([]);
});

it('reports separately whether a name resolved and whether its address accepted', async () => {
  const { checks, noteUnreachable, settled } = checker([`localhost:${closed.split(':')[1]}`, 'a..b:443']);
  noteUnreachable();
  await settled();
  expect(checks).toMatchObject([{ reached: false, resolved: true }]);
  const lost = checker(['a..b:443', open]);
  lost.noteUnreachable();
  await lost.settled();
  expect(lost.checks).toMatchObject([
    { reached: true, resolved: false, detail: [{ cause: 'ENOTFOUND' }, {}] },
  ]);
});

it('asks nobody if no address is named', async () => {
  const { checks, noteUnreachable, settled } = checker([]);
  noteUnreachable();
  await settled();
  expect(checks).toEqual([]);
});
