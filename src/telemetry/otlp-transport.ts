/**
 * Sends one signal's exports to a collector over HTTP.
 *
 * OpenTelemetry's own transport keeps the process alive while it waits between two tries, up to ten seconds after the
 * end, and reads no clock of ours. This one is closed at the end: running exports then fail at once.
 *
 * **Invariant**: nothing here keeps the process alive, throws, or waits longer than the time-out of an export. The
 * collector's answers are not kept, and no failure names a header or the endpoint, which may hold a password.
 */
import type { Agent, ClientRequest, IncomingMessage } from 'node:http';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { sleep, type Clock, type Timer } from '../clock.ts';
import { doublingWait, retryAfterOf, type Doubling } from '../retry.ts';
import type { Ms } from '../units.ts';

export interface OtlpTransportOptions {
  clock: Clock;
  url: string;
  /** Of each request, with the content type. */
  headers: Readonly<Record<string, string>>;
  isCompressed: boolean;
  agent: () => Promise<Agent>;
  /** Called for each export that the collector did not take. */
  onFailure: (cause: string) => void;
}

export interface OtlpTransport {
  /** Sends one export, and sends it again if the collector asks for it, within `timeoutMs`. Never rejects. */
  send(data: Uint8Array, timeoutMs: Ms): Promise<void>;
  /** Ends the running exports; nothing is sent afterwards. Idempotent. */
  close(): void;
}

/** Statuses after which the same export may be sent again (OTLP specification 1.9, "Retryable Response Codes"). */
const RETRYABLE: ReadonlySet<number> = new Set([429, 502, 503, 504]);
const RETRY: Doubling = { firstMs: 1_000, maxMs: 5_000 };
/** Bytes of an answer that are read before its connection is closed. */
const ANSWER_BYTES_MAX = 65_536;

const GIVEN_UP = 'given up at the end';

const compress = promisify(gzip);

/** Makes the transport of one signal; no connection is opened before the first export. */
export function createOtlpTransport(options: OtlpTransportOptions): OtlpTransport {
  const { clock } = options;
  const closing = new AbortController();
  const send = async (data: Uint8Array, timeoutMs: Ms): Promise<void> => {
    const untilTick = clock.monotonic() + timeoutMs;
    const body = options.isCompressed ? await compress(data) : data;
    for (let failures = 0; ; failures += 1) {
      const leftMs = untilTick - clock.monotonic();
      const answer = await sendOnce(options, { body, timeoutMs: leftMs, signal: closing.signal });
      if (answer.status === 'taken') return;
      const waitMs = answer.retryMs ?? doublingWait(failures, RETRY);
      const isOver = closing.signal.aborted || waitMs >= untilTick - clock.monotonic();
      if (answer.status === 'refused' || isOver) return options.onFailure(answer.cause);
      await sleep(clock, waitMs, closing.signal).catch(() => undefined);
      if (closing.signal.aborted) return options.onFailure(answer.cause);
    }
  };
  return {
    send: (data, timeoutMs) => send(data, timeoutMs).catch((error) => options.onFailure(String(error))),
    close: () => closing.abort(new Error(GIVEN_UP)),
  };
}

interface Outgoing {
  body: Uint8Array;
  timeoutMs: Ms;
  signal: AbortSignal;
}

type Answer = { status: 'taken' } | { status: 'refused' | 'again'; cause: string; retryMs?: Ms | null };

async function sendOnce(options: OtlpTransportOptions, outgoing: Outgoing): Promise<Answer> {
  const { url, isCompressed } = options;
  const headers = { ...options.headers, ...(isCompressed && { 'content-encoding': 'gzip' }) };
  const agent = await options.agent();
  if (outgoing.signal.aborted) return { status: 'refused', cause: GIVEN_UP };
  const target = new URL(url);
  const open = target.protocol === 'https:' ? httpsRequest : httpRequest;
  return new Promise((resolve) => {
    const request = open(target, {
      method: 'POST',
      headers: { ...headers, 'content-length': outgoing.body.length },
      agent,
      signal: outgoing.signal,
    });
    follow(request, { clock: options.clock, timeoutMs: outgoing.timeoutMs, resolve });
    request.end(outgoing.body);
  });
}

interface Following {
  clock: Clock;
  timeoutMs: Ms;
  resolve: (answer: Answer) => void;
}

/** Resolves with the result of a request, once. */
function follow(request: ClientRequest, { clock, timeoutMs, resolve }: Following): void {
  const late = clock.after(Math.max(0, timeoutMs), () => {
    request.destroy(new Error('the collector did not answer in time'));
  });
  request.once('socket', (socket) => socket.unref());
  request.on('error', (error: NodeJS.ErrnoException) => {
    late.cancel();
    resolve({
      status: 'again',
      cause: error.name === 'AbortError' ? GIVEN_UP : (error.code ?? error.message),
    });
  });
  request.once('response', (response) => finish(response, { clock, late, resolve }));
}

interface Finishing extends Pick<Following, 'clock' | 'resolve'> {
  late: Timer;
}

function finish(response: IncomingMessage, { clock, late, resolve }: Finishing): void {
  const status = response.statusCode ?? 0;
  let bytes = 0;
  response.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > ANSWER_BYTES_MAX) response.destroy();
  });
  response.on('error', () => undefined);
  response.once('close', () => {
    late.cancel();
    const cause = `the collector answered with HTTP ${status}`;
    if (status >= 200 && status <= 299) resolve({ status: 'taken' });
    else if (!RETRYABLE.has(status)) resolve({ status: 'refused', cause });
    else resolve({ status: 'again', cause, retryMs: retryAfterOf(response.headers, clock.now()) });
  });
}
