import { createHash, createHmac } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createManualClock, type ManualClock } from '../../src/clock.ts';
import { anotherVideo, post } from '../app/calls.ts';
import { EMULATOR_KEY } from '../app/start-app.ts';
import { advanceBy, advanceUntil, whileMoving } from '../money/hand-clock.ts';
import {
  bodiesAt,
  callBack,
  lastUrl,
  legacyBody,
  NEW_TEXT,
  startWithCallbacks,
  TEXT,
  type CallbackApp,
} from './callback-app.ts';

interface Arrival {
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
}

/** An app's own receiver of callbacks. */
class AppReceiver {
  readonly arrivals: Arrival[] = [];
  answer: (arrival: Arrival) => { status: number; headers?: Record<string, string> } = () => ({
    status: 200,
  });
  #server: Server | null = null;
  place = '';

  async start(): Promise<void> {
    const server = createServer((request, response) => {
      let body = '';
      request.on('data', (piece: Buffer) => (body += piece.toString()));
      request.on('end', () => {
        const arrival = { path: request.url ?? '', headers: request.headers, body };
        this.arrivals.push(arrival);
        const { status, headers = {} } = this.answer(arrival);
        response.writeHead(status, headers).end();
      });
    });
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    this.#server = server;
    this.place = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  get states(): unknown[] {
    return this.arrivals.map(({ body }) => {
      const value = JSON.parse(body) as Record<string, unknown>;
      return value['task_status'] ?? value['status'];
    });
  }

  stop(): void {
    this.#server?.closeAllConnections();
    this.#server?.close();
  }
}

const SECRET = `whsec_${Buffer.alloc(32, 5).toString('base64')}`;

let clock: ManualClock;
let receiver: AppReceiver;
let started: CallbackApp;
beforeEach(async () => {
  clock = createManualClock(Date.UTC(2026, 9, 20, 6));
  receiver = new AppReceiver();
  await receiver.start();
});
afterEach(async () => {
  await started.stop();
  receiver.stop();
});

const start = async (
  options: Parameters<typeof startWithCallbacks>[0] = {},
  emulator: Record<string, unknown> = {},
): Promise<void> => {
  started = await startWithCallbacks(
    {
      clock,
      ...options,
      emulator: { taskSeconds: { submitted: 10, processing: 20 }, callbacks: {}, ...emulator },
    },
    { relay: true, relayTo: [receiver.place] },
  );
};
const hook = (): string => `http://${receiver.place}/hook?for=me`;
const create = async (over: Record<string, unknown> = {}): Promise<string> => {
  const got = await whileMoving(
    clock,
    post(started.dataUrl + TEXT, anotherVideo({ callback_url: hook(), ...over })),
    20,
  );
  expect(got.status).toBe(200);
  return String(got.json.data['task_id']);
};
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
/** The hashes of the bodies that Kling sent, in the order of their arrival. */
const receivedHashes = (): string[] => rowsOf('SELECT body_hash AS text FROM callbacks ORDER BY at');
/** What came of each message, in order. */
const relayed = (): string[] =>
  rowsOf(`SELECT state || ' ' || origin || ' ' || attempts || COALESCE(' ' || error, '') AS text
    FROM callback_deliveries ORDER BY hold_id, rank`);
function rowsOf(sql: string): string[] {
  const db = new Database(`${started.folder}/data/sidecar.db`, { readonly: true });
  try {
    return db
      .prepare<[], { text: string }>(sql)
      .all()
      .map(({ text }) => text);
  } finally {
    db.close();
  }
}

describe('a relayed callback', () => {
  it('is Kling’s own body, once for each state, in order, at the caller’s own address', async () => {
    await start();
    await create();
    expect(bodiesAt(started)[0]?.['callback_url']).toContain(started.publicUrl);
    await advanceUntil(clock, () => receiver.arrivals.length >= 3, { stepMs: 500 });
    expect(receiver.states).toEqual(['submitted', 'processing', 'succeed']);
    expect(receiver.arrivals.map(({ body }) => sha256(body))).toEqual(receivedHashes());
    const ids = receiver.arrivals.map(({ headers }) => headers['webhook-id']);
    expect(new Set(ids).size).toBe(3);
    for (const { path, headers } of receiver.arrivals) {
      expect(path).toBe('/hook?for=me');
      expect(headers['content-type']).toContain('application/json');
      expect(headers).not.toHaveProperty('authorization');
      expect(headers).not.toHaveProperty('webhook-signature');
    }
    await advanceBy(clock, 120_000, 10_000);
    expect(receiver.arrivals).toHaveLength(3);
    expect(relayed()).toEqual(Array.from({ length: 3 }, () => 'delivered callback 1'));
  });

  it('of the new generation has its own form', async () => {
    await start();
    const asked = { prompt: 'a boat', settings: { duration: 5 }, options: { callback_url: hook() } };
    await whileMoving(clock, post(started.dataUrl + NEW_TEXT, asked), 20);
    expect(lastUrl(started, NEW_TEXT)).toContain(started.publicUrl);
    await advanceUntil(clock, () => receiver.arrivals.length >= 3, { stepMs: 500 });
    expect(receiver.states).toEqual(['submitted', 'processing', 'succeeded']);
    expect(receiver.arrivals.map(({ body }) => sha256(body))).toEqual(receivedHashes());
  });

  it('is made from a query’s answer if Kling’s callback of the end does not come for a minute', async () => {
    await start({ config: { tasks: { pollIntervalMs: 5_000 } } }, { callbacks: { loseShare: 1 } });
    const taskId = await create();
    await advanceBy(clock, 60_000, 1_000);
    expect(receiver.arrivals).toEqual([]);
    await advanceUntil(clock, () => receiver.arrivals.length > 0, { stepMs: 1_000 });
    expect(receiver.states).toEqual(['succeed']);
    const body = JSON.parse(receiver.arrivals[0]?.body ?? '') as Record<string, unknown>;
    expect(body['task_id']).toBe(taskId);
    expect(body).not.toHaveProperty('code');
    expect(JSON.stringify(body)).toContain('.mp4');
    await advanceBy(clock, 60_000, 5_000);
    expect(relayed()).toEqual(['delivered query 1']);
    expect(receiver.arrivals).toHaveLength(1);
  });

  it('is never a forged one', async () => {
    await start({ config: { tasks: { pollIntervalMs: 5_000 } } }, { callbacks: { loseShare: 1 } });
    const taskId = await create();
    const url = lastUrl(started);
    const forge = (body: unknown): Promise<unknown> => whileMoving(clock, callBack(url, body), 5);
    const evil = {
      task_result: { videos: [{ id: '1', url: 'https://evil.example.com/x.mp4', duration: '5' }] },
    };
    await forge(legacyBody(taskId, 'succeed', evil));
    await forge(legacyBody(taskId, 'submitted', evil));
    await forge(legacyBody(taskId, 'submitted', { task_status_msg: 'call 555-1234' }));
    await forge(legacyBody(taskId, 'processing', { note: 'evil' }));
    await forge(legacyBody('1', 'submitted'));
    await forge({
      id: taskId,
      status: 'succeeded',
      outputs: [{ type: 'video', url: 'https://evil.example.com/y' }],
    });
    await advanceUntil(clock, () => receiver.arrivals.length > 0, { stepMs: 2_000 });
    await advanceBy(clock, 120_000, 5_000);
    expect(receiver.states).toEqual(['succeed']);
    expect(receiver.arrivals[0]?.body).not.toContain('evil');
  });

  it('is signed by Kling’s secret for the app, at each attempt anew', async () => {
    await start(
      { env: { KLING_API_KEY: EMULATOR_KEY, KLING_WEBHOOK_SECRET: SECRET } },
      { callbacks: { secret: SECRET } },
    );
    let failures = 1;
    receiver.answer = () => ({ status: failures-- > 0 ? 500 : 200 });
    await create();
    await advanceUntil(clock, () => receiver.arrivals.length >= 4, { stepMs: 500 });
    expect(receiver.states).toEqual(['submitted', 'submitted', 'processing', 'succeed']);
    const [first, second] = receiver.arrivals;
    expect(second?.headers['webhook-id']).toBe(first?.headers['webhook-id']);
    expect(Number(second?.headers['webhook-timestamp'])).toBeGreaterThan(
      Number(first?.headers['webhook-timestamp']),
    );
    for (const { headers, body } of receiver.arrivals) {
      const content = `${headers['webhook-id'] as string}.${headers['webhook-timestamp'] as string}.${body}`;
      const digest = createHmac('sha256', Buffer.alloc(32, 5)).update(content).digest('base64');
      expect(headers['webhook-signature']).toBe(`v1,${digest}`);
    }
  });

  it('is tried for three days, keeps its order, and waits as long as it is asked to', async () => {
    await start();
    const at: number[] = [];
    let retryAfter: string | null = '900';
    receiver.answer = ({ body }) => {
      if (!body.includes('"submitted"')) return { status: 200 };
      at.push(clock.now());
      const headers: Record<string, string> = retryAfter === null ? {} : { 'retry-after': retryAfter };
      retryAfter = null;
      return { status: 503, headers };
    };
    await create();
    await advanceUntil(clock, () => at.length === 1, { stepMs: 500 });
    await advanceBy(clock, 600_000, 20_000);
    expect(at).toHaveLength(1);
    await advanceUntil(clock, () => at.length === 10, { stepMs: 300_000, stepsMax: 1_200 });
    expect((at[1] ?? 0) - (at[0] ?? 0)).toBeGreaterThanOrEqual(900_000);
    await advanceUntil(clock, () => receiver.arrivals.length === 12, { stepMs: 1_000 });
    expect(receiver.states.slice(-2)).toEqual(['processing', 'succeed']);
    expect((at[9] ?? 0) - (at[0] ?? 0)).toBeGreaterThan(2.5 * 86_400_000);
  });

  it('is sent no more after a 410, and a redirect is a failure', async () => {
    await start();
    receiver.answer = () => ({
      status: receiver.arrivals.length === 1 ? 302 : 410,
      headers: { location: '/other' },
    });
    await create();
    await advanceUntil(clock, () => receiver.arrivals.length === 2, { stepMs: 500 });
    await advanceBy(clock, 200_000, 5_000);
    expect(receiver.arrivals.map(({ path }) => path)).toEqual(['/hook?for=me', '/hook?for=me']);
    expect(relayed()[0]).toBe('undelivered callback 2 the address of the callback answered 410');
    expect(relayed().every((line) => line.startsWith('undelivered'))).toBe(true);
  });

  it('is sent after a restart, too', async () => {
    await start();
    receiver.answer = () => ({ status: 503 });
    await create();
    await advanceUntil(clock, () => receiver.arrivals.length === 1, { stepMs: 500 });
    const { folder } = started;
    const baseUrl = `http://${started.emulator.requests()[0]?.headers['host'] ?? ''}`;
    const { emulator } = started;
    await whileMoving(clock, started.app.stop(), 100);
    receiver.answer = () => ({ status: 200 });
    await advanceBy(clock, 40_000, 10_000);
    await start({ folder, baseUrl });
    await advanceUntil(clock, () => receiver.states.at(-1) === 'succeed', { stepMs: 1_000 });
    expect(receiver.states.slice(1, 2)).toEqual(['submitted']);
    expect(receiver.arrivals[1]?.headers['webhook-id']).toBe(receiver.arrivals[0]?.headers['webhook-id']);
    await emulator.stop();
  });
});

describe('a create whose address is not called', () => {
  it('keeps it for Kling, and its caller learns why', async () => {
    await start();
    const own = anotherVideo({ callback_url: 'http://169.254.169.254/x' });
    const got = await whileMoving(clock, post(started.dataUrl + TEXT, own), 20);
    expect(got.status).toBe(200);
    expect(bodiesAt(started)[0]?.['callback_url']).toBe('http://169.254.169.254/x');
    expect(JSON.stringify(got.headers)).toContain('callback_url is left to Kling');
  });
});
