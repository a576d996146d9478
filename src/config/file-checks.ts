/** Doctor's checks of the config: its file, its warnings, and the folders that are written to. */
import { notOk, ok, type Check } from '../check.ts';
import { sentence } from '../phrases.ts';
import type { LoadedConfig } from './config.ts';
import { calendarProblems, folderProblems } from './start-check.ts';
import { writtenFolders } from './written-folders.ts';

/** Checks the config's file, the calendar's file that it names, and the config's warnings. */
export function checkConfig({
  path: file,
  warnings,
  config,
}: Pick<LoadedConfig, 'path' | 'warnings' | 'config'>): Check[] {
  const found = file === null ? 'No config file: every value is its default.' : `${file} is valid.`;
  return [
    ok('config', found),
    ...calendarProblems(config).map((problem) =>
      notOk('fail', 'calendar', sentence(problem), 'A start is refused until it is mended.'),
    ),
    ...warnings.map((warning) =>
      notOk(
        'warn',
        'config',
        sentence(warning),
        'See whether it is meant so; config print shows every value.',
      ),
    ),
  ];
}

/** Tries every folder that is written to. */
export async function checkFolders(config: LoadedConfig['config']): Promise<Check[]> {
  const problems = await folderProblems(config);
  const advice = 'Make it writable for the user of the sidecar, and run doctor as that user.';
  if (problems.length > 0)
    return problems.map((problem) => notOk('fail', 'folders', sentence(problem), advice));
  const folders = [...new Set(writtenFolders(config).map(({ folder }) => folder))];
  return [ok('folders', `A file could be created in ${folders.join(' and ')}.`)];
}
