/**
 * The table of Kling's error codes: the meaning of each for the hold, for a retry and for the caller.
 *
 * Six codes share HTTP 429 and only two of them are worth waiting for, so all decisions use `code`, never the
 * status. Source: Kling's error code page (kling.ai/document-api, get-started/error-codes), read 2026-09-20.
 *
 * **Invariant**: after a code that is not here, or any 5xx, it is unknown whether a task was made.
 */

export interface CodeInfo {
  code: number;
  /** The HTTP status Kling documents for it. */
  status: number;
  meaning: string;
  /** Whether a task exists after a create with this answer. */
  taskMade: 'no' | 'yes' | 'unknown';
  holdAction: 'keep' | 'release' | 'doubt';
  /**
   * Whether the same request may be sent again. `resign_once`: once, with a fresh token. `wait`: later. `look_up`: reads later, a
   * create with the same external task id, once look-ups did not find its task. `read_only`: reads later, creates never.
   */
  retry: 'never' | 'resign_once' | 'wait' | 'look_up' | 'read_only';
  /** True if the next create of this account, pack or model would be refused too. */
  accountWide: boolean;
  /** What the caller can do about it. */
  advice: string;
}

type Row = [
  code: number,
  status: number,
  meaning: string,
  retry: CodeInfo['retry'],
  accountWide: boolean,
  advice: string,
];

const REFUSALS: readonly Row[] = [
  [
    1000,
    401,
    'authentication failed',
    'never',
    false,
    'Check the credentials and that they belong to this host.',
  ],
  [
    1001,
    401,
    'Authorization is empty',
    'never',
    false,
    'The sidecar sends its own Authorization: check its secrets.',
  ],
  [
    1002,
    401,
    'Authorization is invalid',
    'never',
    false,
    'Check the credentials and that they belong to this host.',
  ],
  [1003, 401, 'token is not yet valid', 'resign_once', false, 'Check the clock of this machine.'],
  [1004, 401, 'token has expired', 'resign_once', false, 'Check the clock of this machine.'],
  [1100, 429, 'account is abnormal', 'never', true, 'Look at the account in the Kling console.'],
  [1101, 429, 'account is in arrears', 'never', true, 'Recharge the account.'],
  [
    1102,
    429,
    'resource pack is exhausted or expired',
    'never',
    true,
    'Buy a pack of this type, or check its expiry.',
  ],
  [1103, 403, 'no right to this API or model', 'never', true, 'Ask Kling for access, or use another model.'],
  [1200, 400, 'invalid parameters', 'never', false, 'Correct the request; the message names the parameter.'],
  [
    1201,
    400,
    'invalid key or value, or not found',
    'never',
    false,
    'Correct the request; the message says what.',
  ],
  [1202, 404, 'wrong method', 'never', false, 'Use the method that the API page gives.'],
  [1203, 404, 'resource or model does not exist', 'never', false, 'Check the path and the model.'],
  [1300, 400, 'blocked by platform policy', 'never', false, 'Change the request.'],
  [1301, 400, 'blocked by content security policy', 'never', false, 'Change the prompt or the media.'],
  [1302, 429, 'too many requests', 'wait', false, 'Send more slowly.'],
  [1303, 429, 'too many tasks at once for the pack', 'wait', false, 'Wait until a task ends.'],
  [
    1304,
    429,
    'address is not on the allow-list',
    'never',
    true,
    'Add this machine to the IP allow-list at Kling.',
  ],
];

const DOUBTS: readonly Row[] = [
  [5000, 500, 'internal error', 'look_up', false, 'A task may exist: it is looked up by its external id.'],
  [5001, 503, 'maintenance', 'look_up', false, 'A task may exist: it is looked up by its external id.'],
  [
    5002,
    504,
    'internal timeout',
    'read_only',
    false,
    'A task may exist: it is looked up by its external id.',
  ],
];

function info(
  [code, status, meaning, retry, accountWide, advice]: Row,
  made: CodeInfo['taskMade'],
): CodeInfo {
  const holdAction = made === 'yes' ? 'keep' : made === 'no' ? 'release' : 'doubt';
  return { code, status, meaning, taskMade: made, holdAction, retry, accountWide, advice };
}

/** The complete table, in the order of the codes. */
export const CODES: readonly CodeInfo[] = [
  info([0, 200, 'ok', 'never', false, 'Nothing to do.'], 'yes'),
  ...REFUSALS.map((row) => info(row, 'no')),
  ...DOUBTS.map((row) => info(row, 'unknown')),
];

const BY_CODE: ReadonlyMap<number, CodeInfo> = new Map(CODES.map((row) => [row.code, row]));

/** Gives the row of a code; null for one that Kling does not document. */
export function codeInfo(code: number): CodeInfo | null {
  return BY_CODE.get(code) ?? null;
}

const HOSTS: Readonly<Record<string, string>> = {
  'api-singapore.klingai.com': 'api-beijing.klingai.com for keys of the mainland console (klingai.com/dev)',
  'api-beijing.klingai.com': 'api-singapore.klingai.com for keys of the console kling.ai/dev',
  'api.klingai.com': 'api-singapore.klingai.com or api-beijing.klingai.com: this old host was replaced',
};
/** Kling's codes for a refused Authorization. */
export const AUTHENTICATION_CODES: ReadonlySet<number> = new Set([1000, 1001, 1002, 1003, 1004]);
/** Tokens that Kling calls not yet valid or expired: signing anew may help, once. */
export const RESIGN_CODES: ReadonlySet<number> = new Set([1003, 1004]);
/** Those of them that also mean a key of another region. */
const REGION_CODES: ReadonlySet<number> = new Set([1000, 1002]);

/**
 * Refusals of the request itself: the same bytes are refused again. All others can end: a token, a pack, a right,
 * a rate or a missing resource (1201, 1203) can change within a minute.
 */
const LASTING_CODES: ReadonlySet<number> = new Set([1200, 1202, 1300, 1301]);

/** Returns whether the same request would get the same refusal at any later time. */
export function isLastingRefusal(code: number): boolean {
  return LASTING_CODES.has(code);
}

/**
 * Gives a hint for an authentication failure that a key of another region also causes; null for other codes.
 *
 * Kling answers a valid key on the wrong host with an authentication failure, not with a redirect, and its message
 * does not name the cause (QuantumNous/new-api #1342, 2025-07; paid probes of 2026-09-20).
 */
export function regionHint(code: number | null, host: string): string | null {
  if (code === null || !REGION_CODES.has(code)) return null;
  const name = host.replace(/:\d+$/, '');
  const other = HOSTS[name];
  if (other === undefined) return null;
  return `Kling answered ${code} at ${name}. A key works only at the host of the console that made it: try upstream.baseUrl https://${other}.`;
}
