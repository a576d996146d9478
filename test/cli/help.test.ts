import { describe, expect, it } from 'vitest';
import type { Command } from 'commander';
import { makeProgram } from '../../src/cli/cli.ts';
import { commandNodes } from '../../src/cli/command-tree.ts';
import { loadCommands } from '../../src/cli/commands.ts';
import { EXAMPLES } from '../../src/cli/examples.ts';
import { cli, silentTerminal } from './run-cli.ts';

const COMMANDS = await loadCommands(null);
const program = makeProgram(silentTerminal(), COMMANDS);
/** Commands that do something themselves, and do not only hold others: the program and `tasks` do both. */
const working = commandNodes(program).filter(
  ({ path, children }) => ['', 'tasks'].includes(path) || children.length === 0,
);

describe('the help', () => {
  it('has examples for every command, and none for others', () => {
    expect(Object.keys(EXAMPLES).sort()).toEqual(working.map(({ path }) => path).sort());
  });

  it.each(working.map(({ path }) => path))('of "%s" shows its examples', async (path) => {
    const { code, out } = await cli([...path.split(' ').filter(Boolean), '--help']);
    expect(code).toBe(0);
    expect(out).toMatch(/\nExamples?:\n {2}/);
    for (const example of EXAMPLES[path] ?? []) expect(out).toContain(`  ${example}\n`);
  });

  it.each(Object.values(EXAMPLES).flat())('means what it says: %s', async (example) => {
    const ran: string[] = [];
    const parsed = makeProgram(silentTerminal(), COMMANDS);
    stub(parsed, ran);
    await parsed.parseAsync(wordsOf(example), { from: 'user' });
    expect(ran).toHaveLength(1);
  });
});

/** Replaces what commands do; options and arguments are still checked. */
function stub(command: Command, ran: string[]): void {
  command.action(() => void ran.push(command.name()));
  for (const child of command.commands) stub(child, ran);
}

/** The words behind the program's name, up to a redirection, as a shell reads them. */
function wordsOf(example: string): string[] {
  const [, line = ''] = /kling-sidecar (.*)$/.exec(example.replace(/\)"$/, '')) ?? [];
  const words = line.split(/ (?:>|&&) /)[0]?.match(/"[^"]*"|'[^']*'|\S+/g) ?? [];
  return words.map((word) => word.replace(/^(["'])(.*)\1$/, '$2'));
}
