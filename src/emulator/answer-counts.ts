/**
 * Counts the answers of Kling's paths, so that a test can check what was never answered, such as a 1303.
 *
 * **Invariant**: each request counts once, with the answer that was decided for it, also if a fault then damages its
 * delivery. Downloads of results and the emulator's own paths do not count.
 */
import type { Reply } from './replies.ts';

/** Number of answers by name: Kling's code as text, `page_502` for a page without a code, `reset` or `no_answer`. */
export type CountByAnswer = Record<string, number>;

/** The counts of all requests, and of those that ask for a task. */
export interface Answers {
  all: CountByAnswer;
  creates: CountByAnswer;
}

export interface AnswerCounts {
  add(reply: Reply | 'reset' | 'silence', isCreate: boolean): void;
  read(): Answers;
}

/** Makes counts that are all 0. */
export function createAnswerCounts(): AnswerCounts {
  const all: CountByAnswer = {};
  const creates: CountByAnswer = {};
  return {
    add(reply, isCreate) {
      const name = nameOf(reply);
      all[name] = (all[name] ?? 0) + 1;
      if (isCreate) creates[name] = (creates[name] ?? 0) + 1;
    },
    read: () => ({ all: { ...all }, creates: { ...creates } }),
  };
}

function nameOf(reply: Reply | 'reset' | 'silence'): string {
  if (reply === 'silence') return 'no_answer';
  if (reply === 'reset') return reply;
  return reply.kind === 'envelope' ? String(reply.code) : `page_${reply.status}`;
}
