/**
 * The form of a task's timeline: each folder that knows a part of a task's life has a reader of its lines.
 *
 * Add a reader to `control/task-timeline.ts`, one line for each folder. It reads rows of one hold by an index, gives each
 * instant as the rows have it, and a text in plain English without secrets and without what an app sent.
 */
import type { Ms } from '../units.ts';
import type { Tx } from './operation.ts';

/** What happened, in the order in which steps of one millisecond are shown. */
export const TIMELINE_STEPS = [
  'queued',
  'held',
  'sent',
  'joined',
  'in_doubt',
  'callback',
  'state',
  'settled',
  'released',
  'written_off',
  'adjusted',
  'contradicted',
  'lost',
  'result',
  'relay',
  'retry',
] as const;
export type TimelineStep = (typeof TIMELINE_STEPS)[number];

export interface TimelineLine {
  at: Ms;
  step: TimelineStep;
  /** At most a few hundred characters. */
  text: string;
}

/** The create whose timeline is read. */
export interface TimelineHold {
  holdId: string;
  taskId: string;
  requestId: string;
  /** When it was held. */
  at: Ms;
}

/** Reads the lines of one folder; their order does not matter. The number of lines is bounded. */
export type TimelineReader = (tx: Tx, hold: TimelineHold) => Promise<TimelineLine[]>;
