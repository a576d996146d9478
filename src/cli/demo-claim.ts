/** The demo's last act: a month with an outage, recorded elsewhere, is imported, and its claim drafted. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { AppUrls } from '../app/options.ts';
import type { DraftAnswer } from '../control/claim-schemas.ts';
import type { SlaAnswer } from '../control/sla-schemas.ts';
import type { Secret } from '../secret.ts';
import { addMonths, monthOf, startOfDay } from '../sla/period.ts';
import { WINDOW_MS } from '../sla/window.ts';
import type { Ms } from '../units.ts';
import { paint, type Terminal } from './terminal.ts';

/** Kling's months, as `sla.timeZone` has them by default. */
const TIME_ZONE = 'Asia/Shanghai';
const KLING_HOST = 'api-singapore.klingai.com';
/** The fee that the demo's config says was invoiced for the month. */
export const DEMO_FEE = { amount: '1200', currency: 'USD', source: 'the demo’s invoice' };
const OUTAGE_WINDOWS = 10;
/** Windows from the month's start to the outage: the tenth day, 14:00. */
const OUTAGE_AFTER_WINDOWS = 9 * 288 + 14 * 12;
const OUTAGE_REQUESTS = 6;
const LINES_PER_BATCH = 250;
const LETTER_COLUMNS = 76;
/** Sections of the letter that are shown, beside its title. */
const SECTIONS_SHOWN = ['What we ask', 'Why'];

/** The last month that is over. */
export function lastMonth(now: Ms): string {
  return addMonths(monthOf(now, TIME_ZONE), -1);
}

export interface ClaimStage {
  urls: AppUrls;
  token: Secret;
}

/** Imports the month, drafts its claim, and prints the result. */
export async function playClaim(terminal: Terminal, stage: ClaimStage): Promise<void> {
  const month = lastMonth(terminal.clock.now());
  const lines = linesOf(month);
  for (let at = 0; at < lines.length; at += LINES_PER_BATCH) {
    const batch = lines.slice(at, at + LINES_PER_BATCH).map((text) => ({ text, repeat: 0 }));
    const isLast = at + LINES_PER_BATCH >= lines.length;
    const origin = {
      run: 'demo',
      file: 'another gateway’s log',
      source: 'demo',
      actor: 'demo',
      host: KLING_HOST,
    };
    await order(stage, '/v1/import', { ...origin, lines: batch, isLast });
  }
  const { claim, message } = (await order(stage, `/v1/claims/${month}/draft`, {})) as DraftAnswer;
  const measured = (await (await fetch(`${stage.urls.control}/v1/sla/${month}`)).json()) as SlaAnswer;
  if (!claim) throw new Error(`no claim was drafted: ${message}`);
  const { received } = measured.readings;
  const { windows, commitment } = measured;
  const asked = `${claim.percent} % of the month’s fee: ${claim.asked ?? '-'} ${claim.currency ?? ''}`;
  terminal.out(
    `\n${paint(terminal, 'bold', 'What Kling owes')}\n` +
      `  ${month} with an outage of 50 minutes, imported from another log: ${lines.length} calls\n` +
      `  ${windows.withErrors} of ${windows.total} five-minute windows failed: availability ` +
      `${paint(terminal, 'warn', `${received.availability ?? '-'} %`)}, ${commitment} % was promised\n` +
      `  a voucher may be asked for: ${paint(terminal, 'good', asked)}, from ${claim.earliest} to ${claim.latest}\n` +
      // Elsewhere than on a terminal both go with the demo, which is about to end.
      (terminal.isTerminal ? whereToLook(claim.folder, `${stage.urls.control}/v1/sla/${month}`) : '') +
      `  its letter begins:\n${await letterHead(claim.folder)}`,
  );
}

function whereToLook(folder: string, numbersUrl: string): string {
  return `  its letter and evidence: ${folder}\n  its numbers: ${numbersUrl}\n`;
}

/** Sends an order to the control plane. */
export async function order({ urls, token }: ClaimStage, target: string, body: object): Promise<unknown> {
  const answer = await fetch(urls.control + target, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token.reveal()}` },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${target} answered ${answer.status}: ${await answer.text()}`);
  return answer.json();
}

/** One read in each window of the month, and more of them in the outage, all of which Kling answered with a 5xx. */
function linesOf(month: string): string[] {
  const start = startOfDay(`${month}-01`, TIME_ZONE);
  const windows = (startOfDay(`${addMonths(month, 1)}-01`, TIME_ZONE) - start) / WINDOW_MS;
  const lines: string[] = [];
  for (let window = 0; window < windows; window += 1) {
    const outageAt = window - OUTAGE_AFTER_WINDOWS;
    const isOutage = outageAt >= 0 && outageAt < OUTAGE_WINDOWS;
    for (let n = 0; n < (isOutage ? OUTAGE_REQUESTS : 1); n += 1) {
      const at = start + window * WINDOW_MS + n * 40_000 + 1000;
      lines.push(lineOf({ at, id: `${window}-${n}`, isOutage }));
    }
  }
  return lines;
}

function lineOf({ at, id, isOutage }: { at: Ms; id: string; isOutage: boolean }): string {
  const time = new Date(at).toISOString();
  const call = { time, method: 'GET', path: `/v1/videos/text2video/${id}`, latencyMs: 180 };
  const end = isOutage ? { status: 503, server: 'openresty' } : { status: 200 };
  return JSON.stringify({ ...call, ...end, requestId: `demo-${id}` });
}

async function letterHead(folder: string): Promise<string> {
  const letter = await readFile(path.join(folder, 'claim.en.md'), 'utf8');
  const [head = '', ...sections] = letter.split('\n## ');
  const shown = sections.filter((section) =>
    SECTIONS_SHOWN.some((title) => section.startsWith(`${title}\n`)),
  );
  const lines = [
    head.split('\n')[0] ?? '',
    ...shown.flatMap((section) => ['', ...`## ${section.trim()}`.split('\n')]),
  ];
  return `\n${lines
    .flatMap(wrapped)
    .map((line) => `  | ${line}\n`)
    .join('')}`;
}

/** Breaks a line between words, for a terminal of 80 columns. */
function wrapped(line: string): string[] {
  const lines = [''];
  for (const word of line.split(' ')) {
    const last = lines.at(-1) ?? '';
    if (last === '') lines[lines.length - 1] = word;
    else if (last.length + word.length < LETTER_COLUMNS) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
