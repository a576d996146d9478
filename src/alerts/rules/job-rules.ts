/** The rules about the schedule. */
import type { Rule } from '../rule.ts';
import { jobFailed, jobMissed } from './job-failed.ts';

export const jobRules: readonly Rule[] = [jobFailed, jobMissed];
