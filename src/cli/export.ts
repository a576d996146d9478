/** `export`: writes the boards or the rules of this version into a folder, as they are in the repository. */
import { copyFileSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { SidecarError } from '../errors.ts';
import type { Context } from './context.ts';

const DASHBOARDS = join(import.meta.dirname, '../../dashboards');

/** What can be exported: the files, by a pattern of their names, and where they are. */
const KINDS = {
  grafana: { folder: DASHBOARDS, pattern: /\.json$/ },
  prometheus: { folder: join(DASHBOARDS, 'prometheus'), pattern: /\.yaml$/ },
} as const;
type Kind = keyof typeof KINDS;

/** Copies the files of a kind; nothing is copied where one of them exists and `force` is not given. */
function exportFiles(kind: Kind, directory: string, force: boolean): string[] {
  const { folder, pattern } = KINDS[kind];
  const names = readdirSync(folder).filter((name) => pattern.test(name));
  const there = names.filter((name) => existsSync(join(directory, name)));
  if (there.length > 0 && !force) {
    throw new SidecarError(
      'bad_usage',
      `${directory} has ${there.join(', ')} already; nothing was written. Name another folder, or pass --force.`,
    );
  }
  mkdirSync(directory, { recursive: true });
  for (const name of names) copyFileSync(join(folder, name), join(directory, name));
  return names;
}

/** Adds `export grafana` and `export prometheus`. */
export function addExport(program: Command, context: () => Context): void {
  const command = program.command('export').description('write boards for Grafana, or rules for Prometheus');
  for (const kind of Object.keys(KINDS) as Kind[]) {
    command
      .command(`${kind} <dir>`)
      .description(kind === 'grafana' ? 'write the boards as JSON' : 'write recording and alert rules')
      .option('--force', 'replace files that are there')
      .action((directory: string, options: { force?: boolean }) => {
        const { terminal } = context();
        const target = resolve(terminal.cwd, directory);
        const names = exportFiles(kind, target, options.force === true);
        terminal.out(`${names.length} files were written to ${target}: ${names.join(', ')}\n`);
      });
  }
}
