import { existsSync, readFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { hostname } from 'node:os';
import { describe, expect, test } from 'vitest';
import { createManualClock, systemClock } from '../../src/clock.ts';
import { takeOwnership } from '../../src/store/sqlite/owner.ts';
import { openTestStore, refusalOf, startChild, tempStorePath } from './test-store.ts';

/** A pid namespace of one's own needs a right that not every CI has. */
const UNSHARE = ['unshare', '--pid', '--fork', '--kill-child'];
const canUnshare = spawnSync(UNSHARE[0] ?? '', [...UNSHARE.slice(1), 'true']).status === 0;

describe('ownership', () => {
  test('is one process’s: a second start names the first by pid and host', async () => {
    const path = tempStorePath();
    await openTestStore(path);
    const owner = JSON.parse(readFileSync(`${path}.owner.json`, 'utf8')) as Record<string, unknown>;
    expect(owner).toMatchObject({ pid: process.pid, host: hostname() });
    const child = startChild(['own', path]);
    expect(await child.line()).toBe('store_owned');
    const refusal = await refusalOf(openTestStore(path));
    expect(refusal).toMatchObject({ code: 'store_owned', detail: { pid: process.pid, host: hostname() } });
    expect(refusal.message).toContain(`pid ${process.pid} on host ${hostname()}`);
  });

  test('ends with the process, at every kind of end', async () => {
    const path = tempStorePath();
    const child = startChild(['own', path]);
    expect(await child.line()).toContain('a new store was made');
    expect(await child.line()).toBe('open');
    expect((await refusalOf(openTestStore(path))).detail['pid']).toBe(child.process.pid);
    await child.kill();
    expect(existsSync(`${path}.owner.json`)).toBe(true);
    await openTestStore(path);
  });

  test('is waited for as long as asked, by the clock handed in', async () => {
    const path = tempStorePath();
    const first = await takeOwnership(path, { waitMs: 0, clock: systemClock });
    const clock = createManualClock(0);
    const refused = refusalOf(takeOwnership(path, { waitMs: 1000, clock }));
    await clock.advance(1000);
    expect((await refused).message).toContain('waited 1000 ms');
    let taken = false;
    const second = takeOwnership(path, { waitMs: 60_000, clock }).then((ownership) => {
      taken = true;
      return ownership;
    });
    await clock.advance(30_000);
    expect(taken).toBe(false);
    first.release();
    first.release();
    await clock.advance(100);
    (await second).release();
    expect(existsSync(`${path}.owner.json`)).toBe(false);
  });

  test('goes to exactly one of several that start together', async () => {
    const path = tempStorePath();
    await (await openTestStore(path)).close();
    const children = Array.from({ length: 5 }, () => startChild(['own', path]));
    const lines = await Promise.all(children.map((child) => child.line()));
    expect(lines.filter((line) => line === 'open')).toHaveLength(1);
    expect(lines.filter((line) => line === 'store_owned')).toHaveLength(4);
  });

  test.skipIf(!canUnshare)(
    'holds between pid namespaces, where both are pid 1 (skipped where unshare is not allowed)',
    async () => {
      const path = tempStorePath();
      const first = startChild(['own', path], UNSHARE);
      expect(await first.line()).toContain('a new store was made');
      expect(await first.line()).toBe('open');
      const owner = JSON.parse(readFileSync(`${path}.owner.json`, 'utf8')) as { pid: number };
      expect(owner.pid).toBe(1);
      const second = startChild(['own', path], UNSHARE);
      expect(await second.line()).toBe('store_owned');
      await first.kill();
      await openTestStore(path, { waitForOwnerMs: 10_000 });
    },
  );
});
