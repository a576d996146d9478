/**
 * Our own refusals and failures: one closed table of words, codes and HTTP statuses.
 *
 * **Invariant**: a word's code and default status never change (README), since scripts
 * depend on them. Kling's own answers are not errors of this table. No message may hold a secret.
 */

/** The word of each refusal, with the `code` of its body and its usual HTTP status. */
export const REFUSALS = {
  budget_exceeded: { code: 9001, status: 403, retryable: false },
  task_too_expensive: { code: 9002, status: 403, retryable: false },
  spending_frozen: { code: 9003, status: 403, retryable: false },
  route_not_priced: { code: 9004, status: 403, retryable: false },
  // 9005 is kept for rules of the operator on content.
  account_refused: { code: 9006, status: 403, retryable: false },
  body_refused: { code: 9010, status: 400, retryable: false },
  target_refused: { code: 9011, status: 400, retryable: false },
  body_too_large: { code: 9012, status: 413, retryable: false },
  media_type_refused: { code: 9013, status: 415, retryable: false },
  unknown_app: { code: 9020, status: 401, retryable: false },
  host_refused: { code: 9021, status: 421, retryable: false },
  browser_refused: { code: 9022, status: 403, retryable: false },
  idempotency_in_progress: { code: 9030, status: 409, retryable: true },
  idempotency_mismatch: { code: 9031, status: 422, retryable: false },
  queue_full: { code: 1303, status: 429, retryable: true },
  upstream_unreachable: { code: 9050, status: 502, retryable: true },
  upstream_timeout: { code: 9051, status: 504, retryable: true },
  outcome_unknown: { code: 9052, status: 424, retryable: false },
  ledger_unavailable: { code: 9060, status: 503, retryable: true },
  shutting_down: { code: 9061, status: 503, retryable: true },
  clock_untrusted: { code: 9062, status: 503, retryable: true },
  too_busy: { code: 9063, status: 503, retryable: true },
} as const;
export type RefusalWord = keyof typeof REFUSALS;

/** Every code that a {@link SidecarError} can have: the refusals, and those of start-up and commands only. */
export type ErrorCode =
  | RefusalWord
  | 'config_invalid'
  | 'secret_invalid'
  | 'store_owned'
  | 'store_corrupt'
  | 'store_foreign'
  | 'store_missing'
  | 'store_newer'
  | 'store_unwritable'
  | 'daemon_required'
  | 'not_found'
  | 'already_resolved'
  | 'already_running'
  | 'bad_usage';

type DetailValue = string | number | boolean | null;
/** Detail that a refusal adds to its body's `data`; values are plain JSON, objects at most one deep. */
export type ErrorDetail = Readonly<Record<string, DetailValue | Readonly<Record<string, DetailValue>>>>;

/** An error of ours; `code` identifies it, `detail` has data for programs, `status` overrides the table. */
export class SidecarError extends Error {
  override readonly name = 'SidecarError';
  readonly code: ErrorCode;
  readonly detail: ErrorDetail;
  readonly status: number;

  constructor(
    code: ErrorCode,
    message: string,
    options: { cause?: unknown; detail?: ErrorDetail; status?: number } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.detail = options.detail ?? {};
    this.status = options.status ?? (isRefusal(code) ? REFUSALS[code].status : 500);
  }
}

/** Returns whether callers of the data plane can receive a code. */
export function isRefusal(code: string): code is RefusalWord {
  return Object.hasOwn(REFUSALS, code);
}
