/** The external task ids of task retries. */
import { createHash } from 'node:crypto';

/** The place of a task retry in its chain. */
export interface RetryNumber {
  readonly firstHoldId: string;
  /** 1 for the first retry. */
  readonly number: number;
}

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const PREFIX = 'ks_';
const TIME_CHARS = 10;
const ID_CHARS = 26;

/**
 * Gives the external task id of a task retry: one of ours (`ids.ts`), the same each time that it is tried, so that Kling refuses it if
 * an earlier try made a task after all.
 */
export function retryTaskId({ firstHoldId, number }: RetryNumber): string {
  const time = firstHoldId.slice(firstHoldId.indexOf('_') + 1, -(ID_CHARS - TIME_CHARS));
  const digest = createHash('sha256').update(`task retry ${number} of ${firstHoldId}`).digest();
  let id = PREFIX + time;
  for (let i = 0; id.length < PREFIX.length + ID_CHARS; i += 1) id += ALPHABET.charAt((digest[i] ?? 0) & 31);
  return id;
}
