import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createManualClock, type ManualClock } from '../../src/clock.ts';
import { JOB_NAMES } from '../../src/jobs/job-names.ts';
import { get, post } from '../app/calls.ts';
import { startApp, type StartedApp } from '../app/start-app.ts';
import { cli, type CliRun } from '../cli/run-cli.ts';
import { whileMoving } from '../money/hand-clock.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const STEP = 3 * HOUR;
/** The evening before the last one of November in Shanghai, where months of availability end. */
const START = Date.parse('2026-11-29T18:00:00Z');
const HOST = 'api-singapore.klingai.com';

const CONFIG = {
  tasks: { poll: false },
  account: { poll: true },
  budgets: [{ name: 'daily', credits: 100, timeZone: 'Europe/Berlin' }],
  // Every third hour, so that a look each time is enough.
  jobs: { slaMonths: '5 */3 * * *', packs: '17 */3 * * *' },
  alerts: { rules: { daily_digest: true } },
};

interface JobRow {
  name: string;
  state: string;
  cron: string | null;
  timeZone: string;
  lastStartedAt: string | null;
  lastDurationMs: number | null;
  lastResult: string | null;
  missed: number;
  nextAt: string | null;
}

let folder = '';
let clock: ManualClock;
let app: StartedApp;
let lines: Record<string, unknown>[];

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'kling-jobs-'));
  clock = createManualClock(START);
  await start();
});
afterAll(async () => {
  await app.stop();
  await rm(folder, { recursive: true, force: true });
});

async function start(): Promise<void> {
  lines = [];
  app = await startApp({
    clock,
    folder,
    config: CONFIG,
    logClock: clock,
    logTo: {
      write: (text: string) =>
        void lines.push(
          ...text
            .trim()
            .split('\n')
            .map((line) => JSON.parse(line) as Record<string, unknown>),
        ),
    },
  });
}

/** Looks at what is due now, and lets all of it end. */
const look = () => whileMoving(clock, app.app.runDue());

/** Moves the clock by three hours with a look at each step, in place of those of every minute. */
async function pass(ms: number): Promise<void> {
  const until = clock.now() + ms;
  while (clock.now() < until) {
    await clock.advance(Math.min(STEP - (clock.now() % STEP), until - clock.now()));
    await look();
  }
}

async function jobs(): Promise<Record<string, JobRow>> {
  const { json } = await get(`${app.controlUrl}/v1/jobs`);
  const rows = (json as unknown as { jobs: JobRow[] }).jobs;
  return Object.fromEntries(rows.map((row) => [row.name, row]));
}

const run = (args: string[]): Promise<CliRun> =>
  cli(args, {
    cwd: folder,
    env: { KLING_SIDECAR__CONTROL__PORT: new URL(app.controlUrl).port, KLING_API_KEY: 'emulator-key' },
  });

const backups = async (): Promise<string[]> => (await readdir(path.join(folder, 'data/backups'))).toSorted();

/** One call of a day, as another program recorded it. */
async function importCall(at: number): Promise<void> {
  const time = new Date(at).toISOString();
  const text = JSON.stringify({ time, method: 'GET', path: '/v1/videos/text2video/1', status: 200 });
  const body = { run: String(at), file: 'f', source: 's', host: HOST, isLast: true };
  const authorization = `Bearer ${app.token}`;
  const lineOf = { ...body, lines: [{ text, repeat: 0 }] };
  const { json } = await post(`${app.controlUrl}/v1/import`, lineOf, { authorization });
  expect(json).toMatchObject({ imported: 1 });
}

function calls(): number {
  const db = new Database(path.join(folder, 'data/sidecar.db'), { readonly: true });
  const count = db.prepare<[], number>("SELECT COUNT(*) FROM calls WHERE id LIKE 'imp%'").pluck().get();
  db.close();
  return count ?? 0;
}

