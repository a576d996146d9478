import { afterEach, expect, it } from 'vitest';
import { openOffline } from '../../src/cli/offline.ts';
import { createManualClock, type ManualClock } from '../../src/clock.ts';
import { loadConfig } from '../../src/config/config.ts';
import { advanceUntil, whileMoving } from '../money/hand-clock.ts';
import { get, post, textToVideo } from './calls.ts';
import { startApp, type StartedApp } from './start-app.ts';

const PATH = '/v1/videos/text2video';
const MONEY = [
  'frozen',
  'openHolds',
  'heldCredits',
  'inDoubtHolds',
  'inDoubtCredits',
  'oldestDoubtSince',
  'heldElsewhere',
  'openTasks',
] as const;
type Status = Record<(typeof MONEY)[number], unknown> & {
  inDoubtHolds: number;
  openTasks: { product: string; state: string; tasks: number; stuck: number }[];
};

let clock: ManualClock;
let app: StartedApp;
afterEach(() => app.stop());

const config = { tasks: { poll: false, stuckAfterMs: 60_000 } };
const create = () => whileMoving(clock, post(app.dataUrl + PATH, textToVideo()), 50);
const read = (id: string) => whileMoving(clock, get(`${app.dataUrl}${PATH}/${id}`), 50);
const running = async () => (await get(`${app.controlUrl}/v1/status`)).json as unknown as Status;

/** What `status` says without a running sidecar: a scan of the store. */
async function scanned(): Promise<Status> {
  const loaded = loadConfig({ env: {}, cwd: app.folder });
  const offline = await openOffline({ ...loaded.config }, clock);
  const { body } = await offline.answer({ method: 'GET', path: '/v1/status' });
  await offline.close();
  return body as Status;
}

async function expectTheSame(): Promise<Status> {
  const [status, scan] = [await running(), await scanned()];
  const moneyOf = (of: Status): unknown => MONEY.map((key) => [key, of[key]]);
  expect(moneyOf(status)).toEqual(moneyOf(scan));
  const text = await (await fetch(`${app.controlUrl}/metrics`)).text();
  const lines = text.split('\n').filter((line) => line.startsWith('kling_'));
  const labels = ({ product, state }: { product: string; state: string }): string =>
    `{product="${product}",state="${state}"}`;
  expect(lines).toContain(`kling_holds_in_doubt ${scan.inDoubtHolds}`);
  for (const row of scan.openTasks) {
    expect(lines).toContain(`kling_tasks${labels(row)} ${row.tasks}`);
    expect(lines).toContain(`kling_tasks_stuck${labels(row)} ${row.stuck}`);
  }
  return scan;
}

it('shows the same state of money by its sums as by a scan, over a life, a reload and a restart', async () => {
  clock = createManualClock(Date.UTC(2026, 9, 20, 6));
  const emulator = { speed: 1, taskSeconds: { submitted: 60, processing: 60 } };
  app = await startApp({ clock, config, emulator });
  expect(await expectTheSame()).toMatchObject({ openHolds: 0, openTasks: [] });

  const ids: string[] = [];
  for (let i = 0; i < 4; i += 1) {
    const { json } = await create();
    ids.push((json.data as { task_id: string }).task_id);
    await clock.advance(40_000);
  }
  app.emulator.addFault({ kind: 'no_answer_after_charge', match: { method: 'POST', path: '/v1/' } });
  app.emulator.addFault({ kind: 'reset_before_charge', times: 'always', match: { path: '/tasks' } });
  const hanging = create();
  await advanceUntil(clock, async () => (await running()).inDoubtHolds === 1);
  for (const id of ids.slice(0, 3)) await read(id);
  await advanceUntil(clock, async () =>
    (await running()).openTasks.some(({ state }) => state === 'processing'),
  );
  const lived = await expectTheSame();
  expect(lived).toMatchObject({ inDoubtHolds: 1 });
  expect(lived.openTasks.some(({ stuck }) => stuck > 0)).toBe(true);
  await hanging.catch(() => undefined);

  await app.reload({ ...config, tasks: { ...config.tasks, stuckAfterMs: 3_600_000 } });
  const reloaded = await expectTheSame();
  expect(reloaded.openTasks.every(({ stuck }) => stuck === 0)).toBe(true);
  await app.reload({ ...config, upstream: { baseUrl: 'http://127.0.0.1:9' } });
  expect((await expectTheSame()).heldElsewhere).toHaveLength(1);

  await app.stop({ keep: true });
  app = await startApp({ clock, config, folder: app.folder });
  const restarted = await expectTheSame();
  expect(restarted.openTasks).not.toEqual([]);
  expect(restarted.heldElsewhere).toHaveLength(1);
});
