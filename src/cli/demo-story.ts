/** Prints the demo's steps line by line, and the summary of the records of sidecar and emulator. */
import type { App, AppUrls } from '../app/options.ts';
import { sleep } from '../clock.ts';
import type { Emulator } from '../emulator/emulator.ts';
import { DemoApp, type DemoAnswer } from './demo-app.ts';
import { playPacing, read, type PacingStage } from './demo-pacing.ts';
import { roomOf, toTable, type Column } from './table.ts';
import { paint, type Terminal } from './terminal.ts';

export interface DemoStage extends PacingStage {
  app: App;
  emulatorUrl: string;
}

const VIDEO = '/v1/videos/text2video';
const IMAGE = '/v1/images/generations';
const SETTLE_WAIT_MS_MAX = 20_000;

const video = (over: object = {}): object => ({
  model_name: 'kling-v1',
  prompt: 'a paper boat on a quiet lake',
  duration: '5',
  mode: 'std',
  ...over,
});

/** Sends the demo's traffic, and prints the result of each request. */
export async function playDemo(terminal: Terminal, stage: DemoStage): Promise<void> {
  const { urls, emulator } = stage;
  const app = new DemoApp(urls.data, terminal.clock);
  const tell = (what: string, answer: DemoAnswer): void => terminal.out(storyLine(terminal, what, answer));
  const first = await app.create(VIDEO, video());
  tell('a video, 5 s, standard', first);
  tell('an image', await app.create(IMAGE, { model_name: 'kling-v3', prompt: 'a lighthouse', n: 1 }));
  const body = { prompt: 'waves', settings: { resolution: '720p', duration: 5 } };
  tell('a video through the new paths', await app.create('/text-to-video/kling-3.0', body));
  emulator.addFault({ kind: 'reset_after_charge', match: { method: 'POST', path: VIDEO } });
  const key = { 'idempotency-key': 'scene-7' };
  const lost = await app.create(VIDEO, video({ prompt: 'scene 7' }), key);
  tell('its answer is lost after the charge: looked up by its id, and found', lost);
  tell(
    'the SDK sends it again with its key: the same task',
    await app.create(VIDEO, video({ prompt: 'scene 7' }), key),
  );
  tell(
    'one that Kling will fail: its credits come back',
    await app.create(VIDEO, video({ prompt: 'fail-please' })),
  );
  tell(
    '10 s professional: more than is left today',
    await app.create(VIDEO, video({ duration: '10', mode: 'pro' })),
  );
  const odd = '{"prompt":"x","duration":"5","duration":"10"}';
  tell('a body that can be read in two ways', await app.create(VIDEO, odd));
  if (first.taskId !== null) {
    const state = await app.waitFor(VIDEO, first.taskId);
    terminal.out(`  the first video: ${state}\n`);
  }
  await playPacing(terminal, app, stage);
  await settled(terminal, urls);
}

function storyLine(terminal: Terminal, what: string, answer: DemoAnswer): string {
  const took = `${Math.round(answer.tookMs)} ms`.padStart(8);
  if (answer.word !== null) {
    const refusal = paint(terminal, 'warn', `${answer.status} ${answer.word}`);
    return `${took}  ${what}\n          ${refusal}: ${answer.message}\n`;
  }
  const held = answer.creditsHeld === null ? 'nothing held anew' : `held ${answer.creditsHeld} credits`;
  const left = answer.budgetRemaining === null ? '' : `, ${answer.budgetRemaining} left today`;
  const state = paint(terminal, 'good', `${answer.status}`);
  return `${took}  ${what}\n          ${state} task ${answer.taskId ?? '-'}: ${held}${left}\n`;
}

/** Waits until no hold is open: the poller settles what no app asks for. */
async function settled(terminal: Terminal, urls: AppUrls): Promise<void> {
  const untilTick = terminal.clock.monotonic() + SETTLE_WAIT_MS_MAX;
  while (terminal.clock.monotonic() < untilTick) {
    const { holds } = await read<{ holds: unknown[] }>(urls, '/v1/holds?state=held');
    if (holds.length === 0) return;
    await sleep(terminal.clock, 250);
  }
}

interface BudgetRow {
  name: string;
  limitCredits: number;
  settledCredits: number;
  heldCredits: number;
  remainingCredits: number;
}

