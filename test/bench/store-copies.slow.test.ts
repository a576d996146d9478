import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { fillStore } from '../../bench/filled-store.ts';
import { endAll } from '../../bench/processes.ts';
import { startUpstream } from '../../bench/upstream.ts';
import { run } from '../app/processes.ts';

const ENDED = 2000;
const OPEN = 300;
let folder = '';

beforeEach(async () => {
  // On the project's disk, as the benchmark's own folders are.
  const work = path.join(import.meta.dirname, '../../bench/.work');
  await mkdir(work, { recursive: true });
  folder = await mkdtemp(path.join(work, 'filled-'));
});

afterEach(async () => {
  await endAll();
  await rm(folder, { recursive: true, force: true });
});

it('fills a store with copies of creates that the ledger’s own check agrees with', async () => {
  const upstream = await startUpstream(folder);
  await fillStore(folder, `http://127.0.0.1:${upstream.port}`, { ended: ENDED, open: OPEN });
  const env = { KLING_API_KEY: 'bench-key' };
  const verified = await run(['ledger', 'verify', '--json'], { cwd: folder, env });
  // Two of each are the sidecar's own.
  expect(JSON.parse(verified.output)).toMatchObject({ ok: true, problems: [], holds: ENDED + OPEN + 4 });
  const usage = await run(['usage', '--json'], { cwd: folder, env });
  expect(usage.code).toBe(0);
});
