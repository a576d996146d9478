/**
 * The names of the faults, each with its effect and its parameters.
 *
 * **Invariant**: the help text and docs/emulator.md show every kind.
 */

/** Faults of requests to Kling's paths. */
const REQUEST_FAULTS = {
  latency: 'answers after `ms` (default 1000)',
  code: 'answers `code` (default 5000) of Kling’s table, with its HTTP status or `status`, and `message`; nothing is made',
  http: 'answers an HTML page with `status` (default 502); nothing is made',
  html_200: 'answers 200 with an HTML page; nothing is made',
  code_nonzero_200: 'answers HTTP 200 with `code` (default 5000); nothing is made',
  redirect: 'answers `status` (default 307) with `location` (default another loopback port); nothing is made',
  retry_after:
    'answers `code` (default 1302) with Retry-After: `seconds` (default 1), as a date if `as` is "date"; nothing is made',
  refuse_external_id: 'answers 400/1201 to a create that has an external task id; meets no other request',
  reset_before_charge: 'resets the connection; nothing is made',
  reset_after_charge: 'carries the request out, then resets the connection',
  no_answer_before_charge: 'never answers; nothing is made',
  no_answer_after_charge: 'carries the request out, then never answers',
  '5xx_after_charge': 'carries the request out, then answers `code` (default 5000)',
  late_task: 'answers `code` (default 5001), and carries the request out `ms` later (default 5000)',
  html_after_charge: 'carries the request out, then answers an HTML page with `status` (default 502)',
  truncate: 'declares the whole length, sends half of the body, then closes',
  truncate_chunked: 'sends half of the body in chunks without the last one, then closes',
  drip: 'sends the body byte by byte, `intervalMs` apart (default 100)',
  missing_task_id: 'carries the request out, then leaves the task id out of the answer',
  wrong_external_id: 'carries the request out, then names somebody else’s external id in the answer',
  pad_answer: 'adds `bytes` (default 1048576) of padding to the answer’s JSON',
  connection_close_after: 'answers, promises to keep the connection, and closes it at once',
  informational: 'sends 103 Early Hints before the answer',
  clock_skew: 'puts the Date header, and the clock tokens are judged by, off by `ms` (default 600000)',
  fail_task: 'makes the task one that fails with `message`, not charged',
  throttled_task: 'makes the task one that fails at once with the text of 1303, not charged',
  stuck_task: 'makes the task one that never ends, charged',
  charge_units: 'charges `units` in place of the list price',
  result_bytes: 'makes the videos of the task `bytes` long (at most 2147483648)',
} as const;

/** Faults of downloads: they meet only requests for result files. */
export const FILE_FAULTS = {
  file_slow: 'sends `bytes` of the file (default 1024), then waits `intervalMs` (default 1000), and so on',
  file_truncated:
    'declares the right length, closes the connection after `bytes` of the body (default: half)',
  file_wrong_length: 'declares a length that is off by `bytes` (default 1000), and closes where fewer exist',
  file_expired: 'answers 403, as after 30 days',
  file_redirect:
    'answers `status` (default 302) with `location` (default: the same address; with `times` 3, a chain of three)',
  file_no_ranges: 'ignores `Range` and sends the whole file',
  file_changed: 'gives the file other bytes and another ETag, from this request on',
  file_416: 'answers 416 to a request with a range; meets no other request',
} as const;

/** What tasks show. Ordered for a create, the task has it in all its answers and callbacks; for a read, only that answer has it. */
export const ODDITIES = {
  no_deduction: 'shows no cost, though the task was charged',
  no_addresses: 'shows no results of a success: of a read, or of the first `answers` (default 3) of its task',
  contradiction:
    'shows the other end of a task that has ended: in a read, or of a task `ms` (default 60000) after it',
  older_update:
    'shows the state before the present one, with its older time: in a read, or in every second one',
} as const;

/** Every kind of fault. */
export const FAULT_KINDS = { ...REQUEST_FAULTS, ...ODDITIES, ...FILE_FAULTS };
export type FaultKind = keyof typeof FAULT_KINDS;
export type FileFaultKind = keyof typeof FILE_FAULTS;
