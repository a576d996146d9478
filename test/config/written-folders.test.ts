import { readFileSync } from 'node:fs';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/config.ts';
import { tryFolder, writtenFolders } from '../../src/config/written-folders.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'written-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe('a folder that is written to', () => {
  it('is tried by creating and removing a file, or a folder above it where it does not exist', async () => {
    expect(await tryFolder(folder)).toBeNull();
    expect(await tryFolder(path.join(folder, 'data', 'claims'))).toBeNull();
    expect(await readdir(folder)).toEqual([]);
  });

  it('is refused where something is in the way, or nobody may write', async () => {
    await writeFile(path.join(folder, 'data'), '');
    expect(await tryFolder(path.join(folder, 'data', 'claims'))).toMatch(
      /^a file is in the way of .*claims$/,
    );
    // Nobody may create files there, the superuser included.
    expect(await tryFolder('/proc')).toMatch(/^a file cannot be created in \/proc \(E[A-Z]+\) by user \d+$/);
    expect(await tryFolder('/proc/claims')).toMatch(/^a folder cannot be created in \/proc/);
  });
});

describe('the unit for systemd', () => {
  it('keeps every folder that is written to below its state directory', () => {
    const unit = readFileSync(new URL('../../docs/run/kling-sidecar.service', import.meta.url), 'utf8');
    const lines = unit.split('\n');
    const settings = lines.flatMap(
      (line) => /^Environment=(KLING_SIDECAR__\w+)=(.*)$/.exec(line)?.slice(1, 3) ?? [],
    );
    const env = Object.fromEntries(
      Array.from({ length: settings.length / 2 }, (_, at) => [settings[2 * at], settings[2 * at + 1]]),
    );
    const { config } = loadConfig({ env, cwd: '/etc/kling-sidecar' });
    expect(unit).toContain('ProtectSystem=strict');
    const [, name = ''] = /^StateDirectory=(.*)$/m.exec(unit) ?? [];
    const folders = writtenFolders(config);
    expect(folders.map(({ key }) => key)).toEqual(['store.path', 'claims.directory', 'jobs.backupDir']);
    for (const { folder: written } of folders) expect(`${written}/`).toContain(`/var/lib/${name}/`);
  });
});
