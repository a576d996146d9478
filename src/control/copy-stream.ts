/**
 * Copies a stream into an answer of the control plane.
 *
 * **Invariant**: no faster than the reader takes it, so that memory does not grow with the stream; and not for ever: a reader that takes nothing,
 * and a source that gives nothing, end it.
 */
import type { ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import type { Clock } from '../clock.ts';
import type { Ms } from '../units.ts';

/** How long a reader may take nothing, and a source give nothing, before the transfer ends. */
const STALLED_MS_MAX: Ms = 120_000;

/** The reader went away, or took nothing for too long: no fault of the file. */
export class ReaderGone extends Error {
  override readonly name = 'ReaderGone';
}

/** Copies a stream no faster than its reader takes it. @throws ReaderGone; the stream's error, also where nothing comes of it. */
export async function copyStream(source: Readable, response: ServerResponse, clock: Clock): Promise<void> {
  const onClose = (): void => void source.destroy(new ReaderGone());
  const onSilence = (): void => void source.destroy(new Error('nothing came from its place for too long'));
  response.once('close', onClose);
  let timer = clock.after(STALLED_MS_MAX, onSilence);
  try {
    for await (const piece of source as AsyncIterable<Buffer>) {
      timer.cancel();
      if (!response.write(piece)) await drained(response, clock);
      timer = clock.after(STALLED_MS_MAX, onSilence);
    }
  } finally {
    timer.cancel();
    response.off('close', onClose);
  }
}

/** Waits until the reader has taken what was written. @throws ReaderGone */
function drained(response: ServerResponse, clock: Clock): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (): void => {
      timer.cancel();
      response.off('drain', onDrain).off('close', onClose);
    };
    const onDrain = (): void => {
      end();
      resolve();
    };
    const onClose = (): void => {
      end();
      reject(new ReaderGone());
    };
    const timer = clock.after(STALLED_MS_MAX, onClose);
    response.on('drain', onDrain).on('close', onClose);
    if (response.destroyed) onClose();
  });
}
