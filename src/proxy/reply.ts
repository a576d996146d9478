/** Answers to callers: Kling's own unchanged, and ours in Kling's format. */
import type { ServerResponse } from 'node:http';
import { REFUSALS, type ErrorDetail, type SidecarError, isRefusal } from '../errors.ts';
import { decodedLines } from '../upstream/answer-body.ts';
import { endToEnd } from '../upstream/headers.ts';
import type { Clock } from '../clock.ts';
import { drainRequest } from '../sockets.ts';
import type { Ms } from '../units.ts';
import { awaitsContinue } from './body.ts';

/** The header of an answer of Kling's that was kept and is given again. */
export const REPLAYED_HEADER = 'x-kling-sidecar-replayed';

/** The header that says how many addresses in an answer are ours (`results.rewriteUrls`). */
const REWRITTEN_HEADER = 'x-kling-sidecar-rewritten';

/** Names that only we may set on an answer; Kling's own lines of these names are dropped. */
const OURS: ReadonlySet<string> = new Set([
  'x-request-id',
  'x-kling-sidecar',
  REPLAYED_HEADER,
  REWRITTEN_HEADER,
  'x-kling-credits-held',
  'x-kling-budget-remaining',
  'x-kling-external-task-id',
  'x-kling-sidecar-notes',
  'server-timing',
  // Kling must not decide which pages may read our answers.
  'access-control-allow-origin',
  'access-control-allow-credentials',
  'access-control-allow-headers',
  'access-control-allow-methods',
  'access-control-allow-private-network',
  'access-control-expose-headers',
  'access-control-max-age',
]);

/** The parts of a request's time. */
export interface Timing {
  upstreamMs: Ms;
  queueMs: Ms;
  totalMs: Ms;
}

/** Gives the time that we took: never below 0. */
export function overheadOf(timing: Timing): Ms {
  return Math.max(0, timing.totalMs - timing.upstreamMs - timing.queueMs);
}

/** Gives an external task id in the form of a header value: a caller's own may have any character. */
export function headerSafe(id: string): string {
  return /^[\x21-\x7e]+$/.test(id) ? id : encodeURIComponent(id);
}

/** The longest value of `x-kling-sidecar-notes`, in characters. */
const NOTES_CHARS_MAX = 500;

/**
 * Makes the header line with the unsure parts of a create's price; none if all is sure. Names of fields are the
 * caller's own text: characters that are not plain ASCII become `?`.
 */
export function noteLines(notes: readonly string[]): string[] {
  if (notes.length === 0) return [];
  const text = notes.join('; ').replaceAll(/[^\x20-\x7e]/g, '?');
  const value = text.length > NOTES_CHARS_MAX ? `${text.slice(0, NOTES_CHARS_MAX - 3).trimEnd()}...` : text;
  return ['x-kling-sidecar-notes', value];
}

/** Makes the header lines of a passed-on answer: Kling's end-to-end lines, then ours. */
export function passedLines(kling: readonly string[], ours: readonly string[]): string[] {
  const lines = endToEnd(kling, OURS);
  lines.push(...ours);
  return lines;
}

/** Makes the header lines of an answer whose body we edited: as {@link passedLines}, with the length of the new body. */
export function editedLines(
  kling: readonly string[],
  ours: readonly string[],
  { bytes, count }: { bytes: Uint8Array; count: number },
): string[] {
  const length = ['content-length', String(bytes.length), REWRITTEN_HEADER, String(count)];
  return passedLines(decodedLines(kling), [...ours, ...length]);
}

/** Returns whether an answer of this status has no body, with any headers (RFC 9110, sections 15.3.5, 15.3.6, 15.4.5). */
export function isBodyless(status: number): boolean {
  return status === 204 || status === 205 || status === 304;
}

/** Corrects the length of an answer without a body: a 204 must not have one, and the length of a 205 is 0. */
export function lengthLines(status: number, lines: string[]): string[] {
  if (status !== 204 && status !== 205) return lines;
  const kept: string[] = [];
  for (let i = 0; i + 1 < lines.length; i += 2) {
    if (lines[i]?.toLowerCase() !== 'content-length') kept.push(lines[i] ?? '', lines[i + 1] ?? '');
  }
  if (status === 205) kept.push('content-length', '0');
  return kept;
}

/** Makes the `server-timing` value. */
export function serverTiming(timing: Timing): string {
  const upstream = timing.upstreamMs.toFixed(2);
  const sidecar = overheadOf(timing).toFixed(2);
  return `upstream;dur=${upstream}, sidecar;dur=${sidecar}, queue;dur=${timing.queueMs.toFixed(2)}`;
}

/** An answer of ours, before it is written. */
export interface OwnAnswer {
  status: number;
  lines: string[];
  body: Buffer;
}

/** Makes the answer of a refusal, in Kling's format, from an error that callers may see. */
export function refusalAnswer(error: SidecarError, requestId: string, detail: ErrorDetail = {}): OwnAnswer {
  const word = isRefusal(error.code) ? error.code : 'ledger_unavailable';
  const known = REFUSALS[word];
  const body = Buffer.from(
    JSON.stringify({
      code: known.code,
      message: error.message,
      request_id: requestId,
      data: { word, retryable: known.retryable, ...error.detail, ...detail },
    }),
  );
  const lines = [
    'content-type',
    'application/json; charset=utf-8',
    'content-length',
    String(body.length),
    'x-kling-sidecar',
    word,
    'x-request-id',
    requestId,
    'cache-control',
    'no-store',
  ];
  const retryAfter = error.detail['retryAfterSeconds'];
  if (retryAfter !== undefined) lines.push('retry-after', String(retryAfter));
  return { status: error.status, lines, body };
}

/** An answer with its whole body, before it is written. */
export interface WholeAnswer {
  status: number;
  /** The reason phrase; Node's own for the status if it is absent or empty. */
  reason?: string;
  lines: string[];
  body: Uint8Array;
}

/** Writes a whole answer; harmless if the caller has closed its connection. */
export function writeAnswer(response: ServerResponse, answer: WholeAnswer): void {
  if (response.headersSent || response.destroyed) return;
  const lines = lengthLines(answer.status, answer.lines);
  if (answer.reason) response.writeHead(answer.status, answer.reason, lines);
  else response.writeHead(answer.status, lines);
  if (isBodyless(answer.status)) response.end();
  else endWith(response, answer.body);
}

/** The largest body that is written together with its headers. */
export const ONE_WRITE_BYTES_MAX = 16_384;

/**
 * Ends an answer with its whole body. A small body is given as latin1 text, which Node writes together with the headers:
 * two buffers would cost a gathered write, the most expensive call of a small answer.
 */
export function endWith(response: ServerResponse, body: Uint8Array): void {
  if (body.length > ONE_WRITE_BYTES_MAX) response.end(body);
  else response.end(Buffer.from(body.buffer, body.byteOffset, body.length).toString('latin1'), 'latin1');
}

/**
 * Writes a refusal. If its request is still arriving, the rest is read and dropped first (`drainRequest`), so that
 * a client that is still sending reads the answer.
 */
export function writeRefusal(response: ServerResponse, answer: OwnAnswer, clock: Clock): void {
  const request = response.req;
  if (!request.complete) answer.lines.push('connection', 'close');
  if (request.complete || request.destroyed || awaitsContinue(request)) {
    writeAnswer(response, answer);
    return;
  }
  if (response.headersSent || response.destroyed) return;
  response.writeHead(answer.status, answer.lines);
  if (request.method !== 'HEAD') response.write(answer.body);
  drainRequest(request, clock, () => response.end());
}
