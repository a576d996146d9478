/** What the sidecar knows of a generation task, and what an answer of Kling's shows of one. */
import type { MilliCredits, Ms, Product } from '../units.ts';
import type { Mode, OperationWord, TaskState } from '../words.ts';

/** One output of a task. URLs are signed by Kling and expire. */
export interface TaskResult {
  kind: 'video' | 'image' | 'audio' | 'voice' | 'element';
  id: string | null;
  url: string | null;
  durationSeconds: string | null;
}

/** What Kling says was taken for a task. */
export interface Deduction {
  credits: MilliCredits;
  /** As Kling wrote it, for the entry: `2.4 video`, `0.07 USD balance`. */
  raw: string;
}

/** One task as one answer of Kling's showed it, of either generation. */
export interface TaskSighting {
  taskId: string;
  externalTaskId: string | null;
  state: TaskState;
  statusMessage: string | null;
  /** Kling's own update time; null where the answer had none. */
  updatedAt: Ms | null;
  createdAt: Ms | null;
  /** Null where the answer says nothing of money, which is not the same as 0. */
  deduction: Deduction | null;
  results: TaskResult[];
}

/** How a sighting reached us. */
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
  createdAt: Ms;
  updatedAt: Ms;
}
