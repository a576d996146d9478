/** The steps of a smoke test, and how one fails. */
import type { Check } from '../check.ts';

/** In their order. */
export const SMOKE_STEPS = [
  'sidecar',
  'price',
  'create',
  'task',
  'result',
  'download',
  'file',
  'deduction',
] as const;
export type SmokeStep = (typeof SMOKE_STEPS)[number];

/** A step that did not pass: the test ends with it. */
export class StepFailed extends Error {
  override readonly name = 'StepFailed';
  readonly check: Check;

  constructor(step: SmokeStep, finding: string, advice: string) {
    super(finding);
    this.check = { name: step, level: 'fail', finding, advice };
  }
}
