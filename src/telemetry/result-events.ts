/** The events of kept results: each try to save a file. */
import type { Ms } from '../units.ts';
import type { Log } from './log.ts';
import type { Instruments } from './metrics.ts';

export interface ResultTry {
  taskId: string;
  position: number;
  /** Null where the file was saved; else a word, and a sentence. */
  reason: string | null;
  message: string | null;
  /** Null where it was not saved. */
  bytes: number | null;
  /** Tries before this one. */
  attempts: number;
  ms: Ms;
}

export interface ResultEvents {
  /** A try to save a file ended. */
  resultTried(result: ResultTry): void;
}

/** Makes the functions of these events. */
export function createResultEvents({
  instruments,
  log,
}: {
  instruments: Instruments;
  log: Log;
}): ResultEvents {
  return {
    resultTried({ taskId, position, reason, message, bytes, attempts, ms }) {
      instruments.resultSaves.observe(ms / 1000, reason === null ? 'saved' : 'failed');
      const fields = { taskId, position, attempts: attempts + 1, ms: Math.round(ms) };
      if (reason === null) log.debug('a result was saved', { event: 'result_saved', ...fields, bytes });
      else
        log.info('a result could not be saved yet', { event: 'result_failed', ...fields, reason, message });
    },
  };
}
