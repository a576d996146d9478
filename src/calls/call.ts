/**
 * The journal's record of one attempt to reach Kling, made by an app's request or by the sidecar itself.
 *
 * **Invariant**: an attempt is journalled once, with any result; our own refusals are not attempts and
 * have a table of their own. No body, no prompt and no secret is ever part of a record.
 */
import type { Ms } from '../units.ts';
import type { CallOutcome } from '../words.ts';
import type { ErrorClass } from './outcome.ts';

/** The evidence of an error answer or failure for a claim. */
export interface CallEvidence {
  date: string | null;
  server: string | null;
  via: string | null;
  /** The failure's own text, without secrets, at most 200 characters. */
  cause: string | null;
}

export interface CallRecord {
  id: string;
  /** `x-request-id`: ours, or the caller's own if it was well-formed. */
  requestId: string;
  /** The instant the attempt began. */
  at: Ms;
  app: string;
  tag: string | null;
  method: string;
  /** Our template, never a raw path. */
  route: string;
  /** Host and port of the upstream asked. */
  host: string;
  status: number | null;
  /** Kling's `code`, if the answer had one that we read. */
  code: number | null;
  klingRequestId: string | null;
  taskId: string | null;
  holdId: string | null;
  /** 1 for the first try of a request. */
  attempt: number;
  outcome: CallOutcome;
  errorClass: ErrorClass | null;
  durationMs: Ms;
  /** Time spent in the sidecar, without upstream and queue. */
  overheadMs: Ms;
  bytesSent: number;
  bytesReceived: number;
  /** Kling's `Date` less our clock, if the answer had one. */
  clockOffsetMs: Ms | null;
  /** Whether an app made the request, or the sidecar itself. */
  origin: 'app' | 'sidecar';
  evidence: CallEvidence | null;
}

/** A request that the sidecar itself refused; never an attempt at Kling. */
export interface RefusalRecord {
  id: string;
  requestId: string;
  at: Ms;
  app: string;
  tag: string | null;
  method: string;
  /** Our template, or `unmatched`. */
  route: string;
  status: number;
  word: string;
  message: string;
  credits: number | null;
  /** The budget that the create would have exceeded; null for every other reason. */
  budget: string | null;
  /** True in `observe` mode: counted, not refused. */
  wouldOnly: boolean;
}
