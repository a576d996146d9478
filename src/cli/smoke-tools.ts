/** The input and the results of the steps of a smoke test. */
import type { Ms, Product } from '../units.ts';
import { isLoopback } from '../listen.ts';
import type { Context } from './context.ts';
import type { DataPlaneClient } from './data-plane-client.ts';
import type { Check } from '../check.ts';
import type { PricedTask } from './smoke-task.ts';

export interface SmokeWish {
  product: Product;
  model: string | undefined;
  /** A task of an earlier test; then nothing is created. */
  taskId: string | undefined;
  /** Whether the create may be sent. */
  isAgreed: boolean;
  /** Where the result goes; null for a name of the task's in the working folder. */
  file: string | null;
  waitMs: Ms;
}

export interface SmokeTools {
  context: Context;
  plane: DataPlaneClient;
  /** Aborts when the person or program that waits goes away. */
  signal: AbortSignal;
  /** Takes each check as it is made. */
  report: (check: Check) => void;
  /** Says what is waited for; an empty text ends that. */
  progress: (text: string) => void;
}

/** The results of a test so far; kept also if a step fails. */
export interface SmokeRecord {
  upstream: string | null;
  task: PricedTask | null;
  externalTaskId: string | null;
  taskId: string | null;
  heldCredits: number | null;
  deductedCredits: number | null;
  file: { path: string; type: string; bytes: number; sha256: string } | null;
}

/** Returns whether an upstream is this machine, like the emulator. */
export function isHere(upstream: string): boolean {
  return isLoopback(new URL(upstream).hostname.replace(/[[\]]/g, ''));
}

/** Writes an amount with its noun. */
export function creditsText(credits: number): string {
  return `${credits} credit${credits === 1 ? '' : 's'}`;
}
