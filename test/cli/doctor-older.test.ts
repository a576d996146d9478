import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { writeOldStore } from '../ledger/old-file.ts';
import { cli } from './run-cli.ts';

it('notes that a store of an older version is migrated by the next start', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'kling-sidecar-older-'));
  await mkdir(path.join(folder, 'data'), { mode: 0o700 });
  await writeFile(path.join(folder, 'sidecar.config.json'), JSON.stringify({ control: { port: 1 } }));
  writeOldStore(path.join(folder, 'data', 'sidecar.db'), { version: 'before creates', creates: 50 });
  const { code, out, err } = await cli(['doctor'], {
    cwd: folder,
    env: { KLING_API_KEY: 'a-key-for-tests' },
  });
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(out).toMatch(
    /^note {2}ledger +An older version wrote \S+sidecar\.db: its ledger was not verified\. Start the sidecar once/m,
  );
  expect(out).not.toMatch(/^FAIL/m);
  await rm(folder, { recursive: true });
});
