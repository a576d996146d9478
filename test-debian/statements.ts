/** Every statement of the program: recorded while the tests of tables run, and compared with what the source has written. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { storeModules } from '../src/app/store-operations.ts';
import { literalsOf, type Literal } from '../test/project/literals.ts';
import { PROJECT, readSources } from '../test/project/source-code.ts';

/** The engine's own folder: its statements are of SQLite, and another engine has others. */
const ENGINE = 'src/store/sqlite/';

/** A word that only SQL has in capitals, or a comparison with a placeholder. */
const SQL =
  /\b(?:SELECT|INSERT INTO|DELETE FROM|UPDATE \w+ SET|FROM|WHERE|AND|JOIN|UNION ALL|ORDER BY|GROUP BY|ON CONFLICT|RETURNING|IS NULL|IS NOT NULL)\b|(?:=|<|>|LIKE) \?/;

/** Runs every test that opens a store in memory, and gives the statements that operations ran, each once. */
export async function recordStatements(): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'statements-'));
  try {
    const vitest = join(PROJECT, 'node_modules/vitest/vitest.mjs');
    const tests = spawn(process.execPath, [vitest, 'run', '--reporter=dot', ...filesWithMemoryStore()], {
      cwd: PROJECT,
      env: { ...process.env, SQL_RECORDS: folder },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [tests.stdout, tests.stderr]) stream.on('data', (part) => (output += String(part)));
    const [status] = (await once(tests, 'close')) as [number | null];
    if (status !== 0) throw new Error(`the tests of tables ended with ${status}:\n${output.slice(-5_000)}`);
    const lines = readdirSync(folder).flatMap((name) =>
      readFileSync(join(folder, name), 'utf8').trim().split('\n'),
    );
    return [...new Set(lines.map((line) => (JSON.parse(line) as [method: string, sql: string])[1]))].sort();
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Test files that import the store in memory, themselves or through test helpers. */
function filesWithMemoryStore(): string[] {
  const known = new Map<string, boolean>();
  const reaches = (file: string): boolean => {
    const before = known.get(file);
    if (before !== undefined) return before;
    known.set(file, false);
    const imported = [...readFileSync(file, 'utf8').matchAll(/from '(\.{1,2}\/[^']+)'/g)]
      .map(([, path = '']) => join(dirname(file), path))
      .filter((path) => path.startsWith(join(PROJECT, 'test/')) && existsSync(path));
    const found = imported.some((path) => path.endsWith('ledger/memory-store.ts') || reaches(path));
    known.set(file, found);
    return found;
  };
  return readdirSync(join(PROJECT, 'test'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts') && !name.endsWith('.slow.test.ts'))
    .map((name) => join(PROJECT, 'test', name))
    .filter((file) => reaches(file));
}

/** Gives the literals that look like SQL, without those of the engine and of migrations. */
export function writtenStatements(): Literal[] {
  const migrations = storeModules.flatMap((module) => module.migrations).map(({ sqlite }) => sqlite);
  return readSources('src')
    .filter(({ path }) => !path.startsWith(ENGINE))
    .flatMap((file) => literalsOf(file))
    .filter((literal) => SQL.test(literal.parts.join('')) && !isPartOf(literal, migrations));
}

/** Tells whether one of the texts contains a literal, with any values between its written parts. */
export function isPartOf({ parts }: Literal, texts: readonly string[]): boolean {
  return texts.some((text) => {
    let at = 0;
    for (const part of parts) {
      const found = text.indexOf(part, at);
      if (found < 0) return false;
      at = found + part.length;
    }
    return true;
  });
}
