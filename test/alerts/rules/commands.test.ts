import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { makeProgram } from '../../../src/cli/cli.ts';
import { loadCommands } from '../../../src/cli/commands.ts';
import { silentTerminal } from '../../cli/run-cli.ts';
import { PROJECT, readProject } from '../../docs/markdown.ts';

const COMMANDS = await loadCommands(null);
const program = makeProgram(silentTerminal(), COMMANDS);

/** Not built yet; this list is to become empty. */
const PENDING: ReadonlySet<string> = new Set(['jobs']);

/** Says what is wrong with a command line as it stands in a text, up to the end of its sentence; null where nothing is. */
function faultIn(line: string): string | null {
  const words = line.split(/\s+/).filter((word) => word !== '');
  let command: Command = program;
  for (const word of words) {
    const child = command.commands.find((one) => one.name() === word);
    if (child === undefined) break;
    command = child;
  }
  if (command === program && PENDING.has(words[0] ?? '')) return null;
  if (command === program) return `there is no command: ${line}`;
  const known = new Set(command.options.flatMap(({ short, long }) => [short, long]));
  const unknown = words.filter((word) => word.startsWith('--') && !known.has(word));
  return unknown.length === 0 ? null : `no such option of ${command.name()}: ${unknown.join(' ')}`;
}

function filesOf(folder: string): string[] {
  return readdirSync(join(PROJECT, folder)).map((file) => `${folder}/${file}`);
}

describe('the commands in texts for people', () => {
  it('exist, with their options, in the words of rules', () => {
    const lines = [...filesOf('src/alerts/rules'), ...filesOf('src/alerts/words')].flatMap((path) =>
      [...readProject(path).matchAll(/(?<!of )kling-sidecar ([a-z][^'"`.;:()，。；：（）\n]*)/g)].map(
        ([, line = '']) => line,
      ),
    );
    expect(lines.length).toBeGreaterThan(40);
    expect(lines.flatMap((line) => faultIn(line) ?? [])).toEqual([]);
  });

  it('exist, with their options, in the runbooks', () => {
    const lines = filesOf('docs/runbooks').flatMap((path) =>
      [...readProject(path).matchAll(/`kling-sidecar ([^`]*)`/g)].map(([, line = '']) => line),
    );
    expect(lines.length).toBeGreaterThan(60);
    expect(lines.flatMap((line) => faultIn(line) ?? [])).toEqual([]);
  });
});