describe('a clock that is moved by hand over two days', () => {
  it('drives every job at its time, in the zone that the budgets have in common', async () => {
    await importCall(START - 200 * DAY);
    await importCall(START - DAY);
    // The first look, by itself: what it begins has to end before hours pass.
    await clock.advance(30_000);
    await look();
    await pass(2 * DAY);
    const all = await jobs();
    expect(
      Object.values(all).map(({ name, state, cron, timeZone }) => [name, state, cron, timeZone]),
    ).toEqual([
      ['sla-months', 'ok', '5 */3 * * *', 'Europe/Berlin'],
      ['packs', 'ok', '17 */3 * * *', 'Europe/Berlin'],
      ['ledgers', 'ok', '37 */6 * * *', 'Europe/Berlin'],
      ['reconcile', 'ok', '7 5 * * *', 'Europe/Berlin'],
      ['digest', 'ok', '0 9 * * *', 'Europe/Berlin'],
      ['weekly-report', 'off', null, 'Europe/Berlin'],
      ['retention', 'ok', '23 3 * * *', 'Europe/Berlin'],
      ['backup', 'ok', '43 2 * * *', 'Europe/Berlin'],
    ]);
    expect(Object.values(all).map(({ missed }) => missed)).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
    expect(all['backup']?.nextAt).toBe('2026-12-02T01:43:00.000Z');
    expect(all['retention']?.nextAt).toBe('2026-12-02T02:23:00.000Z');
    expect(all['ledgers']?.nextAt).toBe('2026-12-01T23:37:00.000Z');

    // What they did: two nights of backups, an old call dropped, November closed, packs and ledgers read.
    expect(await backups()).toHaveLength(2);
    for (const name of await backups()) {
      const db = new Database(path.join(folder, 'data/backups', name), { readonly: true });
      expect(db.pragma('integrity_check', { simple: true })).toBe('ok');
      db.close();
    }
    expect(calls()).toBe(1);
    const events = (event: string) => lines.filter((line) => line['event'] === event);
    expect(events('records_dropped')).toMatchObject([{ calls: 1 }]);
    expect(events('month_closed')).toMatchObject([{ month: '2026-11', revision: 1 }]);
    expect(events('backup_made')).toHaveLength(2);
    expect(events('job_ended')).toEqual([]);
    // The digests of two days, found once each.
    const { json } = await get(`${app.controlUrl}/v1/alerts`);
    const { recent } = json as unknown as { recent: { rule: string; period: string }[] };
    const digests = recent.filter(({ rule }) => rule === 'daily_digest').map(({ period }) => period);
    expect(digests.toSorted()).toEqual(['2026-11-29', '2026-11-30']);
    const asked = (target: string) =>
      app.emulator.requests().filter(({ path: to }) => to.startsWith(target)).length;
    expect(asked('/account/costs')).toBeGreaterThanOrEqual(2 * 8);
    expect(asked('/account/billing/package')).toBeGreaterThanOrEqual(2 * 4);
  });

  it('counts each run, and shows them to Prometheus', async () => {
    const metrics = await (await fetch(`${app.controlUrl}/metrics`)).text();
    expect(metrics).toContain('kling_job_runs_total{job_name="backup",result="ok"} 2');
    expect(metrics).toContain('kling_job_runs_total{job_name="backup",result="failed"} 0');
    expect(metrics).toContain('kling_job_missed_total{job_name="backup"} 0');
    expect(metrics).toContain('kling_job_duration_seconds_count{job_name="backup"} 2');
  });
});

describe('the list of jobs', () => {
  it('says for people how each ended, and when it runs next', async () => {
    const { code, out } = await run(['jobs']);
    expect(code).toBe(0);
    const [heading = '', ...rows] = out.split('\n');
    expect(heading).toMatch(/^job +state +last run +took +missed +next run +cron +zone +error/);
    const backup = rows.find((row) => row.startsWith('backup')) ?? '';
    expect(backup).toMatch(
      /^backup +ok +2026-12-01T03:\S+ +[\d.]+ m?s +0 +2026-12-02T01:43:00\.000Z +43 2 \* \* \* +Europe\/Berlin/,
    );
  });

  it('gives the same to programs', async () => {
    const { out } = await run(['jobs', '--json']);
    const { jobs: rows } = JSON.parse(out) as { jobs: JobRow[] };
    expect(Object.fromEntries(rows.map((row) => [row.name, row]))).toEqual(await jobs());
    const csv = (await run(['jobs', '--format', 'csv'])).out.split('\n');
    expect(csv[0]).toMatch(/^name,does,state,cron,timeZone,runningSince,lastStartedAt,/);
    expect(csv).toHaveLength(10);
  });
});

