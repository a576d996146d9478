import { createHash } from 'node:crypto';
import type { FaultOrder } from '../../src/emulator/faults.ts';
import { createManualClock, type ManualClock } from '../../src/clock.ts';
import { advanceUntil } from '../money/hand-clock.ts';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import Database from 'better-sqlite3';
import { request } from 'undici';
import { afterEach, describe, expect, it } from 'vitest';
import type { ResultFileRow } from '../../src/tasks/result-file-table.ts';
import { anotherVideo, get, post, until } from '../app/calls.ts';
import { startApp, type StartedApp, type StartOptions } from '../app/start-app.ts';

let started: StartedApp | null = null;
afterEach(async () => {
  await started?.stop();
  started = null;
});

const ROWS = `SELECT f.*, f.content_type AS "contentType", f.expires_at AS "expiresAt" FROM result_files f
  JOIN creates c ON c.id = f.hold_id WHERE c.task_id = ? ORDER BY f.position`;
const KEEP = { results: { keep: true, dir: 'results' } };
const start = async (options: StartOptions = {}): Promise<StartedApp> =>
  (started = await startApp({ config: KEEP, ...options }));

const create = async (app: StartedApp): Promise<string> => {
  const { json } = await post(`${app.dataUrl}/v1/videos/text2video`, anotherVideo());
  return String(json.data['task_id']);
};
const urlsOf = async (app: StartedApp, taskId: string): Promise<string[]> => {
  const { json } = await get(`${app.dataUrl}/v1/videos/text2video/${taskId}`);
  const { videos = [] } = (json.data['task_result'] ?? {}) as { videos?: { url: string }[] };
  return videos.map(({ url }) => url);
};
const rowsOf = (app: StartedApp, taskId: string): ResultFileRow[] => {
  const db = new Database(path.join(app.folder, 'data', 'sidecar.db'), { readonly: true });
  try {
    return db.prepare<[string], ResultFileRow>(ROWS).all(taskId);
  } finally {
    db.close();
  }
};
const filesIn = async (app: StartedApp): Promise<string[]> => {
  const all = await readdir(path.join(app.folder, 'results'), { recursive: true }).catch(() => []);
  return all.filter((name) => /\.\w+$/.test(name) && name !== '.parts').sort();
};
const sha = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const source = async (url: string): Promise<Buffer> => {
  const { body } = await request(url);
  return Buffer.from(await body.arrayBuffer());
};

describe('results that are kept', () => {
  it('are saved as soon as a task succeeds, byte for byte, though no app asks', async () => {
    const app = await start();
    const id = await create(app);
    const [row] = await until('the file is saved', () => {
      const rows = rowsOf(app, id);
      return rows[0]?.state === 'saved' && rows;
    });
    const [url = ''] = await urlsOf(app, id);
    const bytes = await readFile(path.join(app.folder, 'results', row?.name ?? ''));
    expect(bytes.equals(await source(url))).toBe(true);
    expect(row).toMatchObject({
      url,
      place: 'folder',
      bytes: bytes.length,
      sha256: sha(bytes),
      contentType: 'video/mp4',
    });
    expect(await filesIn(app)).toEqual([row?.name]);
  });
});

/** Far enough from the begin and the end that some of it arrives. */
const BREAK = 600_000;
const NOON = Date.parse('2026-11-18T12:00:00Z');
const onFiles = (kind: FaultOrder['kind'], more: Partial<FaultOrder> = {}): FaultOrder => ({
  kind,
  match: { path: '/files/' },
  ...more,
});

/** Starts on a clock moved by hand, creates a video, and moves until its file is in a state. */
async function keptThrough(
  faults: FaultOrder[],
  state: ResultFileRow['state'] = 'saved',
  { config = KEEP, stepMs = 1_000 }: { config?: StartOptions['config']; stepMs?: number } = {},
): Promise<{ app: StartedApp; clock: ManualClock; id: string; row: ResultFileRow }> {
  const clock = createManualClock(NOON);
  const app = await start({
    clock,
    config: config ?? KEEP,
    emulator: { speed: 1, resultBytes: 1_000_000 },
  });
  for (const fault of faults) app.emulator.addFault(fault);
  const id = await create(app);
  const row = await advanceUntil(
    clock,
    () => {
      const [first] = rowsOf(app, id);
      return first?.state === state && first;
    },
    { stepMs, stepsMax: 4_000 },
  );
  return { app, clock, id, row };
}

