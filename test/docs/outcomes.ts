/**
 * What happens to a create for every code of Kling's page and every fault of the way to it: seen with the real app before the
 * emulator, and written as the table of docs/outcomes.md.
 *
 * Each answer comes to every attempt at its create, so that the table shows what the caller gets if it does not go away.
 */
import { createManualClock, type ManualClock } from '../../src/clock.ts';
import type { FaultOrder } from '../../src/emulator/faults.ts';
import { CODES } from '../../src/kling/codes.ts';
import { get, post, textToVideo, type Got } from '../app/calls.ts';
import type { StartedApp } from '../app/start-app.ts';
import { advanceUntil, whileMoving } from '../money/hand-clock.ts';
import { holdsOf, type HoldView } from '../proxy/holds.ts';
import { startProxy } from '../proxy/proxy-app.ts';

const PATH = '/v1/videos/text2video';

interface Outcome {
  /** What came back, for readers. */
  name: string;
  fault: FaultOrder;
  /** What the app is started with, for a case that needs one of its own: pauses and stops are of the whole account. */
  alone?: { baseUrl?: string; isDown?: boolean } | true;
}

const PAUSING: ReadonlySet<number> = new Set([1100, 1101, 1102, 1103, 1302, 1303, 1304]);

/** Every row of Kling's page but success, and every fault between Kling and us. */
const OUTCOMES: readonly Outcome[] = [
  ...CODES.filter(({ code }) => code !== 0).map(({ code, status, meaning }): Outcome => {
    const fault = { kind: 'code', code } as const;
    return { name: `${status}/${code} ${meaning}`, fault, ...(PAUSING.has(code) && { alone: true }) };
  }),
  {
    name: '429/1303 with `Retry-After: 10`',
    fault: { kind: 'retry_after', code: 1303, seconds: 10 },
    alone: true,
  },
  { name: '4xx with a code that is not documented', fault: { kind: 'code', code: 6666, status: 400 } },
  { name: '5000, and the task was made', fault: { kind: '5xx_after_charge', code: 5000 } },
  {
    name: '5001, and the task is made 20 s later',
    fault: { kind: 'late_task', code: 5001, ms: 20_000, times: 1 },
  },
  { name: '400/1201 for our external task id', fault: { kind: 'refuse_external_id' }, alone: true },
  { name: 'HTTP 200 with 5000', fault: { kind: 'code_nonzero_200', code: 5000 } },
  { name: 'a page of a proxy, 502', fault: { kind: 'http', status: 502 } },
  { name: 'a page of a proxy, 429', fault: { kind: 'http', status: 429 } },
  { name: 'a page of a proxy, 200', fault: { kind: 'html_200' } },
  { name: 'a redirect', fault: { kind: 'redirect' } },
  { name: 'a connection that is refused', fault: { kind: 'latency' }, alone: { isDown: true } },
  {
    name: 'a TLS handshake that fails',
    fault: { kind: 'latency' },
    alone: { baseUrl: 'https://127.0.0.1:PORT' },
  },
  { name: 'a reset, and nothing was made', fault: { kind: 'reset_before_charge' } },
  { name: 'a reset, and the task was made', fault: { kind: 'reset_after_charge' } },
  { name: 'no answer in time, and nothing was made', fault: { kind: 'no_answer_before_charge' } },
  { name: 'no answer in time, and the task was made', fault: { kind: 'no_answer_after_charge' } },
  { name: 'a truncated answer', fault: { kind: 'truncate' } },
  { name: 'code 0 without a task id', fault: { kind: 'missing_task_id' } },
];

const markOf = (index: number): string => `outcome-${index}-`;

/** Sees all outcomes, and gives their rows in order. */
export async function seeOutcomes(): Promise<string[]> {
  const rows = new Map<number, string>();
  const indexes = OUTCOMES.map((_, index) => index);
  const together = indexes.filter((index) => OUTCOMES[index]?.alone === undefined);
  await see(together, rows);
  for (const index of indexes) if (!together.includes(index)) await see([index], rows);
  return indexes.map((index) => rows.get(index) ?? '');
}

/** Sees some outcomes with one app, all at once. */
async function see(indexes: readonly number[], rows: Map<number, string>): Promise<void> {
  const alone = OUTCOMES[indexes[0] ?? 0]?.alone;
  const clock = createManualClock(Date.now());
  const app = await startFor(clock, alone === true ? {} : (alone ?? {}));
  try {
    const sent = indexes.map(async (index) => {
      const match = { method: 'POST', path: PATH, bodyIncludes: markOf(index) };
      const fault = OUTCOMES[index]?.fault ?? { kind: 'latency' };
      app.emulator.addFault({ times: 'always', ...fault, match });
      const answer = await post(app.dataUrl + PATH, textToVideo({ prompt: markOf(index) }));
      return { index, answer, requestId: String(answer.headers['x-request-id']) };
    });
    const answers = await whileMoving(clock, Promise.all(sent), 100);
    const pauses = await pausesOf(app);
    const views = await viewsOf(app);
    const later = await advanceUntil(clock, () => withoutDoubts(app), { stepMs: 2_000, stepsMax: 700 });
    for (const { index, answer, requestId } of answers) {
      const [view, end] = [views, later].map((of) => of.find((one) => one.requestId === requestId));
      if (!view || !end) throw new Error(`nothing is known of ${OUTCOMES[index]?.name}`);
      const cells = [OUTCOMES[index]?.name, holdText(view, end), sentText(view), pauses, answerText(answer)];
      rows.set(index, `| ${cells.join(' | ')} |`);
    }
  } finally {
    await app.stop();
  }
}

