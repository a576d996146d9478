/** Downloads that are killed with SIGKILL at 20 points: `KILLS=100` is the long form, 2 rounds of each point are the short one. */
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { readdirSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import Database from 'better-sqlite3';
import { request } from 'undici';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { createEmulator, type Emulator } from '../../src/emulator/emulator.ts';
import { anotherVideo, get, post, until } from '../app/calls.ts';
import { end, startDaemon, type Daemon } from '../app/processes.ts';

const ROUNDS = Number(process.env['KILLS'] ?? 2);
const BYTES = 4_194_304;
/** The first sixteen points are shares of the file; the others are steps of its end. */
const SHARES = 16;
const STEPS = ['is asked for', 'is whole, and has no name', 'has its name', 'has its row'] as const;

let folder: string;
let emulator: Emulator;
let daemon: Daemon | null = null;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'kling-killed-'));
  emulator = createEmulator({ clock: systemClock, port: 0, speed: 200, resultBytes: BYTES });
  const { url } = await emulator.start();
  const config = {
    listen: { port: 0 },
    control: { port: 0 },
    upstream: { baseUrl: url },
    tasks: { pollIntervalMs: 100 },
    account: { poll: false },
    results: { keep: true, dir: 'results', freeGiBMin: 0 },
  };
  await writeFile(path.join(folder, 'sidecar.config.json'), JSON.stringify(config));
});
afterEach(async () => {
  if (daemon) await end(daemon.child, 'SIGKILL');
  daemon = null;
  await emulator.stop();
  await rm(folder, { recursive: true, force: true });
});

const start = async (): Promise<Daemon> =>
  (daemon = await startDaemon(folder, { KLING_API_KEY: 'emulator-key' }));

interface Row {
  state: string;
  name: string;
  sha256: string | null;
  bytes: number | null;
  attempts: number;
}

function rowOf(taskId: string): Row | undefined {
  const db = new Database(path.join(folder, 'data', 'sidecar.db'), { readonly: true });
  try {
    return db
      .prepare<[string], Row>(
        'SELECT f.state, f.name, f.sha256, f.bytes, f.attempts FROM result_files f JOIN creates c ON c.id = f.hold_id WHERE c.task_id = ?',
      )
      .get(taskId);
  } finally {
    db.close();
  }
}

const results = (): string => path.join(folder, 'results');
/** The bytes of the one part; -1 without one. */
function partBytes(): number {
  try {
    const [name] = readdirSync(path.join(results(), '.parts'));
    return name === undefined ? -1 : statSync(path.join(results(), '.parts', name)).size;
  } catch {
    return -1;
  }
}

/** Waits, turn by turn of the event loop, for something that is quickly over. */
async function soon(check: () => boolean): Promise<void> {
  const from = performance.now();
  while (!check()) {
    if (performance.now() - from > 60_000) throw new Error('never came');
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function reach(point: number, taskId: string, before: number): Promise<void> {
  if (point < SHARES) return await soon(() => partBytes() >= Math.max(1, (BYTES * point) / SHARES));
  const step = STEPS[point - SHARES];
  const asked = (): boolean =>
    emulator
      .requests()
      .slice(before)
      .some(({ path: at }) => at.startsWith('/files/'));
  if (step === 'is asked for') return await soon(asked);
  if (step === 'is whole, and has no name') return await soon(() => partBytes() >= BYTES);
  await until('the row is there', () => rowOf(taskId));
  const name = rowOf(taskId)?.name ?? '';
  const hasName = (): boolean =>
    statSync(path.join(results(), name), { throwIfNoEntry: false }) !== undefined;
  await soon(hasName);
  if (step === 'has its row') await until('it is saved', () => rowOf(taskId)?.state === 'saved');
}

const sha = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

it(
  `leaves no bad file and no part after kills at 20 points, ${ROUNDS} rounds of each`,
  async () => {
    await start();
    const points = Array.from({ length: SHARES + STEPS.length }, (_, point) => point);
    const counts = { kills: 0, resumed: 0, bad: 0, parts: 0 };
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const point of points) {
        emulator.clearFaults();
        emulator.addFault({
          kind: 'file_slow',
          match: { path: '/files/' },
          bytes: BYTES / 32,
          intervalMs: 10,
          times: 'always',
        });
        const before = emulator.requests().length;
        const { json } = await post(`${daemon?.dataUrl}/v1/videos/text2video`, anotherVideo());
        const taskId = String(json.data['task_id']);
        await reach(point, taskId, before);
        if (daemon) await end(daemon.child, 'SIGKILL');
        counts.kills += 1;
        emulator.clearFaults();
        const { dataUrl } = await start();
        const row = await until('it is saved after the next start', () => {
          const found = rowOf(taskId);
          return found?.state === 'saved' && found;
        });
        const bytes = await readFile(path.join(results(), row.name));
        const shown = await get(`${dataUrl}/v1/videos/text2video/${taskId}`);
        const [video] = (shown.json.data['task_result'] as { videos: { url: string }[] }).videos;
        const source = Buffer.from(await (await request(video?.url ?? '')).body.arrayBuffer());
        if (!bytes.equals(source) || row.sha256 !== sha(source) || row.bytes !== BYTES) counts.bad += 1;
        counts.parts += (await readdir(path.join(results(), '.parts'))).length;
        const ranges = emulator
          .requests()
          .slice(before)
          .filter(({ headers }) => headers['range'] !== undefined);
        counts.resumed += ranges.length > 0 ? 1 : 0;
      }
    }
    console.log(JSON.stringify(counts));
    expect(counts).toMatchObject({ kills: 20 * ROUNDS, bad: 0, parts: 0 });
    // Most points are in the middle of a file: there the next start goes on where the kill was.
    expect(counts.resumed).toBeGreaterThan(10 * ROUNDS);
  },
  20 * ROUNDS * 60_000,
);
