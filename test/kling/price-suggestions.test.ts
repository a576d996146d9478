import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DeductionEvidence } from '../../src/budget/deduction-evidence.ts';
import { suggestPrices } from '../../src/kling/price-suggestions.ts';

/** Five seconds of silent kling-v3 at 720p: 6 credits a second by the list. */
const made = (over: Partial<DeductionEvidence> = {}): DeductionEvidence => ({
  operation: 'text-to-video',
  model: 'kling-v3',
  mode: 'std',
  product: 'video',
  seconds: '5',
  weight: 1,
  held: 30_000,
  deducted: 35_000,
  creates: 3,
  lastAt: 1,
  ...over,
});
const of = (...evidence: DeductionEvidence[]) => suggestPrices(evidence, { createsMin: 3 });

describe('suggested prices', () => {
  it('have the rate for a second, and the sound that the held rate belongs to', () => {
    const { suggestions } = of(made(), made({ seconds: '10', held: 60_000, deducted: 70_000, creates: 4 }));
    expect(suggestions).toEqual([
      expect.objectContaining({ per: 'second', sound: false, held: 6_000, deducted: 7_000, creates: 7 }),
    ]);
    expect(of(made({ held: 45_000, deducted: 50_000 })).suggestions[0]).toMatchObject({
      sound: true,
      deducted: 10_000,
    });
  });

  it('have the rate for a picture', () => {
    const image = made({
      operation: 'image',
      mode: null,
      product: 'image',
      seconds: null,
      weight: 3,
      held: 6_000,
      deducted: 7_500,
    });
    expect(of(image).suggestions[0]).toMatchObject({ per: 'each', deducted: 2_500 });
  });

  it('are none where Kling deducts what is held, or for few tasks', () => {
    expect(of(made({ deducted: 30_000 }))).toEqual({ suggestions: [], unclear: [] });
    expect(of(made({ creates: 2 }))).toEqual({ suggestions: [], unclear: [] });
  });

  it('are none where the deductions disagree: then the kind is unclear', () => {
    const { suggestions, unclear } = of(made(), made({ deducted: 40_000, creates: 1, lastAt: 2 }));
    expect(suggestions).toEqual([]);
    expect(unclear).toEqual([expect.objectContaining({ creates: 4, rates: [7_000, 8_000] })]);
  });

  it('leave out what was held at an earlier price', () => {
    const earlier = made({ lastAt: 1 });
    const now = made({ held: 35_000, deducted: 35_000, lastAt: 2, creates: 9 });
    expect(
      of({ ...earlier, operation: 'avatar', model: null }, { ...now, operation: 'avatar', model: null }),
    ).toEqual({
      suggestions: [],
      unclear: [],
    });
  });

  it('are the rate at which Kling deducts, for any rate and lengths', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 50_000 }).filter((rate) => rate !== 6_000),
        fc.uniqueArray(fc.integer({ min: 3, max: 15 }), { minLength: 1 }),
        (rate, lengths) => {
          const evidence = lengths.map((seconds) =>
            made({ seconds: String(seconds), held: 6_000 * seconds, deducted: rate * seconds }),
          );
          expect(of(...evidence).suggestions).toEqual([
            expect.objectContaining({ deducted: rate, held: 6_000 }),
          ]);
        },
      ),
    );
  });
});
