import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { composeFile, NODE_FLAGS } from '../../src/cli/init-files.ts';
import { loadConfig } from '../../src/config/config.ts';
import { PROJECT } from './source-code.ts';

const read = (name: string): string => readFileSync(join(PROJECT, name), 'utf8');
const dockerfile = read('Dockerfile');

/** The instructions of the last stage, which is what runs. */
const final = dockerfile.slice(dockerfile.lastIndexOf('\nFROM '));

/** Sources of every COPY from the build context. */
const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap((match) =>
  (match[1] ?? '').split(' '),
);

test('copies only what is there, and the build context holds nothing else', () => {
  expect(copied).toContain('src');
  expect(copied.filter((name) => !existsSync(join(PROJECT, name)))).toEqual([]);
  const lines = read('.dockerignore')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  expect(lines[0]).toBe('*');
  expect(new Set(lines.slice(1))).toEqual(new Set(copied.map((name) => `!${name}`)));
});

test('runs on the major version of Node that the project pins, without development packages', () => {
  const pinned = (JSON.parse(read('package.json')) as { devDependencies: { node: string } }).devDependencies
    .node;
  const bases = [...dockerfile.matchAll(/^FROM (\S+)/gm)].map((match) => match[1]);
  expect(bases.length).toBeGreaterThan(1);
  expect(new Set(bases)).toEqual(new Set([`node:${pinned.split('.')[0] ?? ''}-bookworm-slim`]));
  expect(dockerfile).toMatch(/^RUN npm ci --omit=dev/m);
});

test('runs without root, keeps the ledger on a volume and asks for its health without starting Node', () => {
  const user = final.indexOf('\nUSER node\n');
  expect(user).toBeGreaterThan(0);
  expect(final.indexOf('\nENTRYPOINT ["kling-sidecar"]\n')).toBeGreaterThan(user);
  expect(final).toMatch(/^VOLUME \/app\/data$/m);
  expect(final).toMatch(/^HEALTHCHECK .*CMD \["\/app\/bin\/health\.sh"\]$/m);
  expect(statSync(join(PROJECT, 'bin/health.sh')).mode & 0o111).toBe(0o111);
  expect(final).toMatch(/^EXPOSE 5564 5565$/m);
});

test('starts by bin/ and holds compiled code that only its user can write', () => {
  expect(final).toContain(`exec node ${NODE_FLAGS} /app/bin/kling-sidecar.js "$@"`);
  const user = final.indexOf('\nUSER node\n');
  const folder = final.indexOf('chown node:node node_modules/.cache && chmod 700 node_modules/.cache');
  expect(folder).toBeGreaterThan(0);
  expect(folder).toBeLessThan(user);
  expect(final.indexOf('kling-sidecar demo')).toBeGreaterThan(user);
  expect(final.indexOf('kling-sidecar start')).toBeGreaterThan(user);
});

test('holds no secret and opens no listener by itself', () => {
  const environment = [...dockerfile.matchAll(/^(?:ENV|ARG) (\S+?)=/gm)].map((match) => match[1]);
  expect(environment).toEqual(['NODE_ENV']);
});

test('is given longer to stop than a drain takes, wherever the documents run it', () => {
  const { drainMs } = loadConfig({ env: {}, cwd: PROJECT, readFile: () => '{}' }).config.listen;
  const compose = read('docs/run/compose.yaml');
  const written = composeFile({ checkout: '/opt/kling-sidecar', uid: 1000, gid: 1000 });
  const graces = [compose, written].map((text) => /^ {4}stop_grace_period: (\d+)s$/m.exec(text)?.[1]);
  const stops = [...read('docs/operations.md').matchAll(/^ +docker run .*--stop-timeout (\d+)/gm)];
  const runs = read('docs/operations.md').match(/^ +docker run /gm);
  expect(stops).toHaveLength(runs?.length ?? -1);
  for (const seconds of [...graces, ...stops.map((match) => match[1])])
    expect(Number(seconds) * 1000).toBeGreaterThan(drainMs + 5_000);
});

test('is composed alike in the documents and by init', () => {
  const written = composeFile({ checkout: '../..', uid: 1000, gid: 1000 });
  expect(settings(written)).toEqual(settings(read('docs/run/compose.yaml')));
});

/** The lines of a compose file that are no comments, without quotes. */
function settings(text: string): string[] {
  return text.split('\n').flatMap((line) => (/^\s*(#|$)/.test(line) ? [] : [line.replaceAll(/["']/g, '')]));
}
