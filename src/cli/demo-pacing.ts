/** The demo's act about pace: a queue that drains, and a 429 of each kind. */
import type { AppUrls } from '../app/options.ts';
import { sleep } from '../clock.ts';
import type { QueueAnswer, StatusAnswer } from '../control/schemas.ts';
import type { Emulator } from '../emulator/emulator.ts';
import { codeInfo } from '../kling/codes.ts';
import type { Secret } from '../secret.ts';
import type { Ms } from '../units.ts';
import { order } from './demo-claim.ts';
import type { DemoAnswer, DemoApp } from './demo-app.ts';
import { roomOf, toTable, type Column } from './table.ts';
import { paint, type Terminal } from './terminal.ts';

export interface PacingStage {
  urls: AppUrls;
  emulator: Emulator;
  token: Secret;
  /** Reads the config again, as an operator does once something is repaired. */
  reload(): Promise<unknown>;
}

const IMAGE = '/v1/images/generations';
const REQUESTS = 6;
const PICTURES_EACH = 3;
/** Sent again: the app sees nothing of them. */
const THROTTLES = [1302, 1303];
/** About the account: no retry helps. */
const STOPS = [1100, 1101, 1102, 1304];
const LIMIT_WAIT_MS_MAX: Ms = 20_000;

const picture = (n: number): object => ({ model_name: 'kling-v2-1', prompt: 'a paper boat', n });

/** Plays the act, and prints what the app saw. */
export async function playPacing(terminal: Terminal, app: DemoApp, stage: PacingStage): Promise<void> {
  terminal.out(`\n${paint(terminal, 'bold', 'Paced')}\n`);
  await drainQueue(terminal, app, stage);
  terminal.out(`\n${paint(terminal, 'bold', 'A 429 of each kind')}\n`);
  const rows: Record<string, string | number>[] = [];
  for (const code of THROTTLES) {
    refuseNext(stage, code);
    const answer = await app.create(IMAGE, picture(1));
    const got = answer.code === 0 ? `${textOf(answer)}, sent again` : textOf(answer);
    rows.push({ code, meaning: meaningOf(code), got, next: '-', after: '-' });
  }
  for (const code of STOPS) {
    refuseNext(stage, code);
    const [first, next] = [await app.create(IMAGE, picture(1)), await app.create(IMAGE, picture(1))];
    await stage.reload();
    const after = await app.create(IMAGE, picture(1));
    rows.push({
      code,
      meaning: meaningOf(code),
      got: textOf(first),
      next: textOf(next),
      after: textOf(after),
    });
  }
  terminal.out(toTable(rows, COLUMNS, roomOf(terminal)));
}

const COLUMNS: readonly Column[] = [
  { field: 'code', title: 'code' },
  { field: 'meaning', title: 'says', drop: 1, cut: true },
  { field: 'got', title: 'the app got' },
  { field: 'next', title: 'the next create' },
  { field: 'after', title: 'repaired', drop: 2 },
];

/** More pictures at once than the pack allows: all are made, and Kling never has to refuse one. */
async function drainQueue(terminal: Terminal, app: DemoApp, stage: PacingStage): Promise<void> {
  const { urls, emulator } = stage;
  // Reads the packs, whose names say how many tasks may run at once.
  await order(stage, '/v1/jobs/packs/run', {});
  const limit = await imageSlots(terminal, urls);
  const throttledBefore = emulator.answers().creates['1303'] ?? 0;
  const creates = Array.from({ length: REQUESTS }, () => app.create(IMAGE, picture(PICTURES_EACH)));
  const waiting = await whileWaiting(terminal, urls, Promise.all(creates));
  const answers = await Promise.all(creates);
  const { waiting: queue = [] } = waiting ?? {};
  terminal.out(
    `  ${REQUESTS} requests of ${PICTURES_EACH} pictures at once, and the pack has ${limit ?? 'no'} slots: ${queue.length} wait\n`,
  );
  const waits = answers.map(({ tookMs }) => Math.round(tookMs)).sort((a, b) => a - b);
  const made = answers.filter(({ status }) => status === 200).length;
  const refused = (emulator.answers().creates['1303'] ?? 0) - throttledBefore;
  terminal.out(
    `  ${made} of them made, after ${waits.join(', ')} ms; Kling answered 1303 ${refused === 0 ? 'never' : `${refused} times`}\n`,
  );
}

/** Gives the slots for pictures, once the account's packs are read; null if nothing limits them. */
async function imageSlots({ clock }: Terminal, urls: AppUrls): Promise<number | null> {
  const untilTick = clock.monotonic() + LIMIT_WAIT_MS_MAX;
  for (;;) {
    const { pools } = await read<StatusAnswer>(urls, '/v1/status');
    const limit = pools.find(({ name }) => name === 'image')?.limit ?? null;
    if (limit !== null || clock.monotonic() > untilTick) return limit;
    await sleep(clock, 50);
  }
}

/** Gives the longest queue that was seen until the answers are there; null if nobody waited. */
async function whileWaiting(
  { clock }: Terminal,
  urls: AppUrls,
  answers: Promise<unknown>,
): Promise<QueueAnswer | null> {
  const over = answers.then(() => 'over' as const);
  let longest: QueueAnswer | null = null;
  for (;;) {
    const queue = await read<QueueAnswer>(urls, '/v1/queue');
    if (queue.waiting.length > (longest?.waiting.length ?? 0)) longest = queue;
    if ((await Promise.race([over, sleep(clock, 50)])) === 'over') break;
  }
  return longest;
}

/** The next image meets a refusal of Kling's. */
function refuseNext({ emulator }: PacingStage, code: number): void {
  emulator.addFault({ kind: 'code', code, match: { method: 'POST', path: IMAGE } });
}

function meaningOf(code: number): string {
  return codeInfo(code)?.meaning ?? '';
}

function textOf({ status, code, word, tookMs }: DemoAnswer): string {
  if (word !== null) return `${status} ${word}, not sent`;
  return code === 0 ? `${status} after ${Math.round(tookMs)} ms` : `${status} code ${code}`;
}

/** Asks the control plane. */
export async function read<T>(urls: AppUrls, target: string): Promise<T> {
  const answer = await fetch(urls.control + target);
  if (!answer.ok) throw new Error(`${target} answered ${answer.status}: ${await answer.text()}`);
  return (await answer.json()) as T;
}
