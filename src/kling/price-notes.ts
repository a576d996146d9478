/**
 * Writes what is unsure about a price: for the estimate, the answer's header `x-kling-sidecar-notes` and the log.
 *
 * **Invariant**: a price of basis `exact` has no note, and every other has one. Plain ASCII, except for the caller's own words.
 */
import type { Ask } from './ask-parts.ts';

export interface NoteCase {
  /** The assumed seconds of a length that only the media show; null if none were assumed. */
  media: number | null;
  /** Where an assumed price comes from; null for a published one. */
  source: string | null;
  /** Whether the price list lacks the combination. */
  isRelaxed: boolean;
  /** Whether there is no price. */
  isUnknown: boolean;
  /** Whether an override made the price: then notes on the list's model do not apply. */
  isByOperator: boolean;
}

/** Gives every note on a price; empty if the price is exact. */
export function notesOf(ask: Ask, given: NoteCase): string[] {
  if (given.isUnknown) return ['no price is known for this route'];
  const notes = ask.costFields.map(fieldNote);
  for (const name of unknownValues(ask))
    notes.push(`the value of ${name} is not documented: priced at its dearest`);
  if (!given.isByOperator) notes.push(...modelNotes(ask));
  if (given.media !== null) notes.push(`a length of ${given.media} s is assumed: only the media know it`);
  if (ask.isCountOpen) notes.push(`Kling chooses the number: ${ask.count} are assumed`);
  const isListed = ask.modelState === 'sold' && !ask.hasUnknown;
  if (given.isRelaxed && isListed)
    notes.push('the price list lacks this combination: priced at the dearest near it');
  if (given.source !== null) notes.push(`the price is assumed: ${given.source}`);
  return notes;
}

function fieldNote(name: string): string {
  return name === 'model' || name === 'model_name'
    ? `the field ${name} is not read here: the price is that of the model Kling reads`
    : `the field ${name} is not documented and may raise the price`;
}

function unknownValues({ flags }: Ask): string[] {
  const prefix = 'unknown_value:';
  const names = flags.filter((flag) => flag.startsWith(prefix)).map((flag) => flag.slice(prefix.length));
  return [...new Set(names)];
}

function modelNotes({ modelState, model }: Ask): string[] {
  if (modelState === 'unknown') {
    return ['the model is not in the price list: priced at the dearest that fits'];
  }
  return modelState === 'elsewhere' ? [`${model} is not sold on this route: priced at its own rate`] : [];
}
