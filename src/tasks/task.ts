/** A generation task in the store, and the state of one in an answer of Kling's. */
import type { MilliCredits, Ms, Product } from '../units.ts';
import type { Mode, OperationWord, TaskState } from '../words.ts';

/** One output of a task. URLs are signed by Kling and expire. */
export interface TaskResult {
  kind: 'video' | 'image' | 'audio' | 'voice' | 'element';
  id: string | null;
  url: string | null;
  durationSeconds: string | null;
}

/** Kling's deduction for a task. */
export interface Deduction {
  credits: MilliCredits;
  /** Kling's own text, for the entry: `2.4 video`, `0.07 USD balance`. */
  raw: string;
}

/** One task in one answer of Kling's, of either generation. */
export interface TaskSighting {
  taskId: string;
  externalTaskId: string | null;
  state: TaskState;
  statusMessage: string | null;
  /** Kling's own update time; null if the answer had none. */
  updatedAt: Ms | null;
  createdAt: Ms | null;
  /** Null if the answer has no deduction, which is not the same as 0. */
  deduction: Deduction | null;
  results: TaskResult[];
}

/** The source of a sighting. */
export type SightingSource = 'create' | 'poll' | 'app_read' | 'look_up';

/** A task as stored, joined with its hold. */
export interface TaskRow {
  id: string;
  externalTaskId: string | null;
  holdId: string;
  operation: OperationWord;
  model: string | null;
  mode: Mode | null;
  product: Product;
  app: string;
  tag: string | null;
  state: TaskState;
  statusMessage: string | null;
  heldCredits: MilliCredits;
  settledCredits: MilliCredits;
  /** How many equal creates got its answer, because its own caller did not. */
  joins: number;
  createdAt: Ms;
  updatedAt: Ms;
  /** When it was given up after 30 days without an end; null for most. A later answer of Kling's may have ended it since. */
  lostAt: Ms | null;
  /** The masked beginning of its prompt, as long as it is kept. */
  promptPreview: string | null;
}
