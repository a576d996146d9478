/** How the price of a create was computed: two columns of its row. Creates of earlier versions and adopted ones have neither. */
import type { Migration } from '../store/operation.ts';

export const priceRuleMigrations: readonly Migration[] = [
  {
    // `price_notes` is a JSON list of texts; null for an exact price.
    id: '280-price-rules',
    sqlite: `
ALTER TABLE creates ADD COLUMN price_rule TEXT;
ALTER TABLE creates ADD COLUMN price_notes TEXT;
`,
  },
];

/** The most notes that are kept of a price, and the most characters of each: callers may name fields. */
const NOTES_MAX = 20;
const NOTE_CHARACTERS_MAX = 200;

/** Gives the notes on a price in the form in which they are kept; null for none. */
export function keptNotes(notes: readonly string[]): string | null {
  if (notes.length === 0) return null;
  return JSON.stringify(notes.slice(0, NOTES_MAX).map((note) => note.slice(0, NOTE_CHARACTERS_MAX)));
}

/** Gives back the notes of {@link keptNotes}. */
export function readNotes(kept: string | null): string[] {
  return kept === null ? [] : (JSON.parse(kept) as string[]);
}
