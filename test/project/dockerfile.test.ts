import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
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

test('runs without root, keeps the ledger on a volume and asks the command for its health', () => {
  const user = final.indexOf('\nUSER node\n');
  expect(user).toBeGreaterThan(0);
  expect(final.indexOf('\nENTRYPOINT ["kling-sidecar"]\n')).toBeGreaterThan(user);
  expect(final).toMatch(/^VOLUME \/app\/data$/m);
  expect(final).toMatch(/^HEALTHCHECK .*CMD \["kling-sidecar", "health"\]$/m);
  expect(final).toMatch(/^EXPOSE 5564 5565$/m);
});

test('holds no secret and opens no listener by itself', () => {
  const environment = [...dockerfile.matchAll(/^(?:ENV|ARG) (\S+?)=/gm)].map((match) => match[1]);
  expect(environment).toEqual(['NODE_ENV']);
});
