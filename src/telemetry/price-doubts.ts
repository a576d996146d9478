/**
 * The log lines about unsure prices: one for each undocumented field and app, and one for each model and app with an
 * assumed rate. Every create repeats its notes; a log that repeated them too would not be read.
 *
 * **Invariant**: at most {@link LINES_MAX} lines in the life of a process, since callers choose apps and fields.
 */
import type { OperationWord } from '../words.ts';
import type { Log } from './log.ts';

/** The unsure parts of a create's price. */
export interface PricedCreate {
  operation: OperationWord;
  model: string | null;
  /** Fields that Kling does not document. */
  unpricedFields: readonly string[];
  /** Undocumented fields that may raise the price. */
  costFields: readonly string[];
  /** Where an assumed rate comes from; null for a published one. */
  assumedFrom: string | null;
}

export const LINES_MAX = 1_000;

/** Makes the function that logs the new notes of a create. */
export function createPriceDoubts(log: Log): (app: string, price: PricedCreate) => void {
  const logged = new Set<string>();
  const isNew = (...key: (string | null)[]): boolean => {
    const text = JSON.stringify(key);
    if (logged.has(text) || logged.size >= LINES_MAX) return false;
    logged.add(text);
    return true;
  };
  return (app, { operation, model, unpricedFields, costFields, assumedFrom }) => {
    for (const field of costFields) {
      if (!isNew('field', app, field)) continue;
      log.warn('a field that Kling does not document may raise the price of creates; it is forwarded', {
        event: 'price_unsure',
        app,
        operation,
        field,
      });
    }
    for (const field of unpricedFields) {
      if (!costFields.includes(field) && isNew('field', app, field))
        log.info('a field that Kling does not document is forwarded', {
          event: 'price_unsure',
          app,
          operation,
          field,
        });
    }
    if (assumedFrom !== null && isNew('rate', app, operation, model)) {
      const message = 'the price of these creates is assumed; pricing.overrides can name the right one';
      log.warn(message, { event: 'price_unsure', app, operation, model, source: assumedFrom });
    }
  };
}
