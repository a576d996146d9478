/**
 * `/_emulator/...`: the requests of a test or a person to the emulator itself.
 *
 * **Invariant**: these paths are not Kling's; they need no credentials and never change the request record.
 */
import type { KlingAccount } from './account.ts';
import { readCallbackSettings, readForgery } from './callback-orders.ts';
import { emulatorHelp } from './emulator-help.ts';
import { readFaultOrder, type Fault, type Faults } from './faults.ts';
import { readBilling, readForeignSpend, spendForeign } from './foreign-spend.ts';
import type { Json, JsonObject, Reply } from './replies.ts';
import type { SlotUse } from './slots.ts';
import type { Product } from '../units.ts';

export const CONTROL_PREFIX = '/_emulator';

/** The parts that the control paths use. */
export interface ControlTarget {
  account: () => KlingAccount;
  faults: Faults;
  reset: () => void;
  requests: () => readonly { method: string; path: string; at: number; bytes: number }[];
}

export interface ControlRequest {
  method: string;
  path: string;
  body: Buffer;
}

/** Answers one control request: JSON, or 400 and 404 with `{ error }`. */
export async function control(request: ControlRequest, target: ControlTarget): Promise<Reply> {
  try {
    return await answer(request, target);
  } catch (error) {
    return json({ error: error instanceof Error ? error.message : String(error) }, 400);
  }
}

function answer({ method, path, body }: ControlRequest, target: ControlTarget): Reply | Promise<Reply> {
  const { account, faults } = target;
  switch (`${method} ${path.slice(CONTROL_PREFIX.length).replace(/\/$/, '')}`) {
    case 'GET ':
      return bytes(emulatorHelp(), 'text/plain; charset=utf-8', 200);
    case 'GET /book':
      return bytes(JSON.stringify(account().book.read()), 'application/json', 200);
    case 'GET /answers':
      return bytes(JSON.stringify(account().answers.read()), 'application/json', 200);
    case 'GET /slots':
      return bytes(JSON.stringify(slotsOf(account())), 'application/json', 200);
    case 'GET /faults':
      return json({ faults: faults.list().map(faultView) });
    case 'POST /faults':
      return json(faultView(faults.add(readFaultOrder(parse(body)))));
    case 'DELETE /faults':
      faults.clear();
      return json({ faults: [] });
    case 'GET /callbacks':
      return json(callbacksView(account()));
    case 'POST /callbacks':
      account().callbacks.set(readCallbackSettings(parse(body)));
      return json(callbacksView(account()));
    case 'POST /callbacks/forge':
      return account()
        .callbacks.forge(readForgery(parse(body)))
        .then((sent) => json({ ...sent }));
    case 'GET /billing':
      return json({ ...account().book.rows.settings() });
    case 'POST /billing':
      account().book.rows.set(readBilling(parse(body)));
      return json({ ...account().book.rows.settings() });
    case 'POST /foreign':
      return json({ taskId: spendForeign(readForeignSpend(parse(body)), account()) });
    case 'GET /clock':
      return json(clockView(account()));
    case 'POST /clock':
      moveClock(parse(body), account());
      return json(clockView(account()));
    case 'POST /reset':
      target.reset();
      return json({ reset: true });
    case 'GET /requests':
      return json({ requests: target.requests().map((one) => ({ ...one })) });
    case 'GET /warnings':
      return json({ warnings: [...account().warnings] });
    default:
      return json({ error: `no such control path; GET ${CONTROL_PREFIX} lists them` }, 404);
  }
}

/** The slots of each product: the limit, those in use, and the most that were in use at once. */
export function slotsOf({ tasks }: KlingAccount): Record<Product, SlotUse> {
  return { video: tasks.slots('video'), image: tasks.slots('image') };
}

function parse(body: Buffer): Record<string, unknown> {
  const value: unknown = JSON.parse(body.toString('utf8'));
  if (typeof value !== 'object' || value === null) throw new Error('the body must be a JSON object');
  return value as Record<string, unknown>;
}

/** Applies `{ advanceMs }`, `{ speed }` and `{ skewMs }`; checks all before it changes anything. */
function moveClock(given: Record<string, unknown>, { time }: KlingAccount): void {
  const { advanceMs, speed, skewMs } = given;
  for (const [name, value] of Object.entries({ advanceMs, speed, skewMs })) {
    if (value !== undefined && (typeof value !== 'number' || !Number.isFinite(value))) {
      throw new Error(`${name} must be a number`);
    }
  }
  if (typeof advanceMs === 'number' && advanceMs < 0) throw new Error('advanceMs must be 0 or more');
  if (typeof speed === 'number' && speed <= 0) throw new Error('speed must be above 0');
  if (typeof advanceMs !== 'number' && typeof speed !== 'number' && typeof skewMs !== 'number') {
    throw new Error('give advanceMs, speed or skewMs');
  }
  if (typeof speed === 'number') time.setSpeed(speed);
  if (typeof advanceMs === 'number') time.advance(advanceMs);
  if (typeof skewMs === 'number') time.setSkew(skewMs);
}

function clockView({ time }: KlingAccount): JsonObject {
  return { now: new Date(time.wallMs()).toISOString(), speed: time.speed, skewMs: time.skewMs };
}

function callbacksView({ callbacks }: KlingAccount): JsonObject {
  const { retryMs, hosts, ...rest } = callbacks.settings();
  return {
    settings: { ...rest, retryMs: [...retryMs], hosts: [...hosts] },
    callbacks: callbacks.list().map((sent) => ({ ...sent })),
  };
}

function faultView({ left, match = {}, ...rest }: Fault): JsonObject {
  const plain = JSON.parse(JSON.stringify({ ...rest, match })) as JsonObject;
  return { ...plain, left: left === Infinity ? 'always' : left };
}

function json(value: Json, status = 200): Reply {
  return bytes(JSON.stringify(value), 'application/json', status);
}

function bytes(text: string, type: string, status: number): Reply {
  return { kind: 'bytes', status, headers: { 'content-type': type }, body: Buffer.from(text) };
}
