/** What `doctor` finds of the schedule: jobs that fail, are late or missed runs, and the age of the newest verified backup. */
import { notOk, ok, type Check } from '../check.ts';
import { countText, durationText, sentence } from '../phrases.ts';
import type { Ms } from '../units.ts';
import { newestBackup } from './backup-files.ts';
import { countDue, nextDue } from './cron-times.ts';
import type { JobName } from './job-names.ts';
import { isFollowed, type JobState, type Schedule } from './job.ts';

/** A running sidecar begins a due job within a minute, and aborts the longest run after three hours. */
const LATE_MS: Ms = 4 * 3_600_000;
/** From this many backups that were due since the newest one, it is old: one may be under way. */
const BACKUPS_DUE_OLD = 2;

/** What is known of a job. */
export interface JobSeen {
  name: JobName;
  /** Null if the job is off. */
  schedule: Schedule | null;
  /** Null if the store has never seen the job. */
  state: JobState | null;
}

/** Checks that no job failed last, that none is late, and that none missed runs before its last one. */
export function checkJobs(
  jobs: readonly JobSeen[],
  { now, isRunning }: { now: Ms; isRunning: boolean },
): Check[] {
  const on = jobs.filter(({ schedule }) => schedule !== null);
  const bad = [
    ...on.flatMap((job) => checkFailure(job, now)),
    ...checkLate(on, { now, isRunning }),
    ...checkMissed(on, now),
  ];
  if (bad.length > 0) return bad;
  const ran = on.filter(({ state }) => state !== null && state.last !== null).length;
  if (ran === 0) return [ok('jobs', `None of the ${on.length} jobs that are on has run yet.`)];
  return [ok('jobs', `${ran} of the ${on.length} jobs that are on have run, each well the last time.`)];
}

function checkFailure({ name, state }: JobSeen, now: Ms): Check[] {
  if (state?.last?.result !== 'failed') return [];
  const { last, failures } = state;
  const often = failures > 1 ? `${failures} times in a row, the last time ` : '';
  const finding = `The job ${name} failed ${often}${durationText(now - last.endedAt)} ago: ${last.error ?? 'no reason is known'}`;
  const advice = `It is tried again by itself; jobs run ${name} tries it now.`;
  return [notOk('warn', 'jobs', sentence(finding), advice)];
}

function checkLate(jobs: readonly JobSeen[], { now, isRunning }: { now: Ms; isRunning: boolean }): Check[] {
  const late = jobs.flatMap((job) => {
    const since = dueSince(job);
    return since !== null && now - since > LATE_MS ? [{ name: job.name, since }] : [];
  });
  if (late.length === 0) return [];
  const oldestMs = now - Math.min(...late.map(({ since }) => since));
  const names = late.map(({ name }) => name).join(', ');
  const finding = `${countText(late.length, 'job')} should have run and did not, the oldest ${durationText(oldestMs)} ago: ${names}.`;
  if (!isRunning) return [notOk('note', 'jobs', finding, 'Start the sidecar: each of them then runs once.')];
  return [notOk('warn', 'jobs', finding, 'A sidecar runs: see its log, and restart it.')];
}

/** The first instant at which a job was due and has not run; one that failed is not late, and one never seen is new. */
function dueSince({ schedule, state }: JobSeen): Ms | null {
  if (schedule === null || state === null || state.doneTo === null || state.failures > 0) return null;
  return isFollowed(state, schedule) ? nextDue(schedule.cron, schedule.timeZone, state.doneTo) : null;
}

function checkMissed(jobs: readonly JobSeen[], now: Ms): Check[] {
  const missed = jobs.flatMap(({ name, state }) => {
    const last = state?.last;
    return last && last.missed > 0 ? [{ name, runs: last.missed, at: last.endedAt }] : [];
  });
  if (missed.length === 0) return [];
  const each = missed.map(({ name, runs, at }) => `${name} ${runs}, until ${durationText(now - at)} ago`);
  const finding = `Runs were missed while no sidecar ran or the machine was asleep (${each.join('; ')}).`;
  const advice = 'Nothing, if the machine was meant to be off; else see that the sidecar runs all the time.';
  return [notOk('note', 'jobs', finding, advice)];
}

/** Where backups are looked for. */
export interface BackupsSeen {
  folder: string;
  /** The files in it; empty if there is no folder. */
  names: readonly string[];
  storePath: string;
  /** When the job `backup` is due; null if it is off. */
  schedule: Schedule | null;
  /** When a sidecar ran on the store first; null if none has. */
  firstRunAt: Ms | null;
}

/** Checks that the newest verified backup is not older than the schedule has it. */
export function checkBackup({ folder, names, storePath, schedule, firstRunAt }: BackupsSeen, now: Ms): Check {
  const name = 'backup';
  const newestAt = newestBackup(names, { storePath, at: now });
  const found =
    newestAt === null
      ? `There is no verified backup in ${folder}.`
      : `The newest verified backup is from ${durationText(now - newestAt)} ago, in ${folder}.`;
  if (schedule === null) {
    const advice = 'Set jobs.backup, unless something else calls kling-sidecar backup.';
    return notOk('note', name, `${found} The job backup is off.`, advice);
  }
  const after = newestAt ?? firstRunAt ?? now;
  const due = countDue(schedule.cron, schedule.timeZone, { after, to: now, max: BACKUPS_DUE_OLD });
  if (due >= BACKUPS_DUE_OLD) {
    const advice = 'See jobs for what keeps it from running, then: jobs run backup.';
    return notOk('warn', name, `${found} Later ones were due.`, advice);
  }
  if (newestAt !== null) return ok(name, found);
  return notOk(
    'note',
    name,
    found,
    'The job backup makes one at its next time; jobs run backup makes it now.',
  );
}
