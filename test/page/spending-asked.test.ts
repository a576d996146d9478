/** What Spending asks the API for: one question for a month's days and sums, and two where that makes too many rows. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ApiReader } from '../../src/page/api-reader.ts';
import { Format } from '../../src/page/format.ts';
import { Links } from '../../src/page/links.ts';
import type { PageContext } from '../../src/page/view.ts';
import { askedDays, askedSums, type Sum } from '../../src/page/views/spending-asked.ts';
import { EN } from '../../src/page/words/en.ts';

interface Create {
  day: string;
  tag: string | null;
  milli: number;
  isHeld: boolean;
}

const anyCreate: fc.Arbitrary<Create> = fc.record({
  day: fc.constantFrom('2026-11-01', '2026-11-02', '2026-11-30'),
  tag: fc.constantFrom(null, 'a', 'b', '-'),
  milli: fc.integer({ min: 0, max: 10_000_000 }),
  isHeld: fc.boolean(),
});

/** Sums creates by keys as the API does, in the order of the keys. */
function sumsOf(creates: readonly Create[], keys: readonly ('day' | 'tag')[]): Sum[] {
  const groups = Map.groupBy(creates, (create) => JSON.stringify(keys.map((key) => create[key] ?? '')));
  return [...groups]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([, rows]) => {
      const milli = (isHeld: boolean): number =>
        rows.reduce((sum, row) => sum + (row.isHeld === isHeld ? row.milli : 0), 0);
      return {
        ...Object.fromEntries(keys.map((key) => [key, rows[0]?.[key] ?? null])),
        tasks: rows.length,
        credits: milli(false) / 1000,
        heldCredits: milli(true) / 1000,
        estimatedCredits: milli(false) / 1000,
        cost: milli(false) / 100_000,
        heldCost: milli(true) / 100_000,
        currency: 'USD',
      };
    });
}

/** A page's context over an API that has some creates, and refuses questions for too many rows. */
function contextOf(
  creates: readonly Create[],
  refused: (by: string) => boolean,
  asked: string[],
): PageContext {
  const fetchApi = (request: Request): Response => {
    const by = new URL(request.url).searchParams.get('by') ?? '';
    asked.push(by);
    if (refused(by)) {
      const problem = { type: 'x', title: 'x', status: 400, detail: 'too many rows', word: 'bad_usage' };
      return Response.json(problem, { status: 400 });
    }
    return Response.json({ rows: sumsOf(creates, by.split(',') as ('day' | 'tag')[]) });
  };
  const query = new URLSearchParams({ month: '2026-11', by: 'tag' });
  return {
    mayStart: true,
    api: new ApiReader(fetchApi, { isOperator: false } as never),
    query,
    language: 'en',
    words: EN,
    say: (text) => text,
    format: new Format('en', { zone: 'UTC', words: EN, now: Date.UTC(2026, 10, 30) }),
    links: new Links(query),
  };
}

describe('the sums of Spending', () => {
  it('are those of the API in the same order, whether they were summed there or from the days', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyCreate, { maxLength: 30 }), async (creates) => {
        const asked: string[] = [];
        const context = contextOf(creates, () => false, asked);
        const { sums, days } = await askedDays(context);
        expect(asked).toEqual(['day,tag']);
        expect(sums).toEqual((await askedSums(context)).sums);
        expect(days).toEqual(sumsOf(creates, ['day', 'tag']));
      }),
      { numRuns: 200 },
    );
  });

  it('have days without parts where the key has too many values for each day', async () => {
    const creates = [{ day: '2026-11-02', tag: 'a', milli: 10_000, isHeld: false }];
    const asked: string[] = [];
    const found = await askedDays(contextOf(creates, (by) => by === 'day,tag', asked));
    expect(asked).toEqual(['day,tag', 'tag', 'day']);
    expect(found.sums.map(({ tag, credits }) => [tag, credits])).toEqual([['a', 10]]);
    expect(found.days.map(({ day, tag }) => [day, tag])).toEqual([['2026-11-02', undefined]]);
    await expect(askedDays(contextOf(creates, () => true, []))).rejects.toMatchObject({
      problem: { word: 'bad_usage' },
    });
  });
});
