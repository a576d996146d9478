import { renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { beforeEach, describe, expect, test } from 'vitest';
import { FileIdentity } from '../../src/store/sqlite/file-identity.ts';
import { tempStorePath } from './test-store.ts';

const LIMIT = 67_108_864;

let path: string;
beforeEach(() => {
  path = tempStorePath();
  writeFileSync(path, Buffer.alloc(8192));
  writeFileSync(`${path}-wal`, Buffer.alloc(4152));
});

const watch = (): FileIdentity => new FileIdentity([path, `${path}-wal`]);

describe('the files of a store', () => {
  test('may grow, and the log may be cut back to its limit', () => {
    const files = watch();
    truncateSync(path, 16_384);
    truncateSync(`${path}-wal`, LIMIT * 2);
    expect(files.lost()).toBeNull();
    truncateSync(`${path}-wal`, LIMIT);
    expect(files.lost()).toBeNull();
  });

  test('are lost if one is deleted, replaced or cut', () => {
    const losses: [string, () => void][] = [
      ['was deleted', () => rmSync(path)],
      ['was cut short', () => truncateSync(path, 4096)],
      ['-wal was cut short', () => truncateSync(`${path}-wal`, 100)],
      [
        'was replaced by another file',
        () => {
          writeFileSync(`${path}.other`, Buffer.alloc(16_384));
          renameSync(`${path}.other`, path);
        },
      ],
    ];
    for (const [why, lose] of losses) {
      writeFileSync(path, Buffer.alloc(8192));
      writeFileSync(`${path}-wal`, Buffer.alloc(4152));
      const files = watch();
      lose();
      expect(files.lost()).toBe(`${path}${why.startsWith('-') ? '' : ' '}${why}`);
    }
  });

  test('are lost from the beginning if one was never there', () => {
    rmSync(`${path}-wal`);
    const files = watch();
    writeFileSync(`${path}-wal`, '');
    expect(files.lost()).toContain('was replaced');
  });
});