/** Prints what was written down; false if the ledger and the emulator's charge book differ. */
export async function summarise(terminal: Terminal, { app, urls, emulator }: DemoStage): Promise<boolean> {
  await app.runDue();
  const { budgets } = await read<{ budgets: BudgetRow[] }>(urls, '/v1/budgets');
  const { tasks } = await read<{ tasks: Record<string, unknown>[] }>(urls, '/v1/tasks');
  const { calls } = await read<{ calls: Record<string, unknown>[] }>(urls, '/v1/calls?limit=1000');
  const { calls: refusals } = await read<{ calls: Record<string, unknown>[] }>(
    urls,
    '/v1/calls?kind=refused',
  );
  const { firing, recent } = await read<Record<'firing' | 'recent', Record<string, unknown>[]>>(
    urls,
    '/v1/alerts',
  );
  const heading = (text: string): void => terminal.out(`\n${paint(terminal, 'bold', text)}\n`);
  heading('Tasks');
  const room = roomOf(terminal);
  const shown = ['id', 'operation', 'model', 'state', 'heldCredits', 'settledCredits'];
  terminal.out(toTable(tasks, columns(shown), room));
  heading('Refused, with nothing sent');
  terminal.out(toTable(refusals, columns(['status', 'word', 'route', 'message']), room));
  heading('Calls to Kling');
  terminal.out(toTable(callCounts(calls), columns(['route', 'method', 'status', 'outcome', 'calls']), room));
  heading('Budget');
  const fields = ['name', 'limitCredits', 'settledCredits', 'heldCredits', 'remainingCredits'];
  terminal.out(
    toTable(
      budgets.map((row) => ({ ...row })),
      columns(fields),
      room,
    ),
  );
  heading('Alerts, which a channel such as Slack would have got');
  terminal.out(toTable([...firing, ...recent], columns(['severity', 'rule', 'title']), room));
  const settledCredits = budgets.reduce((sum, row) => sum + row.settledCredits, 0);
  const isEqual = sameAsCharged(terminal, emulator, settledCredits);
  return isEqual;
}

function sameAsCharged(terminal: Terminal, emulator: Emulator, settledCredits: number): boolean {
  const { charges } = emulator.book();
  // Thousandths of a credit in a unit: 10 credits for video, a quarter of one for images.
  const charged = charges.reduce((sum, it) => sum + it.units * (it.product === 'image' ? 0.25 : 10), 0);
  const isEqual = Math.abs(charged - settledCredits) < 0.0005;
  const verdict = isEqual ? paint(terminal, 'good', 'they agree') : paint(terminal, 'bad', 'THEY DIFFER');
  terminal.out(
    `\nThe emulator charged ${charged} credits for ${charges.length} tasks; the ledger settled ${settledCredits}: ${verdict}.\n`,
  );
  return isEqual;
}

function callCounts(calls: readonly Record<string, unknown>[]): Record<string, unknown>[] {
  const counts = new Map<string, Record<string, unknown> & { calls: number }>();
  for (const { route, method, status, outcome } of calls) {
    const key = [route, method, status, outcome].join(' ');
    const row = counts.get(key) ?? { route, method, status, outcome, calls: 0 };
    row.calls += 1;
    counts.set(key, row);
  }
  return [...counts.values()].sort((a, b) => b.calls - a.calls);
}

/** Prints the next steps for people. */
export function lookAround(terminal: Terminal, urls: AppUrls): string {
  const curl =
    `curl -s ${urls.data}/v1/videos/text2video -H 'content-type: application/json' ` +
    `-d '{"model_name":"kling-v1","prompt":"a boat","duration":"5"}'`;
  return (
    `\n${paint(terminal, 'bold', 'Look around')}\n` +
    `  ${urls.control}/v1/status     ${urls.control}/v1/budgets\n` +
    `  ${urls.control}/v1/tasks      ${urls.control}/metrics\n` +
    `  ${curl}\n`
  );
}

/** What a narrow terminal may lack of the demo's tables. */
const DROPS: Readonly<Record<string, number>> = {
  heldCredits: 1,
  model: 2,
  operation: 3,
  method: 1,
  outcome: 2,
  rule: 1,
};
const CUTS: ReadonlySet<string> = new Set(['message', 'route', 'title']);

function columns(fields: readonly string[]): Column[] {
  return fields.map((field) => ({
    field,
    title: field.replace(/Credits$/, ' credits'),
    ...(DROPS[field] !== undefined && { drop: DROPS[field] }),
    ...(CUTS.has(field) && { cut: true as const }),
  }));
}
