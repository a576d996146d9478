import { createReadStream } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { importCalls, type ImportRun } from '../../src/sla/import.ts';
import { readExportPage, type ExportCursor, type ExportPage } from '../../src/sla/export.ts';
import { importBatch, journalCalls, readSource } from '../../src/sla/journal.ts';
import { readMonth } from '../../src/sla/month-table.ts';
import { verifyWindows } from '../../src/sla/verify.ts';
import type { MemoryStore } from '../ledger/memory-store.ts';
import { ask, newCall, newUnreachable } from './making.ts';
import { createSlaStore } from './sla-store.ts';

const NOW = Date.UTC(2026, 10, 21);
const MONTH = { start: Date.UTC(2026, 9, 1), end: Date.UTC(2026, 10, 1) };

let store: MemoryStore;

beforeEach(() => {
  store = createSlaStore();
});
afterEach(async () => {
  const { differences } = await store.run(verifyWindows, MONTH);
  store.close();
  expect(differences).toEqual([]);
});

const LINE = {
  time: '2026-10-05T12:00:00Z',
  method: 'GET',
  path: '/v1/videos/text2video/abc?x=1',
  status: 200,
};

async function* chunksOf(text: string, size = 37): AsyncGenerator<string> {
  for (let at = 0; at < text.length; at += size) yield text.slice(at, at + size);
}

const linesOf = (...lines: object[]): string => lines.map((line) => JSON.stringify(line)).join('\n');

function importText(text: string, options: Partial<ImportRun> = {}, into: MemoryStore = store) {
  return importCalls(chunksOf(text), {
    source: 'gateway',
    host: 'api-singapore.klingai.com',
    now: NOW,
    routeOf: (method, path) => (path.startsWith('/v1/videos/') ? `${method} videos` : 'unmatched'),
    skipBad: false,
    write: (batch) => into.run(importBatch, batch),
    ...options,
  });
}

const numbers = async (from: MemoryStore = store) => (await from.run(readMonth, ask())).requests;

