import { describe, expect, it } from 'vitest';
import { nextDue } from '../../src/jobs/cron-times.ts';
import { JOB_NAMES } from '../../src/jobs/job-names.ts';
import { scheduleOf } from '../../src/jobs/jobs-config.ts';
import { load, problemAt } from './load-text.ts';

const jobsOf = (file: unknown, env: Record<string, string> = {}) => load(file, env).config.jobs;

describe('the jobs of the config', () => {
  it('have an expression each that comes within a week, but for those that have nothing to do', () => {
    const jobs = jobsOf({});
    const off = JOB_NAMES.filter((name) => scheduleOf(jobs, name) === null);
    expect(off).toEqual(['digest', 'weekly-report']);
    const on = jobsOf({ alerts: { rules: { daily_digest: true, weekly_report: true } } });
    const now = Date.UTC(2026, 10, 28);
    for (const name of JOB_NAMES) {
      const schedule = scheduleOf(on, name);
      const next = schedule && nextDue(schedule.cron, schedule.timeZone, now);
      expect([name, next !== null && next - now <= 7 * 86_400_000]).toEqual([name, true]);
    }
  });

  it('take their zone from the config, else from the budgets where those have one in common, else UTC', () => {
    const budget = (name: string, timeZone: string) => ({ name, credits: 1, timeZone });
    expect(jobsOf({}).timeZone).toBe('UTC');
    expect(jobsOf({ budgets: [] }).timeZone).toBe('UTC');
    const berlin = [budget('a', 'Europe/Berlin'), budget('b', 'Europe/Berlin')];
    expect(jobsOf({ budgets: berlin }).timeZone).toBe('Europe/Berlin');
    expect(jobsOf({ budgets: [...berlin, budget('c', 'Asia/Shanghai')] }).timeZone).toBe('UTC');
    expect(jobsOf({ budgets: berlin, jobs: { timeZone: 'Asia/Tokyo' } }).timeZone).toBe('Asia/Tokyo');
  });

  it('are off where they are null, and packs and ledgers where the account is not read', () => {
    const jobs = jobsOf({ jobs: { backup: null }, account: { poll: false } });
    expect(jobs.crons).toMatchObject({ backup: null, packs: null, ledgers: null, retention: '23 3 * * *' });
  });

  it('keep backups beside the store, or in a folder that is named', () => {
    expect(jobsOf({})).toMatchObject({ backupDir: '/etc/kling/data/backups', backupsKept: 7 });
    expect(jobsOf({ store: { path: '/var/lib/kling/s.db' } }).backupDir).toBe('/var/lib/kling/backups');
    expect(jobsOf({ jobs: { backupDir: 'copies', backupsKept: 30 } })).toMatchObject({
      backupDir: '/etc/kling/copies',
      backupsKept: 30,
    });
  });

  it('are set from the environment as plain text, null too', () => {
    const jobs = jobsOf(
      {},
      { KLING_SIDECAR__JOBS__SLA_MONTHS: '*/10 * * * *', KLING_SIDECAR__JOBS__BACKUP: 'null' },
    );
    expect(jobs.crons).toMatchObject({ 'sla-months': '*/10 * * * *', backup: null });
  });

  it.each([
    ['backup', '0 25 * * *', /0 to 23.* in the field hour; null switches it off/, /correct "25"/],
    ['backup', '@daily', /five fields: minute hour day month weekday/, /every Monday at 9:00/],
    ['retention', '0 0 30 2 *', /a date that some year has/, /day 30 never comes in month 2/],
    ['digest', 900, /text/, /in quotes/],
    ['timeZone', 'Europe/Berln', /IANA time zone/, /"Europe\/Berlin"/],
    ['backupsKept', 0, /1 to 1000/, /at least 1/],
    ['backups', '0 1 * * *', /keys here are .*backup/, /"backup"/],
  ])('are refused where %s is %j, with what is allowed', (key, value, allowed, suggestion) => {
    const problem = problemAt(`jobs.${key}`, { jobs: { [key]: value } });
    expect(problem.allowed).toMatch(allowed);
    expect(problem.suggestion).toMatch(suggestion);
  });

  it('warn of a time for a digest whose rule is off', () => {
    const given = { jobs: { digest: '0 9 * * 1', weeklyReport: null } };
    const { warnings } = load(given);
    expect(warnings).toEqual([
      'jobs.digest is set, and alerts.rules.daily_digest is off: nothing is sent. Set alerts.rules.daily_digest to true.',
    ]);
    expect(load({ ...given, alerts: { rules: { daily_digest: true } } }).warnings).toEqual([]);
  });
});
