/** What `doctor` finds of callbacks: whether they come, and report the ends of tasks. */
import { notOk, ok, type Check } from '../check.ts';
import { countText, durationText } from '../phrases.ts';
import type { Ms } from '../units.ts';

export interface CallbacksSeen {
  publicUrl: string;
  lastAt: Ms | null;
  /** Of the newest creates: tasks that have ended, and those whose end a callback reported. */
  ended: number;
  reported: number;
}

/** Fewer ends say nothing. */
const ENDED_MIN = 10;

/** Checks callbacks; null stands for none configured, which is no fault: the sidecar asks Kling. */
export function checkCallbacks(seen: CallbacksSeen | null, now: Ms): Check {
  if (seen === null) return ok('callbacks', 'callbacks is null: the sidecar asks Kling for each task.');
  const { publicUrl, lastAt, ended, reported } = seen;
  if (lastAt !== null) {
    const share = `${reported} of ${countText(ended, 'end')} among the newest creates came by callback`;
    return ok('callbacks', `The last one came to ${publicUrl} ${durationText(now - lastAt)} ago. ${share}.`);
  }
  if (ended < ENDED_MIN)
    return notOk('note', 'callbacks', `None came to ${publicUrl} yet.`, 'Look again after some tasks.');
  return notOk(
    'warn',
    'callbacks',
    `None came to ${publicUrl}, and ${countText(ended, 'task')} ended: polls do their work.`,
    'Ask this address from outside: a proxy before callbacks.port, its certificate, a firewall.',
  );
}
