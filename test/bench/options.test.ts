import { expect, it } from 'vitest';
import { readOptions, SECTIONS } from '../../bench/options.ts';

it('measures every section but those of large stores, unless sections are named', () => {
  const usual = SECTIONS.filter((name) => name !== 'big' && name !== 'pages');
  expect(readOptions([]).sections).toEqual(usual);
  expect(readOptions(['--section', 'ready', '--section', 'big,idle']).sections).toEqual([
    'ready',
    'big',
    'idle',
  ]);
});

it('makes a quick run of one round, a second a point and five peers, and lets each be said otherwise', () => {
  const quick = { rounds: 1, seconds: 1, warmRequests: 3000, sections: ['creates', 'reads', 'ready'] };
  expect(readOptions(['--quick'])).toMatchObject(quick);
  expect(readOptions(['--quick', '--rounds', '2', '--only', 'caddy'])).toMatchObject({
    rounds: 2,
    only: ['caddy'],
  });
});

it('names the option, what was given and what is allowed', () => {
  expect(() => readOptions(['--section', 'writes'])).toThrow(
    '--section is "writes": allowed are creates, reads',
  );
  expect(() => readOptions(['--rows', '7'])).toThrow('--rows is "7": allowed are whole numbers from 1000');
});
