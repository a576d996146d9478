import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { PROJECT } from './source-code.ts';

const { isPrivate } = (await import(pathToFileURL(join(PROJECT, 'bin/compile-cache.js')).href)) as {
  isPrivate(folders: string[]): boolean;
};

let folder = '';
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'kling-compiled-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('the folder of compiled code', () => {
  test('is made for this user alone', () => {
    const folders = [join(folder, '.cache'), join(folder, '.cache/kling-sidecar')];
    expect(isPrivate(folders)).toBe(true);
    expect(folders.map((path) => statSync(path).mode & 0o777)).toEqual([0o700, 0o700]);
    expect(isPrivate(folders)).toBe(true);
  });

  test.each([0o775, 0o757])('is not used if others may write into it or above it (mode %o)', (mode) => {
    const [outer, inner] = [join(folder, 'outer'), join(folder, 'outer/inner')];
    mkdirSync(inner, { recursive: true });
    chmodSync(inner, mode);
    expect(isPrivate([outer, inner])).toBe(false);
    chmodSync(inner, 0o755);
    expect(isPrivate([outer, inner])).toBe(true);
    chmodSync(outer, mode);
    expect(isPrivate([outer, inner])).toBe(false);
  });

  test('is not used if it is a link, a file, or cannot be made', () => {
    const [own, link, file] = [join(folder, 'own'), join(folder, 'link'), join(folder, 'file')];
    mkdirSync(own, { mode: 0o700 });
    symlinkSync(own, link);
    writeFileSync(file, '');
    expect([own, link, file, join(file, 'below')].map((path) => isPrivate([path]))).toEqual([
      true,
      false,
      false,
      false,
    ]);
  });
});
