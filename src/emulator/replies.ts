/**
 * The emulator's answers: Kling's envelope, its table of codes, and refusals as thrown errors.
 *
 * Source: kling-api.md, sections 5 and 6 (vendor documents of 2026-09-20, read 2026-11-21).
 */
import type { Ms } from '../units.ts';

export type Json = null | boolean | number | string | Json[] | JsonObject;
export interface JsonObject {
  [key: string]: Json;
}

/** An answer before it is framed: Kling's envelope (the request id is added when it is sent), plain bytes, or a part of a file. */
export type Reply =
  | { kind: 'envelope'; status: number; code: number; message: string; data?: Json; headers?: ReplyHeaders }
  | { kind: 'bytes'; status: number; headers: ReplyHeaders; body: Buffer }
  | { kind: 'file'; status: number; headers: ReplyHeaders; body: BodySource };

/** A body that is made while it is sent, so that its size needs no memory. */
export interface BodySource {
  length: number;
  /** Gives `length` bytes from `offset` on; both within the body. */
  read(offset: number, length: number): Buffer;
}
export type ReplyHeaders = Record<string, string>;

/** Kling's codes, each with its HTTP status and its default text. */
export const KLING_CODES: Readonly<Record<number, { status: number; message: string }>> = {
  0: { status: 200, message: 'SUCCEED' },
  1000: { status: 401, message: 'Authentication failed' },
  1001: { status: 401, message: 'Authorization is empty' },
  1002: { status: 401, message: 'Authorization is invalid' },
  1003: { status: 401, message: 'Authorization is not yet valid' },
  1004: { status: 401, message: 'Authorization has expired' },
  1100: { status: 429, message: 'Account exception' },
  1101: { status: 429, message: 'Account in arrears' },
  1102: { status: 429, message: 'Account balance not enough' },
  1103: { status: 403, message: 'Unauthorized access to requested resource' },
  1200: { status: 400, message: 'Invalid request parameters' },
  1201: { status: 400, message: 'Invalid parameters' },
  1202: { status: 404, message: 'The requested method is invalid' },
  1203: { status: 404, message: 'The requested resource does not exist' },
  1300: { status: 400, message: 'Request blocked by platform policy' },
  1301: { status: 400, message: "Trigger the platform's content security policy" },
  1302: { status: 429, message: 'Too many requests' },
  1303: { status: 429, message: 'parallel task over resource pack limit' },
  1304: { status: 429, message: "Trigger the platform's IP whitelist policy" },
  5000: { status: 500, message: 'Server internal error' },
  5001: { status: 503, message: 'Server temporarily unavailable' },
  5002: { status: 504, message: 'Server internal timeout' },
};

/** A refusal by code: it is thrown, and the server makes an answer of it. */
export class KlingRefusal extends Error {
  override readonly name = 'KlingRefusal';
  readonly code: number;

  constructor(code: number, message?: string) {
    super(message ?? KLING_CODES[code]?.message ?? 'error');
    this.code = code;
  }
}

/** Gives a success with `data`; without it the envelope has none, like the answers of some deletes. */
export function success(data?: Json): Reply {
  const head = { kind: 'envelope', status: 200, code: 0, message: 'SUCCEED' } as const;
  return data === undefined ? head : { ...head, data };
}

/** Gives the answer of a code of the table; an unknown code has status 500 unless one is given. */
export function codeReply(code: number, message?: string, status?: number): Reply {
  const row = KLING_CODES[code];
  return {
    kind: 'envelope',
    status: status ?? row?.status ?? 500,
    code,
    message: message ?? row?.message ?? 'error',
  };
}

/** The two forms of `Retry-After` (RFC 9110, section 10.2.3). */
export type RetryAfterForm = 'seconds' | 'date';

export interface RetryAfter {
  seconds: number;
  as?: RetryAfterForm;
}

/** Adds `Retry-After` to an answer; a date counts from `nowMs`, the wall time of the answer's own `Date`. */
export function withRetryAfter(reply: Reply, { seconds, as = 'seconds' }: RetryAfter, nowMs: Ms): Reply {
  const value = as === 'date' ? new Date(nowMs + seconds * 1000).toUTCString() : String(seconds);
  return { ...reply, headers: { ...reply.headers, 'retry-after': value } };
}

/** Writes thousandths as a plain decimal without trailing zeros: `2400` is `2.4`. */
export function decimalText(thousandths: number): string {
  const sign = thousandths < 0 ? '-' : '';
  const digits = String(Math.abs(thousandths)).padStart(4, '0');
  const fraction = digits.slice(-3).replace(/0+$/, '');
  return `${sign}${digits.slice(0, -3)}${fraction === '' ? '' : `.${fraction}`}`;
}
