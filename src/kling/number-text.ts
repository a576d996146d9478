/**
 * Reads a number from its text, so that no spelling gets a price below the number that some parser may read.
 *
 * Python writes the number 5 as `5.0`, others write `5e0`, and some put either in quotes: every parser that accepts them
 * reads 5. Other exponents are refused: in `50e-1` one parser reads 5, and a parser that stops at the `e` reads 50.
 *
 * **Invariant**: a whole number is never converted to a floating-point number.
 */

/** No space, no leading zero, no `+`; at most nine digits. */
const WHOLE = /^(-?(?:0|[1-9]\d{0,8}))(?:\.0{1,30})?(?:[eE][+-]?0{1,2})?$/;

/** Reads a whole number; null for anything else, and for more than nine digits. */
export function readWhole(text: string): number | null {
  const digits = WHOLE.exec(text)?.[1];
  return digits === undefined ? null : Number(digits) + 0;
}

/** A number by the most lenient parser. */
export interface GenerousNumber {
  /** At least 0. */
  value: number;
  /** True if parsers may differ. */
  isUnclear: boolean;
}

const PLAIN = /^(?:0|[1-9]\d{0,8})(?:\.\d{1,15})?(?:[eE][+-]?0{1,2})?$/;
const VALUE_MAX = 999_999_999;

/** Reads the largest number that a parser may see in a text; 0 and unclear if there is none. */
export function readGenerously(text: string): GenerousNumber {
  if (PLAIN.test(text)) return { value: Number(text), isUnclear: false };
  const readings = [Number(text), Number.parseFloat(text), Number.parseInt(text, 10)];
  const value = Math.max(0, ...readings.filter((reading) => !Number.isNaN(reading)));
  return { value: Math.min(value, VALUE_MAX), isUnclear: true };
}
