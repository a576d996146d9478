/** The events of callbacks: those that arrive, and those that are relayed to an app. */
import type { Log } from './log.ts';
import type { Instruments } from './metrics.ts';

/** How requests at the receiver end. */
export const CALLBACK_RESULTS = [
  'taken',
  'repeated',
  'unsigned',
  'malformed',
  'limited',
  'gone',
  'unknown',
  'refused',
  'failed',
] as const;
export type CallbackResultWord = (typeof CALLBACK_RESULTS)[number];
/** How attempts to relay end: `failed` is tried again, `undelivered` is not. */
export const RELAY_RESULTS = ['delivered', 'failed', 'undelivered'] as const;
export type RelayResultWord = (typeof RELAY_RESULTS)[number];

export interface CallbackEvents {
  /** A request at the receiver was answered. */
  callbackEnded(result: CallbackResultWord): void;
  /** Callbacks on valid paths had no valid signature: so many since the last report, the last one for this hold. */
  callbacksUnsigned(unsigned: { holdId: string; check: string; count: number }): void;
  /** Kling refused a field of ours on a route, which gets none until the process ends. */
  fieldRefused(field: string, route: string): void;
  /** An attempt to relay ended. */
  callbackRelayed(relay: {
    holdId: string;
    host: string;
    result: RelayResultWord;
    attempts: number;
    error: string | null;
  }): void;
}

/** Makes the functions of these events. */
export function createCallbackEvents({
  instruments,
  log,
}: {
  instruments: Instruments;
  log: Log;
}): CallbackEvents {
  return {
    callbackEnded: (result) => instruments.callbacks.add(1, result),
    callbacksUnsigned: (unsigned) =>
      log.warn(
        'callbacks without a valid signature were refused: somebody knows an address, or a secret is wrong',
        {
          event: 'callback_unsigned',
          ...unsigned,
        },
      ),
    fieldRefused: (field, route) =>
      log.warn('Kling refuses a field of ours on this route: it is left out until the next start', {
        event: 'field_refused',
        field,
        route,
      }),
    callbackRelayed({ result, error, ...relay }) {
      instruments.callbackRelays.add(1, result);
      const fields = {
        event: 'callback_relayed',
        result,
        ...relay,
        ...(error !== null && { error }),
      } as const;
      if (result === 'delivered') log.debug('a callback was relayed', fields);
      else if (result === 'failed') log.info('a callback was not taken; it is tried again', fields);
      else log.warn('a callback was not taken and is not tried again', fields);
    },
  };
}
