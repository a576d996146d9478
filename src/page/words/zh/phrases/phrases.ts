/** The sentences of the API in Chinese. */
import type { Phrase } from '../../../phrase-book.ts';
import { ANSWERS_SAID } from './answers.ts';
import { CHANNELS_SAID } from './channels.ts';
import { CHECKLIST_LINES } from './checklist-lines.ts';
import { CHECKLIST_REST_SAID } from './checklist-rest.ts';
import { CHECKLIST_TASKS_SAID } from './checklist-tasks.ts';
import { CHECKLIST_SAID } from './checklist.ts';
import { CLAIMS_SAID } from './claims.ts';
import { DELIVERY_SAID } from './delivery.ts';
import { DOCTOR_SAID } from './doctor.ts';
import { KLING_SAID } from './kling.ts';
import { RECORDS_SAID } from './records.ts';
import { REFUSALS_SAID } from './refusals.ts';
import { TASKS_SAID } from './tasks.ts';
import { UNITS } from './units.ts';

export const PHRASES: readonly Phrase[] = [
  ...UNITS,
  ...CHECKLIST_LINES,
  ...CHECKLIST_SAID,
  ...CHECKLIST_TASKS_SAID,
  ...CHECKLIST_REST_SAID,
  ...DOCTOR_SAID,
  ...DELIVERY_SAID,
  ...RECORDS_SAID,
  ...CLAIMS_SAID,
  ...CHANNELS_SAID,
  ...KLING_SAID,
  ...REFUSALS_SAID,
  ...TASKS_SAID,
  ...ANSWERS_SAID,
];
