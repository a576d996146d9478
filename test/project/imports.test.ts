import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  EXCEPTIONS,
  importCycles,
  mayImport,
  placeOf,
  ROWS,
  unusedExceptions,
  wrongImports,
} from './house.ts';
import { parseSource, PROJECT, readSources, type SourceFile } from './source-code.ts';

const sources = readSources('src');

describe('the house', () => {
  test('has a place for every source file, and every import goes down', () => {
    expect(sources.length).toBeGreaterThan(10);
    expect(sources.flatMap(wrongImports)).toEqual([]);
  });

  test('has no import in a circle', () => {
    const told = importCycles(sources).map(
      (cycle) => `${cycle.join(' -> ')}: move what both need into a third file`,
    );
    expect(told).toEqual([]);
  });

  test('imports only files that exist', () => {
    const missing = sources.flatMap((file) =>
      file.imports
        .filter((each) => each.file !== null && !existsSync(join(PROJECT, each.file)))
        .map((each) => `${file.path}:${each.line} imports ${each.specifier}, which does not exist`),
    );
    expect(missing).toEqual([]);
  });

  test('keeps no exception that nothing needs, and none without a reason', () => {
    expect(unusedExceptions(sources)).toEqual([]);
    expect(EXCEPTIONS.filter(({ why }) => why.length < 20)).toEqual([]);
  });

  test('has each place in one row only', () => {
    const places = ROWS.flat();
    expect(new Set(places).size).toBe(places.length);
  });
});

/** The rules held against imports that must fail: a check that finds nothing is worth nothing. */
describe('the check itself', () => {
  const file = (path: string, text: string): SourceFile => parseSource(path, text);

  test('refuses an import that goes up, sideways, or to nowhere, and says what is allowed', () => {
    const up = wrongImports(file('src/budget/x.ts', "import { a } from '../ledger/ledger.ts';"));
    expect(up).toEqual([expect.stringContaining('budget may import vocabulary, store, outbox and itself')]);
    expect(wrongImports(file('src/budget/x.ts', "import type { A } from '../calls/call.ts';"))).toHaveLength(
      1,
    );
    expect(wrongImports(file('src/proxy/x.ts', "export { a } from '../control/y.ts';"))).toHaveLength(1);
    expect(wrongImports(file('src/utils/x.ts', ''))).toHaveLength(1);
    expect(wrongImports(file('src/helper.ts', ''))).toHaveLength(1);
    expect(wrongImports(file('src/cli/x.ts', "import '../../test/project/house.ts';"))).toHaveLength(1);
  });

  test('sees imports over several lines, bare, dynamic, and of workers, but none in comments or strings', () => {
    const text = `
      import {
        a,
      } from '../ledger/ledger.ts';
      import '../kling/kling.ts';
      const b = await import('../proxy/proxy.ts');
      const c = new Worker(new URL('../app/app.ts', import.meta.url));
      // import '../cli/cli.ts';
      /* from '../cli/cli.ts'; */
      const d = "import '../cli/cli.ts';" + \`from '../cli/cli.ts' \${x('from')}\` + /from '..\\/cli'/.source;
    `;
    const found = file('src/store/x.ts', text);
    expect(found.imports.map((each) => each.file)).toEqual([
      'src/ledger/ledger.ts',
      'src/kling/kling.ts',
      'src/proxy/proxy.ts',
      'src/app/app.ts',
    ]);
    expect(found.imports.map((each) => each.line)).toEqual([4, 5, 6, 7]);
    expect(wrongImports(found)).toHaveLength(4);
  });

  test('keeps the emulator apart: it takes the vocabulary alone and is started only from the top', () => {
    expect(mayImport('emulator', 'vocabulary')).toBe(true);
    expect(ROWS.flat().filter((place) => mayImport('emulator', place))).toEqual(['vocabulary']);
    expect(ROWS.flat().filter((place) => mayImport(place, 'emulator'))).toEqual(['app', 'cli', 'main']);
  });

  test('keeps each package to the folders that may know it', () => {
    expect(wrongImports(file('src/ledger/x.ts', "import { request } from 'undici';"))).toHaveLength(1);
    expect(wrongImports(file('src/proxy/x.ts', "import { Hono } from 'hono/tiny';"))).toHaveLength(1);
    expect(wrongImports(file('src/control/x.ts', "import { Hono } from 'hono';"))).toEqual([]);
    expect(wrongImports(file('src/ledger/x.ts', "import Database from 'better-sqlite3';"))).toHaveLength(1);
  });

  test('finds a circle of any length, also of types alone', () => {
    const circle = [
      file('src/a.ts', "import { b } from './b.ts';"),
      file('src/b.ts', "import type { C } from './c.ts';"),
      file('src/c.ts', "import { a } from './a.ts';"),
    ];
    expect(importCycles(circle)).toEqual([['src/a.ts', 'src/b.ts', 'src/c.ts', 'src/a.ts']]);
    expect(importCycles(circle.slice(0, 2))).toEqual([]);
  });

  test('knows where each kind of file lives', () => {
    expect(placeOf('src/units.ts')).toBe('vocabulary');
    expect(placeOf('src/app/app.ts')).toBe('app');
    expect(placeOf('src/alerts/channels/slack.ts')).toBe('alerts');
    expect(placeOf('src/something.ts')).toBeNull();
  });
});
