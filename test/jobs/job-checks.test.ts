import { describe, expect, it } from 'vitest';
import { backupName } from '../../src/jobs/backup-files.ts';
import { isCron, parseCron } from '../../src/jobs/cron.ts';
import { checkBackup, checkJobs, type BackupsSeen, type JobSeen } from '../../src/jobs/job-checks.ts';
import { scheduleText, type JobRun, type JobState, type Schedule } from '../../src/jobs/job.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const NOW = Date.UTC(2026, 10, 28, 12);
const NIGHTLY = scheduleOf('43 2 * * *');
const HOURLY = scheduleOf('5 * * * *');

function scheduleOf(text: string): Schedule {
  const cron = parseCron(text);
  if (!isCron(cron)) throw new Error(cron.allowed);
  return { cron, timeZone: 'UTC' };
}

function seen(
  name: JobSeen['name'],
  schedule: Schedule,
  run: Partial<JobRun>,
  more: Partial<JobState> = {},
): JobSeen {
  const endedAt = run.endedAt ?? NOW - 10 * 60_000;
  const last: JobRun = {
    dueAt: endedAt,
    startedAt: endedAt,
    endedAt,
    durationMs: 0,
    result: 'ok',
    error: null,
    missed: 0,
    ...run,
  };
  const state = {
    schedule: scheduleText(schedule),
    doneTo: endedAt,
    last,
    failures: 0,
    okAt: endedAt,
    ...more,
  };
  return { name, schedule, state };
}

const jobsOf = (jobs: readonly JobSeen[], isRunning = true): string[] =>
  checkJobs(jobs, { now: NOW, isRunning }).map(({ name, level, finding }) => `${name} ${level}: ${finding}`);

describe('the check of jobs', () => {
  it('is ok if every job that is on ran well, and if none has run yet', () => {
    const good = [seen('packs', HOURLY, {}), seen('backup', NIGHTLY, { endedAt: NOW - 9 * HOUR })];
    const off: JobSeen = { name: 'digest', schedule: null, state: null };
    expect(jobsOf([...good, off])).toEqual([
      'jobs ok: 2 of the 2 jobs that are on have run, each well the last time.',
    ]);
    const young: JobSeen = { name: 'packs', schedule: HOURLY, state: null };
    expect(jobsOf([young])).toEqual(['jobs ok: None of the 1 jobs that are on has run yet.']);
  });

  it('warns of each job that failed, with its reason and for how long', () => {
    const once = seen('packs', HOURLY, { result: 'failed', error: 'Kling gave no list' }, { failures: 1 });
    const often = seen(
      'backup',
      NIGHTLY,
      { result: 'failed', error: 'the disk is full.', endedAt: NOW - 2 * HOUR },
      { failures: 5, doneTo: NOW - 3 * DAY },
    );
    expect(jobsOf([once, often])).toEqual([
      'jobs warn: The job packs failed 10 minutes ago: Kling gave no list.',
      'jobs warn: The job backup failed 5 times in a row, the last time 2 hours ago: the disk is full.',
    ]);
    expect(checkJobs([often], { now: NOW, isRunning: true })[0]?.advice).toContain('jobs run backup');
  });

  it('warns of jobs that a running sidecar should have run for four hours, and notes them without one', () => {
    const late = seen('packs', HOURLY, { endedAt: NOW - 6 * HOUR });
    const soon = seen('sla-months', HOURLY, { endedAt: NOW - 2 * HOUR });
    const said = '1 job should have run and did not, the oldest 5 hours ago: packs.';
    expect(jobsOf([late, soon])).toEqual([`jobs warn: ${said}`]);
    expect(jobsOf([late, soon], false)).toEqual([`jobs note: ${said}`]);
    // Its times were changed while nothing ran: the new ones count from the next start.
    const changed = seen('packs', HOURLY, { endedAt: NOW - 6 * HOUR }, { schedule: scheduleText(NIGHTLY) });
    expect(jobsOf([changed])).toEqual([
      'jobs ok: 1 of the 1 jobs that are on have run, each well the last time.',
    ]);
  });

  it('notes runs that were missed before the last one, until the job has run again', () => {
    const missed = [seen('packs', HOURLY, { missed: 7 }), seen('ledgers', HOURLY, { missed: 1 })];
    expect(jobsOf(missed)).toEqual([
      'jobs note: Runs were missed while no sidecar ran or the machine was asleep (packs 7, until 10 minutes ago; ledgers 1, until 10 minutes ago).',
    ]);
  });
});

describe('the check of backups', () => {
  const STORE = '/data/sidecar.db';
  const check = (more: Partial<BackupsSeen>): string => {
    const folder = '/data/backups';
    const before = { folder, names: [], storePath: STORE, schedule: NIGHTLY, firstRunAt: NOW - HOUR };
    const { name, level, finding } = checkBackup({ ...before, ...more }, NOW);
    return `${name} ${level}: ${finding}`;
  };
  const made = (...ages: readonly number[]): string[] => ages.map((age) => backupName(STORE, NOW - age));

  it('gives the age of the newest one, and warns once two later ones were due', () => {
    expect(check({ names: made(5 * DAY, 9 * HOUR) })).toBe(
      'backup ok: The newest verified backup is from 9 hours ago, in /data/backups.',
    );
    expect(check({ names: made(33 * HOUR) })).toMatch(/^backup ok: .* 1 day ago/);
    expect(check({ names: made(40 * HOUR) })).toBe(
      'backup warn: The newest verified backup is from 1 day ago, in /data/backups. Later ones were due.',
    );
  });

  it('knows a copy by its name: one that is not verified, of another store or of the future is none', () => {
    const [own = ''] = made(HOUR);
    const others = [`.${own}`, `${own}.part`, own.replace('sidecar', 'other'), ...made(-HOUR)];
    expect(check({ names: others })).toBe('backup note: There is no verified backup in /data/backups.');
  });

  it('warns of none if a sidecar has run for two nights, and notes that the job is off', () => {
    expect(check({ firstRunAt: NOW - 2 * DAY })).toMatch(/^backup warn: There is no verified backup/);
    expect(check({ firstRunAt: null })).toMatch(/^backup note: /);
    expect(check({ names: made(9 * DAY), schedule: null })).toBe(
      'backup note: The newest verified backup is from 9 days ago, in /data/backups. The job backup is off.',
    );
  });
});
