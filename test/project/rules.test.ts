import { describe, expect, test } from 'vitest';
import { placeOf } from './house.ts';
import {
  badExports,
  badFileNames,
  barrels,
  ENVIRONMENT_READERS,
  environmentOutsideConfig,
  escapes,
  redefinitions,
  timeOutsideClock,
  tooLong,
} from './rules.ts';
import { parseSource, readSources } from './source-code.ts';

const sources = readSources('src');
const all = [...sources, ...readSources('test'), ...readSources('test-debian'), ...readSources('bench')];
const vocabulary = sources.filter((file) => placeOf(file.path) === 'vocabulary');

describe('every source file', () => {
  test('takes the time from a clock that is handed in', () => {
    expect(sources.flatMap(timeOutsideClock)).toEqual([]);
  });

  test('leaves the environment to config, cli and main, but for the readers with a reason', () => {
    expect(sources.flatMap(environmentOutsideConfig)).toEqual([]);
    const readers = sources.filter((file) => /\bprocess\.env\b/.test(file.code)).map((file) => file.path);
    expect(readers).toEqual(expect.arrayContaining(Object.keys(ENVIRONMENT_READERS)));
  });

  test('is short enough to hold one idea, tests and benchmarks too', () => {
    expect(all.flatMap(tooLong)).toEqual([]);
  });

  test('makes something: there are no barrels', () => {
    expect(sources.flatMap(barrels)).toEqual([]);
  });

  test('is named after what it holds, in kebab-case, and so is what it exports', () => {
    expect(all.flatMap(badFileNames)).toEqual([]);
    expect(sources.flatMap(badExports)).toEqual([]);
  });

  test('switches no check off without a reason beside it', () => {
    const others = all.filter((file) => !file.path.startsWith('test/project/'));
    expect(others.flatMap(escapes)).toEqual([]);
  });
});

/** Files of the vocabulary that hold pieces of the config's schema, or say what a section of it is. */
const OF_SCHEMA: ReadonlySet<string> = new Set(['src/fields.ts', 'src/config-section.ts']);

describe('the vocabulary', () => {
  test('is there, and imports only itself, parts of Node, and zod for pieces of schema', () => {
    expect(vocabulary.map((file) => file.path)).toEqual(
      expect.arrayContaining([
        'src/clock.ts',
        'src/errors.ts',
        'src/facts.ts',
        'src/units.ts',
        'src/words.ts',
      ]),
    );
    const foreign = vocabulary.flatMap((file) =>
      file.imports
        .filter((each) => each.file === null && !each.specifier.startsWith('node:'))
        .filter((each) => !OF_SCHEMA.has(file.path) || each.specifier !== 'zod')
        .map((each) => `${file.path}:${each.line} imports ${each.specifier}`),
    );
    expect(foreign).toEqual([]);
  });

  test('defines each of its names once for the whole project', () => {
    const others = sources.filter((file) => !vocabulary.includes(file));
    expect(redefinitions(vocabulary, others)).toEqual([]);
  });

  test('says at the head of every file what it is for', () => {
    const silent = vocabulary.filter((file) => !file.text.startsWith('/**')).map((file) => file.path);
    expect(silent).toEqual([]);
  });
});

describe('every folder', () => {
  test('states its invariant at the head of a file, once it holds more than its section of the config', () => {
    const folders = new Map<string, boolean>();
    for (const file of sources) {
      const folder = file.path.split('/')[1] ?? '';
      if (folder.endsWith('.ts') || file.path === `src/${folder}/${folder}-config.ts`) continue;
      const head = file.text.startsWith('/**') ? file.text.slice(0, file.text.indexOf('*/')) : '';
      folders.set(folder, (folders.get(folder) ?? false) || head.includes('**Invariant**'));
    }
    const silent = [...folders].filter(([, states]) => !states).map(([folder]) => `src/${folder}`);
    expect(silent).toEqual([]);
  });
});

describe('the rules themselves', () => {
  const file = (text: string, path = 'src/budget/x.ts') => parseSource(path, text);

  test.each([
    'const a = Date.now();',
    'const a = new Date();',
    'const a = new Date( );',
    'setTimeout(f, 5);',
    'const h = setInterval(f, 5);',
    'const a = performance.now();',
    'globalThis.setTimeout(f, 5);',
    'const s = AbortSignal.timeout(5);',
    'const t = process.hrtime.bigint();',
    "import { setTimeout as wait } from 'node:timers/promises';",
  ])('see the time in: %s', (text) => {
    expect(timeOutsideClock(file(text))).not.toEqual([]);
    expect(timeOutsideClock(file(text, 'src/clock.ts'))).toEqual([]);
  });

  test.each([
    'const a = new Date(at).toISOString();',
    'socket.setTimeout(5);',
    'const a = clock.now();',
    '// Date.now() is in clock.ts',
    "const text = 'setTimeout(';",
    'const date = Date.UTC(2026, 1, 1);',
  ])('see no time in: %s', (text) => {
    expect(timeOutsideClock(file(text))).toEqual([]);
  });

  test('see the environment, barrels, lengths, names, defaults and escapes', () => {
    expect(environmentOutsideConfig(file("const a = process.env['X'];"))).toHaveLength(1);
    expect(environmentOutsideConfig(file('const { env } = process;'))).toHaveLength(1);
    expect(environmentOutsideConfig(file("const a = process.env['X'];", 'src/cli/x.ts'))).toEqual([]);
    expect(barrels(file("export { a } from './a.ts';\nexport type { B } from './b.ts';"))).toHaveLength(1);
    expect(barrels(file("export * from './a.ts';\nconst b = 1;"))).toHaveLength(1);
    expect(barrels(file("export { a } from './a.ts';\nexport const b = 1;"))).toEqual([]);
    expect(tooLong(file('\n'.repeat(400)))).toEqual([]);
    expect(tooLong(file('\n'.repeat(401)))).toHaveLength(1);
    expect(badFileNames(file('', 'src/budget/budgetTable.ts'))).toHaveLength(1);
    expect(badFileNames(file('', 'src/utils/text.ts'))).toHaveLength(1);
    expect(badFileNames(file('', 'src/proxy/error-handler.ts'))).toHaveLength(1);
    expect(badExports(file('export class BudgetManager {}'))).toHaveLength(1);
    expect(badExports(file('export default 1;'))).toHaveLength(1);
    expect(escapes(file('// @ts-ignore'))).toHaveLength(1);
    expect(
      redefinitions([file('export type Ms = number;', 'src/units.ts')], [file('export type Ms = 1;')]),
    ).toEqual(['src/budget/x.ts declares Ms again: import it from src/units.ts']);
  });
});
