import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { makeKeeper, type KeeperRig } from './keeper-rig.ts';

const DAY = 86_400_000;
let rig: KeeperRig;
afterEach(() => rig.stop());

/** The smallest MP4 that is whole: a box of its type, a box of its index, a box of data. */
const box = (type: string, size: number): Buffer => {
  const bytes = Buffer.alloc(size, type);
  bytes.writeUInt32BE(size);
  bytes.write(type, 4, 'latin1');
  return bytes;
};
const VIDEO = Buffer.concat([box('ftyp', 24), box('moov', 16), box('mdat', 100_000)]);
const whole: KeeperRig['answer'] = (_, response) =>
  void response
    .writeHead(200, { 'content-type': 'video/mp4', 'content-length': VIDEO.length, etag: '"v1"' })
    .end(VIDEO);

/** Moves on, pass by pass, until a time has passed. */
const pass = async (byMs: number, stepMs: number): Promise<void> => {
  for (let moved = 0; moved < byMs; moved += stepMs) {
    rig.clock.step(rig.clock.now() + stepMs);
    await rig.keeper.runDue();
  }
};

describe('the keeper', () => {
  it('tries a file until Kling’s time is over, reports it once for a task, and leaves no part', async () => {
    rig = await makeKeeper();
    rig.answer = (_, response) => {
      response.writeHead(200, { 'content-length': VIDEO.length, etag: '"v1"' });
      response.write(VIDEO.subarray(0, 80_000), () => response.destroy());
    };
    await rig.succeed(1, 2);
    await pass(29 * DAY, 3_600_000);
    expect((await rig.rows(1)).map(({ state }) => state)).toEqual(['waiting', 'waiting']);
    expect(rig.facts).toEqual([]);
    await pass(2 * DAY, 3_600_000);
    expect(await rig.rows(1)).toMatchObject([
      { state: 'expired', reason: 'cut' },
      { state: 'expired', reason: 'cut' },
    ]);
    expect(rig.facts.map(({ kind }) => kind)).toEqual(['result_lost', 'result_lost']);
    const kept = rig.store.db.prepare("SELECT COUNT(*) FROM outbox WHERE dedupe_key LIKE 'result_lost:%'");
    expect(kept.pluck().get()).toBe(1);
    expect(await rig.files()).toEqual([]);
    const last = (await rig.rows(1))[0]?.expiresAt ?? 0;
    expect(rig.tries.length).toBeGreaterThan(1_000);
    expect(rig.clock.now()).toBeLessThan(last + 2 * DAY);
  });

  it('removes files when their days are over, and no others', async () => {
    rig = await makeKeeper({ keepDays: 1 });
    rig.answer = whole;
    await rig.succeed(1);
    await rig.keeper.runDue();
    expect(rig.keeper.use.savedBytes).toBe(VIDEO.length);
    await pass(DAY, 3_600_000);
    await rig.succeed(2);
    await pass(3_600_000, 3_600_000);
    expect((await rig.rows(1))[0]?.state).toBe('removed');
    expect((await rig.rows(2))[0]?.state).toBe('saved');
    expect(await rig.files()).toHaveLength(1);
    expect(rig.keeper.use.savedBytes).toBe(VIDEO.length);
  });

  it('takes a file that a kill left under its name, without a request', async () => {
    rig = await makeKeeper();
    rig.answer = whole;
    await rig.succeed(1);
    await rig.keeper.runDue();
    const [row] = await rig.rows(1);
    rig.store.db
      .exec(`UPDATE result_files SET state = 'waiting', next_at = 0, place = NULL, bytes = NULL, sha256 = NULL,
      content_type = NULL, saved_at = NULL`);
    rig.answer = (_, response) => void response.writeHead(500).end();
    await rig.keeper.runDue();
    expect(await rig.rows(1)).toMatchObject([
      { state: 'saved', sha256: row?.sha256, contentType: 'video/mp4', bytes: VIDEO.length },
    ]);
    expect((await readFile(path.join(rig.folder, row?.name ?? ''))).equals(VIDEO)).toBe(true);
  });

  it('saves no page in place of a file, and believes a strange form the second time', async () => {
    rig = await makeKeeper();
    rig.answer = (_, response) => {
      response.writeHead(200, { 'content-type': 'text/html', 'content-length': 9 }).end('<p>no</p>');
    };
    await rig.succeed(1);
    await rig.keeper.runDue();
    expect(await rig.rows(1)).toMatchObject([{ state: 'waiting', reason: 'status' }]);
    const strange = Buffer.concat([VIDEO, Buffer.from('xyz')]);
    rig.answer = (_, response) =>
      void response.writeHead(200, { 'content-length': strange.length }).end(strange);
    await pass(60_000, 60_000);
    expect(await rig.rows(1)).toMatchObject([{ state: 'waiting', reason: 'cut' }]);
    await pass(60_000, 60_000);
    expect(await rig.rows(1)).toMatchObject([{ state: 'saved', bytes: strange.length }]);
    expect(await rig.files()).toHaveLength(1);
  });

  it('keeps within the quota with several downloads at once', async () => {
    const quotaGiB = (2.5 * VIDEO.length) / 1_073_741_824;
    rig = await makeKeeper({ concurrency: 10, quotaGiB });
    rig.answer = whole;
    for (let n = 1; n <= 6; n += 1) await rig.succeed(n);
    await rig.keeper.runDue();
    await pass(120_000, 10_000);
    expect(await rig.files()).toHaveLength(2);
    expect(rig.keeper.noRoom).toBeNull();
    rig.configure({ quotaGiB: 1 });
    await pass(3_600_000, 600_000);
    expect(await rig.files()).toHaveLength(6);
  });

  it('waits as long as a server asks it to', async () => {
    rig = await makeKeeper();
    rig.answer = (_, response) => void response.writeHead(503, { 'retry-after': '600' }).end();
    await rig.succeed(1);
    await rig.keeper.runDue();
    rig.answer = whole;
    await pass(590_000, 10_000);
    expect(rig.tries).toHaveLength(1);
    await pass(20_000, 10_000);
    expect(await rig.rows(1)).toMatchObject([{ state: 'saved', attempts: 2 }]);
  });

  it('removes parts that nobody waits for when it begins, and when it is switched off', async () => {
    rig = await makeKeeper();
    rig.answer = (_, response) => {
      response.writeHead(200, { 'content-length': VIDEO.length, etag: '"v1"' });
      response.write(VIDEO.subarray(0, 80_000), () => response.destroy());
    };
    await rig.succeed(1);
    await rig.keeper.runDue();
    expect(await rig.files()).toHaveLength(1);
    const parts = path.join(rig.folder, '.parts');
    await writeFile(path.join(parts, '2026-11-18_hold_x-1.mp4.InYxIg.part'), 'left');
    await writeFile(path.join(parts, 'something'), 'else');
    rig.configure({ keep: false });
    await rig.keeper.runDue();
    expect(await rig.files()).toEqual([]);
  });
});
