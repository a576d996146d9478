/** The closed list of jobs: their names, config keys and descriptions. */

export interface JobWords {
  /** Its key in the config's section `jobs`. */
  key: string;
  /** What it does, as a part of a sentence. */
  does: string;
}

export const JOBS = {
  'sla-months': {
    key: 'slaMonths',
    does: 'closes months of availability, drafts their claims, and looks at their deadlines',
  },
  packs: { key: 'packs', does: 'reads the account’s packs from Kling' },
  ledgers: { key: 'ledgers', does: 'reads Kling’s ledgers of deductions' },
  reconcile: { key: 'reconcile', does: 'compares our ledger with Kling’s, after reading both of Kling’s' },
  digest: { key: 'digest', does: 'sends the digest of the day before' },
  'weekly-report': { key: 'weeklyReport', does: 'sends the report of the week before' },
  retention: { key: 'retention', does: 'drops calls, prompts and other records that are too old' },
  backup: {
    key: 'backup',
    does: 'copies the store, verifies the copy, and drops surplus copies',
  },
} as const satisfies Readonly<Record<string, JobWords>>;

export type JobName = keyof typeof JOBS;
export const JOB_NAMES = Object.keys(JOBS) as readonly JobName[];

/** Returns whether a text is the name of a job. */
export function isJobName(text: string): text is JobName {
  return Object.hasOwn(JOBS, text);
}
