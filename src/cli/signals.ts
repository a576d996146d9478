/**
 * The process's signals as promises: stop once, hang up often, end at once on a second stop.
 *
 * **Invariant**: SIGTERM, SIGINT, the end of the npm that started this process and the end of its terminal all stop it,
 * and each only once.
 */
import { isatty } from 'node:tty';
import { stayAwake, type Clock } from '../clock.ts';
import type { Environment } from '../config/config-environment.ts';
import type { Ms } from '../units.ts';
import { isStartedByNpm, watchParent } from './npm-parent.ts';

export interface Signals {
  /** Resolves at the first SIGTERM or SIGINT, or when {@link Signals.stop} is called, with what asked for it. */
  stopped: Promise<string>;
  /** Stops as a signal would; `why` goes into the log. */
  stop(why: string): void;
  /** Takes what a SIGHUP does; without one it stops the process. */
  onHangUp(listener: () => void): void;
  /** Gives the signals back to Node. */
  release(): void;
}

/** npm passes a Ctrl-C on that the terminal has sent to its script too: a second one this soon is the same one. */
const FORWARDED_MS_MAX: Ms = 1_000;
const INPUT_AND_OUTPUT = [0, 1, 2];

/**
 * Takes SIGTERM, SIGINT and SIGHUP; a second stop ends the process at once with code 1.
 *
 * Until it is released the process stays alive: neither timers nor signals keep it so, and a start may wait long for
 * another sidecar to give the store up.
 */
export function takeSignals({ env, clock }: { env: Environment; clock: Clock }): Signals {
  const isUnderNpm = isStartedByNpm(env);
  const hadTerminal = INPUT_AND_OUTPUT.some((stream) => isatty(stream));
  let stoppedTick: Ms | null = null;
  const awake = stayAwake();
  const { promise: stopped, resolve } = Promise.withResolvers<string>();
  const stop = (why: string): void => {
    stoppedTick ??= clock.monotonic();
    resolve(why);
  };
  let hangUp = (): void => stop('SIGHUP');
  const onStop = (signal: string): void => {
    const isRepeated = isUnderNpm && clock.monotonic() - (stoppedTick ?? 0) < FORWARDED_MS_MAX;
    // What is left in flight is found and put in order by the next start.
    if (stoppedTick !== null && !isRepeated) process.exit(1);
    stop(signal);
  };
  // A terminal that was closed hangs up too: then nobody is left to reload for.
  const onHangUp = (): void => {
    if (hadTerminal && !INPUT_AND_OUTPUT.some((stream) => isatty(stream))) stop('its terminal was closed');
    else hangUp();
  };
  process.on('SIGTERM', onStop).on('SIGINT', onStop).on('SIGHUP', onHangUp);
  const parent = isUnderNpm ? watchParent(clock, () => stop('the npm that started it has ended')) : null;
  return {
    stopped,
    stop,
    onHangUp: (listener) => void (hangUp = listener),
    release: () => {
      process.off('SIGTERM', onStop).off('SIGINT', onStop).off('SIGHUP', onHangUp);
      parent?.close();
      awake.end();
    },
  };
}
