/**
 * Standard output for the log, written off the event loop: on Linux `process.stdout` would wait for a slow pipe.
 *
 * A limited backlog waits for a slow reader. Output for a reader that is gone (a closed pipe, a closed terminal) or a full
 * disk is dropped: the service continues without its log and must still be able to end.
 *
 * **Invariant**: nothing here throws, keeps the process alive, or delays its end by more than {@link END_MS_MAX}.
 */
import { write, writeSync } from 'node:fs';
import type { Clock } from '../clock.ts';
import type { Ms } from '../units.ts';

export interface StandardOutput {
  /** Takes text to be written; drops it if the backlog is full or the reader is gone. */
  write(text: string): void;
  /** Writes the backlog at once, for the end of the process; waits a moment for a slow reader. */
  flushSync(): void;
}

/** More text is dropped while the reader takes nothing: a stuck reader must not fill the memory. */
const BACKLOG_CHARACTERS_MAX = 16 * 1024 * 1024;
/** The time until the next try after the reader took nothing. */
const RETRY_MS: Ms = 50;
/** The longest time that the end of the process waits for a reader that takes nothing. */
const END_MS_MAX: Ms = 1_000;
const SLOW: ReadonlySet<string | undefined> = new Set(['EAGAIN', 'EBUSY']);
const GONE: ReadonlySet<string | undefined> = new Set(['EPIPE', 'EIO', 'EBADF', 'ECONNRESET']);

/** Makes the writer of a file descriptor; 1 is standard output. */
export function standardOutput(clock: Clock, fd = 1): StandardOutput {
  let waiting = '';
  let isWriting = false;
  let isGone = false;
  const send = (piece: Buffer): void => {
    isWriting = true;
    write(fd, piece, (error, written) => {
      if (error && SLOW.has(error.code)) return void clock.after(RETRY_MS, () => send(piece));
      if (error) isGone = GONE.has(error.code);
      else if (written < piece.length) return send(piece.subarray(written));
      return next();
    });
  };
  const next = (): void => {
    isWriting = false;
    if (isGone) waiting = '';
    if (waiting === '') return;
    const piece = Buffer.from(waiting);
    waiting = '';
    send(piece);
  };
  return {
    write(text) {
      if (isGone || waiting.length + text.length > BACKLOG_CHARACTERS_MAX) return;
      waiting += text;
      if (!isWriting) next();
    },
    flushSync() {
      const piece = Buffer.from(waiting);
      waiting = '';
      if (!isGone) writeAll(fd, piece);
    },
  };
}

function writeAll(fd: number, piece: Buffer): void {
  let rest = piece;
  let leftMs = END_MS_MAX;
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(fd, rest));
    } catch (error) {
      if (!SLOW.has((error as NodeJS.ErrnoException).code) || leftMs <= 0) return;
      pause(RETRY_MS);
      leftMs -= RETRY_MS;
    }
  }
}

/** Stops this thread: at the end of the process nothing else is left to run. */
function pause(ms: Ms): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
