/** The emulator's help text, for `--help`, for `GET /_emulator` and for the README. */
import { FAULT_KINDS } from './fault-kinds.ts';
import { ROUTE_LIST } from './routes.ts';
import { TRIGGER_WORDS } from './task-routes.ts';

/** The default credentials of an emulator. They are no secrets. */
export const EMULATOR_CREDENTIALS = {
  apiKey: 'emulator-key',
  accessKey: 'emulator-ak',
  secretKey: 'emulator-sk-0123456789abcdef0123456789abcdef',
} as const;

const CONTROL: Readonly<Record<string, string>> = {
  'GET /_emulator': 'this text',
  'GET /_emulator/book':
    'what was charged: { charges: [{ taskId, externalTaskId, path, units, product, at }], totalUnits, foreignUnits }',
  'GET /_emulator/answers':
    'how often each code was answered: { all, creates }, such as { creates: { "0": 12, "1303": 1 } }',
  'GET /_emulator/slots': 'the slots of each product: { limit, inUse, most }',
  'POST /_emulator/billing':
    '{ delayMs } lets a deduction appear later in the ledgers, { packLagMs } keeps the packs’ remaining units behind',
  'POST /_emulator/foreign':
    'somebody else on the account spends: { units or cash, product, apiKeyName, at, task: true | "open" }',
  'POST /_emulator/faults': 'orders a fault: { match: { method, path, bodyIncludes }, kind, times, … }',
  'GET /_emulator/faults': 'the faults ordered, and how often each was met',
  'DELETE /_emulator/faults': 'clears them',
  'POST /_emulator/clock':
    '{ advanceMs } makes tasks, URLs and sessions older; { speed } lets them age faster; { skewMs } puts the wall clock off',
  'GET /_emulator/clock': 'the wall clock, the speed and the skew',
  'POST /_emulator/callbacks':
    'how they are sent: { secret, loseShare, doubleShare, reorderShare, earlyShare, lateMs, retryMs, hosts, seed }',
  'GET /_emulator/callbacks': 'the settings, and what was sent, lost or forged, with the receiver’s answers',
  'POST /_emulator/callbacks/forge':
    'sends one that Kling did not: { taskId, status, message, signature: none | wrong | stale | right, url, body }',
  'POST /_emulator/reset': 'a new account: no tasks, no charges, full packs, no faults, no recorded requests',
  'GET /_emulator/requests': 'the requests that arrived, without bodies',
  'GET /_emulator/warnings': 'requests that were taken though the documents want them otherwise',
};

/** Gives the whole help text, a line for each route, fault and word. */
export function emulatorHelp(): string {
  return [
    'An emulator of Kling’s API on loopback, with its own charge book and faults on order.',
    '',
    `API key      ${EMULATOR_CREDENTIALS.apiKey}`,
    `access key   ${EMULATOR_CREDENTIALS.accessKey}   (legacy and account paths only)`,
    `secret key   ${EMULATOR_CREDENTIALS.secretKey}`,
    '',
    'Its own paths (no credentials):',
    ...table(CONTROL),
    '',
    'Words in a body that decide how a create ends:',
    ...table(TRIGGER_WORDS),
    '',
    'Kinds of fault ("times" is how many requests each meets: default 1, or "always"):',
    ...table(FAULT_KINDS),
    '',
    'A media URL says how long the media last: https://…/clip.mp4?seconds=12.4 (default 5 s); motion control also',
    'takes output=9 for a result shorter than its reference. Nothing is downloaded. A `callback_url` gets a POST for each status of its task.',
    '',
    'Kling’s routes:',
    ...ROUTE_LIST.map((route) => `  ${route}`),
    '',
  ].join('\n');
}

function table(rows: Readonly<Record<string, string>>): string[] {
  const width = Math.max(...Object.keys(rows).map((name) => name.length));
  return Object.entries(rows).map(([name, text]) => `  ${name.padEnd(width)}  ${text}`);
}
