/** The priority of a thread of the store: lists and reports give way to creates. */
import { readlinkSync } from 'node:fs';
import { constants, setPriority } from 'node:os';

/**
 * Gives this thread a lower priority than the others of the process. Linux alone has priorities of threads, and names each by an id
 * of its own (setpriority(2), read 2026-11-28); elsewhere, and where it is not allowed, nothing changes.
 */
export function giveWay(): void {
  try {
    const id = /\/task\/(\d+)$/.exec(readlinkSync('/proc/thread-self'))?.[1];
    if (id !== undefined) setPriority(Number(id), constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // Reports then take their share of the processors as before.
  }
}
