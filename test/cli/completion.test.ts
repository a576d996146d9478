import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeProgram } from '../../src/cli/cli.ts';
import { loadCommands } from '../../src/cli/commands.ts';
import { commandNodes } from '../../src/cli/command-tree.ts';
import { cli, silentTerminal } from './run-cli.ts';

const COMMANDS = await loadCommands(null);
let folder = '';
beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'kling-completion-'));
  writeFileSync(path.join(folder, 'script'), (await cli(['completion', 'bash'])).out);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Lets bash complete the last word of a line, with the script as a user would load it. */
function complete(line: string, command = 'kling-sidecar'): string[] {
  const words = [command, ...line.split(' ')];
  const program = `. ./script
    COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE="$*"; COMP_POINT=\${#COMP_LINE}
    complete -p kling-sidecar > /dev/null || exit 1
    _kling_sidecar "$1" "\${COMP_WORDS[COMP_CWORD]}"
    printf '%s\\n' "\${COMPREPLY[@]}"`;
  const out = execFileSync('bash', ['--norc', '-uc', program, 'bash', ...words], {
    cwd: folder,
    encoding: 'utf8',
  });
  return out.split('\n').filter(Boolean);
}

describe('completion in a real bash', () => {
  it('offers commands, below a command its own, and leaves file names to the shell', () => {
    const { commands } = makeProgram(silentTerminal(), COMMANDS);
    expect(complete('').sort()).toEqual(commands.map((command) => command.name()).sort());
    expect(complete('bud')).toEqual(['budget']);
    expect(complete('budget ')).toEqual(['list', 'suggest', 'raise']);
    expect(complete('import ')).toEqual([]);
    expect(complete('backup b')).toEqual([]);
  });

  it('offers the options of the command at hand and the values that one allows', () => {
    expect(complete('budget raise --un')).toEqual(['--until']);
    expect(complete('usage --format ')).toEqual(['table', 'json', 'jsonl', 'csv']);
    expect(complete('usage --format = j')).toEqual(['json', 'jsonl']);
    expect(complete('sla report --format ')).toContain('openslo');
    expect(complete('completion ')).toEqual(['bash', 'zsh', 'fish']);
  });

  it('reads no option’s value as a command, and completes no free text', () => {
    expect(complete('--config budget usage --by')).toEqual(['--by']);
    expect(complete('freeze --reason status --act')).toEqual(['--actor']);
    expect(complete('freeze --reason ')).toEqual([]);
  });
});

describe('the scripts of all shells', () => {
  it.each(['bash', 'zsh', 'fish'])('name every command and option: %s', async (shell) => {
    const { code, out } = await cli(['completion', shell]);
    expect(code).toBe(0);
    const nodes = commandNodes(makeProgram(silentTerminal(), COMMANDS));
    for (const { path: words, options } of nodes) {
      expect(out).toContain(`'${words}'`.replaceAll("'", shell === 'fish' ? "\\'" : "'"));
      for (const { name } of options) expect(out).toContain(shell === 'fish' ? `-l ${name.slice(2)}` : name);
    }
  });

  it('are refused for other shells, which are named', async () => {
    const { code, err } = await cli(['completion', 'tcsh']);
    expect(code).toBe(2);
    expect(err).toMatch(/bash, zsh, fish/);
  });
});
