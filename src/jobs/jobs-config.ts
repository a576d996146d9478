/** The `jobs` section of the config: when each job runs, and where backups go. */
import path from 'node:path';
import { z } from 'zod';
import { configSection } from '../config-section.ts';
import { toRuleSettings, type GivenRules } from '../alerts/rules-config.ts';
import type { AlertSettings } from '../alerts/settings.ts';
import { commonZone, type BudgetRule } from '../budget/budget-rule.ts';
import { ianaZone } from '../fields.ts';
import { CRON_CHARACTERS_MAX, isCron, parseCron } from './cron.ts';
import { JOB_NAMES, JOBS, type JobName } from './job-names.ts';
import type { Schedule } from './job.ts';

const cron = z
  .string()
  .max(CRON_CHARACTERS_MAX)
  .superRefine((text, context) => {
    const parsed = parseCron(text);
    if (isCron(parsed)) return;
    const { allowed, suggestion } = parsed;
    context.addIssue({ code: 'custom', message: `${allowed}; null switches it off`, params: { suggestion } });
  })
  .nullable();

const DIGEST = '0 9 * * *';
const WEEKLY = '0 9 * * 1';

export const jobsSection = z
  .strictObject({
    timeZone: ianaZone
      .nullable()
      .default(null)
      .describe(
        'The zone of all cron expressions here. null: the zone that the budgets have in common, else UTC.',
      ),
    slaMonths: cron
      .default('5 * * * *')
      .describe(
        'Closes months of availability and drafts their claims; null switches it off, as for each job.',
      ),
    packs: cron
      .default('17 * * * *')
      .describe('Reads the account’s packs from Kling, if account.poll is true.'),
    ledgers: cron
      .default('37 */6 * * *')
      .describe('Reads Kling’s ledgers of deductions, under the same condition.'),
    reconcile: cron
      .default('7 5 * * *')
      .describe('Compares our ledger with Kling’s for the last eight days, under the same condition.'),
    digest: cron
      .default(DIGEST)
      .describe('Sends the digest of the day before, if alerts.rules.daily_digest is on.'),
    weeklyReport: cron
      .default(WEEKLY)
      .describe('Sends the report of the week before, if alerts.rules.weekly_report is on.'),
    retention: cron
      .default('23 3 * * *')
      .describe('Drops records that are older than store.callRetentionDays and the like.'),
    backup: cron.default('43 2 * * *').describe('Copies the store and verifies the copy.'),
    backupDir: z
      .string()
      .min(1)
      .nullable()
      .default(null)
      .describe('Where backups go; null: the folder "backups" beside the store.'),
    backupsKept: z
      .int()
      .min(1)
      .max(1000)
      .default(7)
      .describe('Verified backups that are kept, the newest ones.'),
  })
  .prefault({});

type JobsValues = z.output<typeof jobsSection>;

/** `backupDir` is absolute once loaded. */
export interface JobsConfig {
  timeZone: string;
  backupDir: string;
  backupsKept: number;
  /** The cron expression of each job; null if it is off, or has nothing to do. */
  crons: Readonly<Record<JobName, string | null>>;
}

/** The settings of other sections that the jobs need. */
interface Others {
  store: { path: string };
  budgets: readonly Pick<BudgetRule, 'timeZone'>[];
  account: { poll: boolean };
  rules: Pick<AlertSettings['rules'], 'daily_digest' | 'weekly_report'>;
}

/** Makes the section ready for use. */
export function toJobsConfig(values: JobsValues, { store, budgets, account, rules }: Others): JobsConfig {
  const { timeZone, backupDir, backupsKept } = values;
  const hasWork: Readonly<Record<JobName, boolean>> = {
    'sla-months': true,
    packs: account.poll,
    ledgers: account.poll,
    reconcile: account.poll,
    digest: rules.daily_digest.isOn,
    'weekly-report': rules.weekly_report.isOn,
    retention: true,
    backup: true,
  };
  const crons = Object.fromEntries(
    JOB_NAMES.map((name) => [name, hasWork[name] ? values[JOBS[name].key] : null]),
  );
  return {
    timeZone: timeZone ?? commonZone(budgets) ?? 'UTC',
    backupDir: backupDir ?? path.join(path.dirname(store.path), 'backups'),
    backupsKept,
    crons: crons as Record<JobName, string | null>,
  };
}

/** Gives warnings about times of jobs that have nothing to do. */
export function idleJobs({ digest, weeklyReport }: JobsValues, { rules }: Pick<Others, 'rules'>): string[] {
  const idle = [
    { key: 'jobs.digest', rule: 'daily_digest', isIdle: isSet(digest, DIGEST) },
    { key: 'jobs.weeklyReport', rule: 'weekly_report', isIdle: isSet(weeklyReport, WEEKLY) },
  ] as const;
  return idle
    .filter(({ rule, isIdle }) => isIdle && !rules[rule].isOn)
    .map(
      ({ key, rule }) =>
        `${key} is set, and alerts.rules.${rule} is off: nothing is sent. Set alerts.rules.${rule} to true.`,
    );
}

function isSet(cronText: string | null, byDefault: string): boolean {
  return cronText !== null && cronText !== byDefault;
}

/** Gives when a job is due; null if it is off. */
export function scheduleOf({ crons, timeZone }: JobsConfig, name: JobName): Schedule | null {
  const text = crons[name];
  const parsed = text === null ? null : parseCron(text);
  return parsed !== null && isCron(parsed) ? { cron: parsed, timeZone } : null;
}

interface JobsOthers extends Omit<Others, 'rules'> {
  alerts: { rules: GivenRules };
}

export const jobsConfig = configSection({
  schema: jobsSection,
  withPaths: (jobs, absolute) => ({
    ...jobs,
    backupDir: jobs.backupDir === null ? null : absolute(jobs.backupDir),
  }),
  toConfig: (jobs, { alerts, ...others }: JobsOthers) =>
    toJobsConfig(jobs, { ...others, rules: toRuleSettings(alerts.rules) }),
});