async function startFor(
  clock: ManualClock,
  { baseUrl, isDown }: { baseUrl?: string; isDown?: boolean },
): Promise<StartedApp> {
  const config = { breaker: null, tasks: { poll: true, pollIntervalMs: 5_000 } };
  // The port of a plain HTTP server, for a handshake that fails.
  const plain = baseUrl?.includes('PORT') ? await startProxy() : null;
  const port = plain === null ? '' : new URL(plain.dataUrl).port;
  const to = baseUrl === undefined ? {} : { baseUrl: baseUrl.replace('PORT', port) };
  const app = await startProxy(config, { clock, ...to });
  if (isDown) await app.emulator.stop();
  if (plain === null) return app;
  const stop = app.stop.bind(app);
  return { ...app, stop: async () => void (await Promise.all([stop(), plain.stop()])) };
}

interface View extends HoldView {
  requestId: string;
  attempts: { at: number; code: number | null }[];
}

async function viewsOf(app: StartedApp): Promise<View[]> {
  const { json } = await get(`${app.controlUrl}/v1/calls?limit=1000`);
  const { calls } = json as unknown as {
    calls: {
      requestId: string;
      holdId: string | null;
      method: string;
      at: string;
      code: number | null;
      attempt: number;
    }[];
  };
  const holds = await holdsOf(app);
  return holds.map((hold) => {
    // Two attempts may be of the same instant.
    const own = calls
      .filter(({ holdId, method }) => holdId === hold.id && method === 'POST')
      .toSorted((one, other) => one.attempt - other.attempt);
    const attempts = own.map(({ at, code }) => ({ at: Date.parse(at), code }));
    return { ...hold, requestId: own[0]?.requestId ?? '', attempts };
  });
}

async function withoutDoubts(app: StartedApp): Promise<View[] | null> {
  const views = await viewsOf(app);
  return views.some(({ inDoubt }) => inDoubt) ? null : views;
}

function holdText(view: View, end: View): string {
  if (view.state === 'released') return view.attempts.length > 0 ? 'released' : '';
  if (view.taskId !== null) return 'settled with the task';
  const ended = end.taskId === null ? end.state : 'settled with the task';
  return `in doubt, then ${ended}`;
}

/** What is between the first two attempts says why the second one was sent. */
function sentText({ attempts: [first, second], taskId }: View): string {
  if (!first || !second) return taskId === null ? 'no' : 'no: its look-up finds the task';
  const waitedMs = second.at - first.at;
  if (first.code === 1003 || first.code === 1004) return 'once, with a fresh token';
  if (first.code === 1201) return 'once, without it';
  if (first.code === 5000 || first.code === 5001)
    return waitedMs < 10_000 ? '?' : 'after look-ups at 2 s and 10 s';
  return `after ${waitedMs < 10_000 ? 'a random' : 'that'} wait, up to 5 tries`;
}

/** The pause that lasts once the caller has its answer. */
async function pausesOf(app: StartedApp): Promise<string> {
  const { json } = await get(`${app.controlUrl}/v1/status`);
  const { stops, pools } = json as unknown as {
    stops: { product: string | null; operation: string | null }[];
    pools: { name: string; pausedUntil: string | null }[];
  };
  const [stop] = stops;
  if (stop) {
    const scope =
      stop.operation === null
        ? stop.product === null
          ? 'all creates'
          : 'its product'
        : 'its operation and model';
    return `a stop of ${scope}`;
  }
  return pools.some(({ pausedUntil }) => pausedUntil !== null) ? 'its pool' : 'none';
}

function answerText({ status, headers, json }: Got): string {
  const word = headers['x-kling-sidecar'];
  if (word !== undefined) return `${status} \`${String(word)}\``;
  return status === 200 ? 'its task' : `Kling’s ${status}/${json.code}`;
}

/** Makes the page. */
export function outcomesPage(rows: readonly string[]): string {
  return `# Outcomes of a create

What the sidecar does with a create in \`protect\` mode, for every code of Kling’s page and every fault on the path to it. This page is written by a
test that sees each row with the real sidecar before the emulator (\`npx vitest run --config
vitest.slow.config.ts test/docs/outcomes.slow.test.ts -u\` writes it again). In each row every attempt of the create ends the same. Why this is so is in [the decision](decisions/015-a-create-is-sent-again.md); \`creates.resend: "never"\` makes "sent again" a no
in every row, and \`observe\` mode does the same and passes Kling’s answer on.

- *The hold* is one row from the first attempt to the last. In doubt it stays until a look-up finds the task, or until Kling answers "no such task" 600 s after
  the last attempt (10 s after a refusal with a code that is not documented).
- *Sent again* always means within \`creates.deadlineMs\`, with at least 8 s left, while the caller waits.
- *Pause*: what is held back afterwards ([stops](answers.md#stops-and-the-breaker), [pools](config.md#queue-and-rates)). An answer of 5xx or none also counts for
  the breaker.
- *The caller gets* Kling’s own answer, or [ours](answers.md#refusals) with a word.
- A name that is not resolved and a connection that is not answered are handled as one that is refused: nothing was sent.

| what comes back | the hold | sent again | pause | the caller gets |
| --- | --- | --- | --- | --- |
${rows.join('\n')}
`;
}
