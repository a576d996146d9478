import { mkdtemp, mkdir, open, rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import type { KeptFiles } from '../../src/control/result-files.ts';
import { openFolderStore } from '../../src/results/folder-store.ts';
import { ResultLinks } from '../../src/results/result-links.ts';
import { Secret } from '../../src/secret.ts';
import { START, startRig } from './fixture.ts';

const BYTES = 2 ** 31;
const READERS = 20;
const MIB = 1_048_576;

/** Reads one byte of an answer at a time, as slowly as it is called. */
function readerOf(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.pause();
      const head = `GET /v1/results/big/1 HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\n\r\n`;
      socket.write(head, () => resolve(socket));
    });
    socket.on('error', reject);
  });
}

test('a file of 2 GiB sent to 20 readers of a byte a second takes bounded memory', async () => {
  const dir = await mkdtemp(path.join(tmpdir(), 'slow-readers-'));
  await mkdir(path.join(dir, '2026-11-28'));
  const handle = await open(path.join(dir, '2026-11-28', 'hold_1-1.mp4'), 'w');
  await handle.truncate(BYTES);
  await handle.close();
  const folder = openFolderStore({ dir, freeBytesMin: () => 0 });
  const links = new ResultLinks({ key: new Secret('x'), publicUrl: () => '', lifeMs: () => 1 });
  const files: KeptFiles = {
    read: (target, now) => links.read(target, now),
    publicHost: () => null,
    find: async () => ({
      bytes: BYTES,
      sha256: 'a'.repeat(64),
      mediaType: 'video/mp4',
      name: 'big.mp4',
      savedAt: START,
    }),
    open: (_file, span) => folder.open('2026-11-28/hold_1-1.mp4', span),
    onUnreadable: (_file, error) => expect.fail(String(error)),
  };
  const rig = await startRig({ results: files });
  try {
    const before = process.memoryUsage();
    const sockets = await Promise.all(Array.from({ length: READERS }, () => readerOf(rig.port)));
    let most = 0;
    for (let second = 0; second < 10; second += 1) {
      for (const socket of sockets) socket.read(1);
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      most = Math.max(most, process.memoryUsage().rss - before.rss);
    }
    expect(sockets.every((socket) => !socket.destroyed)).toBe(true);
    expect(most / MIB).toBeLessThan(96);
    for (const socket of sockets) socket.destroy();
  } finally {
    await rig.close();
    await rm(dir, { recursive: true });
  }
});
