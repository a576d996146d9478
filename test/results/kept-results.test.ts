import { createHash } from 'node:crypto';
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
