/** `init DIR`: writes a folder to run the sidecar from, so that config, key and store are not in the checkout. */
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { SidecarError } from '../errors.ts';
import type { Context } from './context.ts';
import { initFiles, shellQuoted, type InitFile } from './init-files.ts';
import { isStartedByNpm } from './npm-parent.ts';
import { systemUser } from './system-user.ts';
import { paint, type Terminal } from './terminal.ts';

const CHECKOUT = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');

/** Adds the command. */
export function addInit(program: Command, context: () => Context): void {
  program
    .command('init')
    .description('write a folder to run from: config in observe, key file, systemd unit and compose file')
    .argument('<dir>', 'the folder; it is made where there is none, and nothing in it is overwritten')
    .option('--json', 'print JSON')
    .action((dir: string, options: { json?: boolean }) =>
      init(context().terminal, dir, options.json === true),
    );
}

function init(terminal: Terminal, dir: string, wantsJson: boolean): void {
  // npm runs a script in the package's folder; people mean the one that they are in.
  const npmFolder = isStartedByNpm(terminal.env) ? terminal.env['INIT_CWD'] : undefined;
  const folder = path.resolve(npmFolder ?? terminal.cwd, dir);
  const { uid, gid, name } = systemUser({});
  const files = initFiles({ folder, checkout: CHECKOUT, node: nodeOf(CHECKOUT), user: name, uid, gid });
  refuseToOverwrite(folder, files);
  write(folder, files);
  const names = files.map((file) => file.name);
  terminal.out(
    wantsJson ? `${JSON.stringify({ folder, files: names })}\n` : nextSteps(terminal, folder, names),
  );
}

/** The project's own Node where it is installed, else the one that runs this. */
function nodeOf(checkout: string): string {
  const own = path.join(checkout, 'node_modules/.bin/node');
  return existsSync(own) ? own : process.execPath;
}

function refuseToOverwrite(folder: string, files: readonly InitFile[]): void {
  const there = [...files.map((file) => file.name), 'data'].filter((name) =>
    existsSync(path.join(folder, name)),
  );
  if (there.length === 0) return;
  throw new SidecarError(
    'bad_usage',
    `${folder} already has ${there.join(', ')}, and nothing is overwritten: name another folder, or move them away.`,
  );
}

function write(folder: string, files: readonly InitFile[]): void {
  try {
    mkdirSync(folder, { recursive: true });
    mkdirSync(path.join(folder, 'data'), { mode: 0o700 });
    for (const { name, text, mode } of files) {
      const file = path.join(folder, name);
      writeFileSync(file, text, { mode, flag: 'wx' });
      // A mask of the system's may have taken bits away, such as the right to run the launcher.
      chmodSync(file, mode);
    }
  } catch (cause) {
    throw new SidecarError('bad_usage', `${folder} cannot be written: ${(cause as Error).message}.`, {
      cause,
    });
  }
}

function nextSteps(terminal: Terminal, folder: string, names: readonly string[]): string {
  const command = (text: string): string => paint(terminal, 'bold', text);
  return `${folder} is ready to run from: ${names.join(', ')}.

  1. ${command(`cd ${/^[\w./-]+$/.test(folder) ? folder : shellQuoted(folder)}`)}
  2. ${command('cat > kling-api-key')}        paste your API key, Enter, Ctrl-D
  3. ${command('./kling-sidecar config check')}
  4. ${command('./kling-sidecar start')}      then point one app at http://127.0.0.1:5564
  5. ${command('./kling-sidecar status --would-have')} after a day: what mode "protect" would have refused

It starts in mode "observe": nothing is refused for money. README.md there has the rest.
`;
}
