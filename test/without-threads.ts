/** Which test files begin no thread, no process and no app, so that many of them can share one process. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const BEGINS =
  /start-app\.ts|node:child_process|node:worker_threads|node:cluster|open-store\.ts|worker-thread\.ts|vi\.(mock|stubGlobal|useFakeTimers)|process\.chdir/;
const RELATIVE_IMPORT = /from '(\.{1,2}\/[^']+)'/g;

/** Lists those test files of a folder whose own text, and that of the test helpers that they import, begin none. */
export function filesWithoutThreads(folder: string): string[] {
  const begins = new Map<string, boolean>();
  const look = (file: string): boolean => {
    const known = begins.get(file);
    if (known !== undefined) return known;
    begins.set(file, false);
    const text = readFileSync(file, 'utf8');
    const helpers = [...text.matchAll(RELATIVE_IMPORT)]
      .map(([, path = '']) => join(dirname(file), path))
      .filter((path) => path.startsWith(folder) && existsSync(path));
    const found = BEGINS.test(text) || helpers.some(look);
    begins.set(file, found);
    return found;
  };
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts') && !name.endsWith('.slow.test.ts'))
    .map((name) => join(folder, name))
    .filter((file) => !look(file));
}