describe('importing', () => {
  it('twice changes nothing, and equal lines of one file stay two', async () => {
    const text = linesOf(LINE, LINE, { ...LINE, status: 503 }, { ...LINE, requestId: 'r1', status: 500 });
    expect(await importText(text)).toEqual({ lines: 4, imported: 4, known: 0, bad: 0, badLines: [] });
    expect(await importText(text)).toMatchObject({ imported: 0, known: 4 });
    expect(await numbers()).toMatchObject({ valid: 4, errors: 2 });
    expect(await importText(linesOf(LINE, LINE, LINE))).toMatchObject({ imported: 1, known: 2 });
  });

  it('tells request ids apart by source and attempt, not by time', async () => {
    const line = { ...LINE, requestId: 'r1' };
    await importText(linesOf(line, { ...line, time: '2026-10-05T12:00:01Z' }, { ...line, attempt: 2 }));
    expect(await importText(linesOf(line), { source: 'other' })).toMatchObject({ imported: 1 });
    expect((await numbers()).valid).toBe(3);
  });

  it('knows a file again after the journal has dropped its calls', async () => {
    await importText(linesOf(LINE, LINE));
    store.db.exec('DELETE FROM calls');
    expect(await importText(linesOf(LINE, LINE))).toMatchObject({ imported: 0, known: 2 });
    store.db.exec('DELETE FROM sla_windows');
  });

  it('names the first bad line and what is wrong with it', async () => {
    const bad = linesOf(LINE, { ...LINE, status: 42 });
    await expect(importText(bad)).rejects.toMatchObject({
      code: 'bad_usage',
      detail: { line: 2, problem: 'status must be a number from 200 to 599' },
    });
  });

  it.each<[object | string, string]>([
    ['{"time":', 'no JSON'],
    ['[1]', 'no JSON object'],
    [
      { ...LINE, time: '2026-10-05T12:00:00' },
      'time must be ISO 8601 with Z or an offset, or milliseconds since 1970',
    ],
    [{ ...LINE, time: 1_791_201_600 }, 'time is before 2023 (are these seconds? milliseconds are expected)'],
    [{ ...LINE, time: '2026-12-01T00:00:00Z' }, 'time is in the future'],
    [{ ...LINE, status: undefined }, 'exactly one of status and error is needed'],
    [{ ...LINE, error: 'x' }, 'exactly one of status and error is needed'],
    [{ ...LINE, method: 'get' }, 'method must be a method such as GET'],
    [{ ...LINE, path: 'v1' }, 'path must be a path that begins with /'],
    [{ ...LINE, blame: 'upstream' }, 'blame is for lines with error, not for answered ones'],
    [
      { ...LINE, status: undefined, error: 'dns', blame: 'them' },
      'blame must be one of upstream, local, unknown',
    ],
    [
      { ...LINE, status: undefined, error: 'read ECONNRESET', blame: 'upstream' },
      "blame is for requests that never arrived; 'read ECONNRESET' was sent and may have arrived",
    ],
  ])('leaves out %j with --skip-bad and says why', async (line, problem) => {
    const text = `${typeof line === 'string' ? line : JSON.stringify(line)}\n\n${linesOf(LINE)}\n`;
    expect(await importText(text, { skipBad: true })).toEqual({
      lines: 3,
      imported: 1,
      known: 0,
      bad: 1,
      badLines: [{ line: 1, problem }],
    });
  });

  it('takes what proves that nothing was sent as unreachable, and the rest as no answer', async () => {
    const failing = (error: string, blame?: string) => ({ ...LINE, status: undefined, error, blame });
    await importText(
      linesOf(
        failing('connect ECONNREFUSED 1.2.3.4:443', 'upstream'),
        failing('getaddrinfo ENOTFOUND api.klingai.com'),
        failing('Connect Timeout Error', 'local'),
        failing('something odd', 'upstream'),
        failing('something odd'),
        failing('socket hang up'),
      ),
    );
    expect(await numbers()).toMatchObject({
      unreachable: 4,
      unreachableUpstream: 2,
      unreachableLocal: 1,
      unreachableUnknown: 1,
      noAnswer: 2,
      valid: 2,
      errors: 2,
    });
  });

  it('keeps whole batches before a bad line, and stops at a write that fails', async () => {
    const many = linesOf(...Array.from({ length: 600 }, (_, index) => ({ ...LINE, latencyMs: index })));
    const batchCalls = 250;
    await expect(importText(`${many}\n{`, { batchCalls })).rejects.toMatchObject({ detail: { line: 601 } });
    expect((await numbers()).valid).toBe(500);
    const progress: number[] = [];
    const onProgress: ImportRun['onProgress'] = ({ lines }) => void progress.push(lines);
    expect(await importText(many, { batchCalls, onProgress })).toMatchObject({ imported: 100, known: 500 });
    expect(progress).toHaveLength(3);
    const failing = { write: () => Promise.reject(new Error('disk full')) };
    await expect(importText(many, failing)).rejects.toThrow('disk full');
  });

  it('stops at text that is not made of lines', async () => {
    await expect(importText('x'.repeat(300_000))).rejects.toMatchObject({ code: 'bad_usage' });
  });

  it('checks a file without writing when it is given nothing to write with', async () => {
    const { write: _write, ...check } = {
      source: 's',
      host: 'h',
      now: NOW,
      skipBad: false,
      write: null,
      routeOf: () => 'x',
    };
    expect(await importCalls(chunksOf(linesOf(LINE, LINE)), check)).toMatchObject({ lines: 2, imported: 2 });
    expect((await numbers()).valid).toBe(0);
    await expect(importCalls(createReadStream('/nowhere/x.jsonl'), check)).rejects.toThrow('ENOENT');
  });
});

describe('exporting', () => {
  async function exported(from: MemoryStore): Promise<string> {
    const lines: string[] = [];
    let after: ExportCursor | null = null;
    for (;;) {
      const page: ExportPage = await from.run(readExportPage, {
        ...MONTH,
        after,
        limit: 2,
      });
      lines.push(...page.lines);
      if (page.next === null) return lines.join('\n');
      after = page.next;
    }
  }

  it('merges into another store with the same counts, and back into its own without a change', async () => {
    await store.run(journalCalls, [
      newCall({ status: 500, code: 5001, klingRequestId: 'k1', attempt: 2 }),
      newCall({ origin: 'sidecar', tag: 'sla-probe' }),
      newCall({ status: null }),
      newUnreachable(),
      newUnreachable({ at: Date.UTC(2026, 9, 6) }),
    ]);
    const text = await exported(store);
    expect(text.split('\n')).toHaveLength(5);
    const other = createSlaStore();
    expect(await importText(text, {}, other)).toMatchObject({ imported: 5 });
    expect(await numbers(other)).toEqual(await numbers());
    expect(await importText(await exported(other), {}, other)).toMatchObject({ imported: 0, known: 5 });
    other.close();
    expect(await importText(text)).toMatchObject({ imported: 0, known: 5 });
    expect(await store.run(readSource, {})).toMatch(/^sidecar-[0-9a-f]{16}$/);
  });

  it('is known to its own store after the journal has dropped the calls', async () => {
    await store.run(journalCalls, [newCall({ status: 500 })]);
    const text = await exported(store);
    store.db.exec('DELETE FROM calls');
    expect(await importText(text)).toMatchObject({ imported: 0, known: 1 });
    expect((await numbers()).errors).toBe(1);
    store.db.exec('DELETE FROM sla_windows');
  });
});