describe('an order to run a job', () => {
  it('waits for the end of the run, says how it ended, and is in the audit', async () => {
    const { code, out, err } = await run(['jobs', 'run', 'backup', '--reason', 'the move', '--actor', 'ana']);
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(/^backup is done, after [\d.]+ m?s\.\n$/);
    expect(await backups()).toHaveLength(3);
    const authorization = `Bearer ${app.token}`;
    const { json } = await get(`${app.controlUrl}/v1/audit?limit=1`, { authorization });
    expect(json).toMatchObject({
      audit: [{ actor: 'ana', action: 'job.run', subject: 'backup', reason: 'the move' }],
    });
    const { out: printed } = await run(['jobs', 'run', 'backup', '--json']);
    expect(JSON.parse(printed)).toMatchObject({ job: { name: 'backup', lastResult: 'ok', state: 'ok' } });
  });

  it('is refused with a 409 while the job runs', async () => {
    const order = () =>
      post(`${app.controlUrl}/v1/jobs/backup/run`, {}, { authorization: `Bearer ${app.token}` });
    const [first, second] = await Promise.all([order(), order()]);
    const statuses = [first.status, second.status].toSorted();
    expect(statuses).toEqual([200, 409]);
    const refused = (first.status === 409 ? first : second).json as unknown as {
      word: string;
      detail: string;
    };
    expect(refused.word).toBe('already_running');
    expect(refused.detail).toMatch(/^The job backup is running, since 2026-12-01T1/);
    await look();
  });

  it('names the jobs there are where it names none', async () => {
    const { code, err } = await run(['jobs', 'run', 'reports']);
    expect(code).toBe(2);
    expect(err).toMatch(
      /Allowed choices are sla-months, packs, ledgers, reconcile, digest, weekly-report, retention, backup/,
    );
    const answer = await post(
      `${app.controlUrl}/v1/jobs/reports/run`,
      {},
      { authorization: `Bearer ${app.token}` },
    );
    expect(answer).toMatchObject({ status: 404, json: { word: 'not_found' } });
    expect((await post(`${app.controlUrl}/v1/jobs/backup/run`, {})).status).toBe(401);
  });
});

describe('a sidecar that was down for three days', () => {
  it('lists its jobs from the store meanwhile, and runs none', async () => {
    await app.stop({ keep: true });
    const { code, out } = await run(['jobs', '--format', 'jsonl']);
    expect(code).toBe(0);
    const names = out
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as JobRow).name);
    expect(names).toEqual(JOB_NAMES);
    const refused = await run(['jobs', 'run', 'backup']);
    expect(refused).toMatchObject({ code: 1, out: '' });
    expect(refused.err).toMatch(/needs a running sidecar/);
  });

  it('makes up for each job once, half a minute after its start, and says what was missed', async () => {
    const before = (await backups()).length;
    await clock.advance(3 * DAY);
    await start();
    await whileMoving(
      clock,
      (async () => {
        while ((await jobs())['backup']?.missed !== 2) await new Promise((resolve) => setTimeout(resolve, 5));
      })(),
    );
    await look();
    expect(await backups()).toHaveLength(Math.min(7, before + 1));
    const all = await jobs();
    expect(all['retention']).toMatchObject({ state: 'ok', missed: 2 });
    expect(all['sla-months']?.missed).toBeGreaterThanOrEqual(22);
    await clock.advance(2_000);
    const told = lines.filter((line) => line['event'] === 'job_ended');
    expect(told).toContainEqual(expect.objectContaining({ job: 'backup', result: 'ok', missed: 2 }));
    // Each but the weekly report, which is off.
    expect(told.map((line) => line['job']).toSorted()).toEqual(
      JOB_NAMES.filter((name) => name !== 'weekly-report').toSorted(),
    );
  });

  it('runs no job whose cron is null, and takes a new expression with a reload', async () => {
    const dropped = await backups();
    await app.reload({ ...CONFIG, jobs: { backup: null, retention: '0 12 * * *', timeZone: 'UTC' } });
    await pass(DAY);
    expect(await backups()).toEqual(dropped);
    const all = await jobs();
    expect(all['backup']).toMatchObject({ state: 'off', cron: null, nextAt: null });
    expect(all['retention']).toMatchObject({ cron: '0 12 * * *', timeZone: 'UTC', missed: 0 });
    expect(all['retention']?.lastStartedAt).toMatch(/T12:/);
  });
});