const CASES: [what: string, faults: FaultOrder[]][] = [
  ['a slow server', [onFiles('file_slow', { bytes: 131_072, intervalMs: 2_000 })]],
  ['a server that breaks off three times', [onFiles('file_truncated', { bytes: BREAK / 3, times: 3 })]],
  ['a server that breaks off at once', [onFiles('file_truncated', { bytes: 0 })]],
  ['a length that is too large', [onFiles('file_wrong_length', { bytes: 1_000 })]],
  ['a length that is too small', [onFiles('file_wrong_length', { bytes: -1_000 })]],
  ['three redirects', [onFiles('file_redirect', { times: 3 })]],
  ['a fourth redirect, at the first try', [onFiles('file_redirect', { times: 4 })]],
  ['an address that is refused twice', [onFiles('file_expired', { times: 2 })]],
  [
    'a server that ignores ranges after a break',
    [onFiles('file_truncated', { bytes: BREAK }), onFiles('file_no_ranges')],
  ],
  ['a 416 after a break', [onFiles('file_truncated', { bytes: BREAK }), onFiles('file_416')]],
  ['a break, then another content', [onFiles('file_truncated', { bytes: BREAK }), onFiles('file_changed')]],
];

describe('a download', () => {
  it.each(CASES)('gives the whole file after %s', async (_, faults) => {
    const { app, id, row } = await keptThrough(faults);
    expect(app.emulator.faults().map(({ left }) => left)).toEqual(faults.map(() => 0));
    app.emulator.clearFaults();
    const bytes = await source(row.url);
    const kept = await readFile(path.join(app.folder, 'results', row.name));
    expect(kept.equals(bytes)).toBe(true);
    expect(row).toMatchObject({ bytes: bytes.length, sha256: sha(bytes) });
    expect(await filesIn(app)).toEqual([row.name]);
    expect(rowsOf(app, id)).toHaveLength(1);
  });

  it('goes on where it broke off, by range and validator, and carries no key', async () => {
    const { app } = await keptThrough([onFiles('file_truncated', { bytes: BREAK })]);
    const asked = app.emulator.requests().filter(({ path: at }) => at.startsWith('/files/'));
    const sent = asked.map(({ headers }) => headers as Record<string, string>);
    expect(sent.map((headers) => headers['range'])).toEqual([
      undefined,
      expect.stringMatching(/^bytes=\d{5,6}-$/),
    ]);
    expect(sent[1]?.['if-range']).toMatch(/^"[0-9a-f]{32}"$/);
    expect(JSON.stringify(sent)).not.toContain('emulator-key');
    expect(sent.flatMap(Object.keys).filter((name) => /auth|cookie/.test(name))).toEqual([]);
  });

  it('waits for room in the quota, and expires no earlier for it', async () => {
    const small = { results: { ...KEEP.results, quotaGiB: 0.001 } };
    const clock = createManualClock(NOON);
    const app = await start({ clock, config: small, emulator: { speed: 1, resultBytes: 700_000 } });
    const first = await create(app);
    await advanceUntil(clock, () => rowsOf(app, first)[0]?.state === 'saved');
    const second = await create(app);
    await advanceUntil(clock, () => rowsOf(app, second)[0]?.reason === 'over_quota');
    await app.reload({ results: { ...KEEP.results, quotaGiB: 1 } });
    await advanceUntil(clock, () => rowsOf(app, second)[0]?.state === 'saved', { stepMs: 10_000 });
    expect(await filesIn(app)).toHaveLength(2);
  });

  it('leaves the disk the room that is to stay free', async () => {
    const { app, row } = await keptThrough([], 'waiting', {
      config: { results: { ...KEEP.results, freeGiBMin: 1_000_000 } },
    });
    expect(row.state).toBe('waiting');
    expect(app.emulator.requests().filter(({ path: at }) => at.startsWith('/files/'))).toEqual([]);
  });

  it('goes to allowed hosts alone', async () => {
    const elsewhere = 'https://cdn.example/a.mp4';
    const { row } = await keptThrough(
      [onFiles('file_redirect', { location: elsewhere, times: 'always' })],
      'waiting',
    ).then(async (kept) => ({
      row: await advanceUntil(kept.clock, () =>
        rowsOf(kept.app, kept.id).find(({ reason }) => reason !== null),
      ),
    }));
    expect(row.reason).toBe('host_not_allowed');
  });
});

describe('keeping', () => {
  it('saves results of before it was switched on, and stops when it is switched off', async () => {
    const clock = createManualClock(NOON);
    const app = await start({ clock, config: {}, emulator: { speed: 1 } });
    const first = await create(app);
    await advanceUntil(clock, async () => (await urlsOf(app, first)).length > 0);
    await app.app.runDue();
    expect(rowsOf(app, first)).toEqual([]);
    await app.reload(KEEP);
    await advanceUntil(clock, () => rowsOf(app, first)[0]?.state === 'saved');
    await app.reload({});
    await app.app.runDue();
    const second = await create(app);
    await advanceUntil(clock, async () => (await urlsOf(app, second)).length > 0);
    await app.app.runDue();
    expect(rowsOf(app, second)).toEqual([]);
  });
});
