/** The process's signals as promises: stop once, hang up often, end at once on a second stop. */
import { MessageChannel } from 'node:worker_threads';

export interface Signals {
  /** Resolves at the first SIGTERM or SIGINT, or when {@link Signals.stop} is called. */
  stopped: Promise<void>;
  /** Stops as a signal would. */
  stop(): void;
  onHangUp(listener: () => void): void;
  /** Gives the signals back to Node. */
  release(): void;
}

/**
 * Takes SIGTERM, SIGINT and SIGHUP; a second stop ends the process at once with code 1.
 *
 * Until it is released the process stays alive: neither timers nor signals keep it so, and a start may wait long for
 * another sidecar to give the store up.
 */
export function takeSignals(): Signals {
  let isStopping = false;
  const { port1: anchor } = new MessageChannel();
  anchor.ref();
  let hangUp = (): void => undefined;
  const { promise: stopped, resolve } = Promise.withResolvers<void>();
  const onStop = (): void => {
    // What is left in flight is found and put in order by the next start.
    if (isStopping) process.exit(1);
    isStopping = true;
    resolve();
  };
  const onHangUp = (): void => hangUp();
  process.on('SIGTERM', onStop).on('SIGINT', onStop).on('SIGHUP', onHangUp);
  return {
    stopped,
    stop: () => {
      isStopping = true;
      resolve();
    },
    onHangUp: (listener) => void (hangUp = listener),
    release: () => {
      process.off('SIGTERM', onStop).off('SIGINT', onStop).off('SIGHUP', onHangUp);
      anchor.close();
    },
  };
}
