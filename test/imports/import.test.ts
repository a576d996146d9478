import { createReadStream } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { importCalls, type ImportLine, type ImportRun } from '../../src/imports/import.ts';
import type { Place } from '../../src/calls/cursor.ts';
import type { CallRecord } from '../../src/calls/call.ts';
import { readExportPage, type ExportPage } from '../../src/imports/export.ts';
import { importBatch, importInPieces, readSource } from '../../src/imports/import-table.ts';
import { journalCalls } from '../../src/sla/journal.ts';
import { readMonth } from '../../src/sla/month-table.ts';
import { verifyWindows } from '../../src/sla/verify.ts';
import type { Store } from '../../src/store/store.ts';
import type { MemoryStore } from '../ledger/memory-store.ts';
import { ask, newCall, newUnreachable, journalled } from '../sla/making.ts';
import { createSlaStore } from '../sla/sla-store.ts';

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
    expect(await importText(text)).toEqual({
      lines: 4,
      imported: 4,
      known: 0,
      other: 0,
      otherFirst: null,
      bad: 0,
      badLines: [],
      hosts: [{ host: 'api-singapore.klingai.com', calls: 4 }],
      withoutId: 3,
      doubtful: 0,
      olderThanRetention: 0,
      oldestAt: Date.parse(LINE.time),
    });
    expect(await importText(text)).toMatchObject({ imported: 0, known: 4 });
    expect(await numbers()).toMatchObject({ valid: 4, errors: 2 });
    expect(await importText(linesOf(LINE, LINE, LINE))).toMatchObject({ imported: 1, known: 2 });
  });

  it('distinguishes request ids by source and attempt, not by time', async () => {
    const line = { ...LINE, requestId: 'r1' };
    await importText(linesOf(line, { ...line, time: '2026-10-05T12:00:01Z' }, { ...line, attempt: 2 }));
    expect(await importText(linesOf(line), { source: 'other' })).toMatchObject({ imported: 1 });
    expect((await numbers()).valid).toBe(3);
  });

  it('recognises a file after the journal has dropped its calls', async () => {
    await importText(linesOf(LINE, LINE));
    store.db.exec('DELETE FROM journal');
    expect(await importText(linesOf(LINE, LINE))).toMatchObject({ imported: 0, known: 2 });
    store.db.exec('DELETE FROM sla_windows');
  });

  it('names the first bad line and its problem', async () => {
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
    [{ ...LINE, method: 'G T' }, 'method must be a method such as GET'],
    [{ ...LINE, path: 'v1' }, 'path must be a path that begins with /, or a full URL'],
    [{ ...LINE, path: 'https://' }, 'path must be a path that begins with /, or a full URL'],
    [{ ...LINE, path: 'ftp://api.klingai.com/v1' }, 'path must be a path that begins with /, or a full URL'],
    [
      { ...LINE, path: 'https://api-beijing.klingai.com/v1', host: 'api-singapore.klingai.com' },
      'path names the host api-beijing.klingai.com, and host says api-singapore.klingai.com',
    ],
    [
      { ...LINE, host: 'api-singapore.klingai.com/v1' },
      'host must be a host name such as api-singapore.klingai.com, without a path',
    ],
    [{ ...LINE, time: '2026-02-30T12:00:00Z' }, 'time names the day 2026-02-30, which no calendar has'],
    [{ ...LINE, time: '2026-06-31T12:00:00Z' }, 'time names the day 2026-06-31, which no calendar has'],
    [{ ...LINE, time: '1790000000' }, 'time is before 2023 (are these seconds? milliseconds are expected)'],
    [{ ...LINE, status: '2oo' }, 'status must be a number from 200 to 599'],
    [{ ...LINE, status: '' }, 'status must be a number from 200 to 599'],
    [{ ...LINE, requestId: 'x'.repeat(201) }, 'requestId must be at most 200 characters'],
    [{ ...LINE, request_id: 'r' }, 'the key "request_id" is unknown; write it as requestId'],
    [{ ...LINE, latency_ms: 1 }, 'the key "latency_ms" is unknown; write it as latencyMs'],
    [{ ...LINE, Blame: 'local' }, 'the key "Blame" is unknown; write it as blame'],
    [{ ...LINE, statusCode: 200 }, 'the key "statusCode" is unknown; write it as status'],
    ['{"time":1,"method":"GET","time":2}', 'the key "time" appears twice'],
    ['{"a":{"b":1,"c":[{"b":1}],"b":2}}', 'the key "b" appears twice'],
    ['{"a":"\\"b\\":1","\\u0061" : 2}', 'the key "a" appears twice'],
    [{ ...LINE, blame: 'upstream' }, 'blame is for lines with error, not for answered ones'],
    [
      { ...LINE, status: undefined, error: 'dns', blame: 'them' },
      'blame must be one of upstream, local, unknown',
    ],
    [
      { ...LINE, status: undefined, error: 'dns', blame: ['local'] },
      'blame must be one of upstream, local, unknown',
    ],
    [
      { ...LINE, status: undefined, error: 'read ECONNRESET', blame: 'upstream' },
      "blame is for requests that never arrived; 'read ECONNRESET' was sent and may have arrived",
    ],
  ])('leaves out %j with --skip-bad and says why', async (line, problem) => {
    const text = `${typeof line === 'string' ? line : JSON.stringify(line)}\n\n${linesOf(LINE)}\n`;
    expect(await importText(text, { skipBad: true })).toMatchObject({
      lines: 3,
      imported: 1,
      known: 0,
      bad: 1,
      badLines: [{ line: 1, problem }],
    });
  });

  it('names the keys if it does not know which one is meant', async () => {
    await expect(importText(linesOf({ ...LINE, colour: 'red' }))).rejects.toMatchObject({
      detail: {
        line: 1,
        problem: expect.stringMatching(/^the key "colour" is unknown; known are time, method, path, /),
      },
    });
  });

  it('takes numbers as text, methods in any case, and full URLs', async () => {
    const calls: CallRecord[] = [];
    const write: ImportRun['write'] = (batch) =>
      Promise.resolve(calls.push(...batch.map(({ call }) => call)));
    const path = 'HTTPS://API-Beijing.klingai.com.:443/v1/videos/text2video/abc?x=1#y';
    await importText(
      linesOf(
        { ...LINE, method: 'get', status: '503', latencyMs: '12.5', code: '5000', attempt: '2', path },
        { ...LINE, time: String(Date.parse(LINE.time)), host: 'Api.KlingAI.com.' },
        { ...LINE, time: '2026-10-05 14:00:00.5+02:00', path: 'http://127.0.0.1:5566' },
      ),
      { write },
    );
    expect(calls).toMatchObject([
      {
        method: 'GET',
        route: 'GET videos',
        host: 'api-beijing.klingai.com',
        status: 503,
        durationMs: 12.5,
        code: 5000,
        attempt: 2,
      },
      { at: Date.parse(LINE.time), host: 'api.klingai.com' },
      { at: Date.parse(LINE.time) + 500, host: '127.0.0.1:5566', route: 'unmatched' },
    ]);
  });

  it('counts errors that prove that nothing was sent as unreachable, and the others as no answer', async () => {
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

  it('sends at most two batches at once, and numbers equal lines', async () => {
    const sent: ImportLine[][] = [];
    const answers: (() => void)[] = [];
    let most = 0;
    const send = async (lines: ImportLine[]): Promise<number> => {
      sent.push(lines);
      most = Math.max(most, sent.length - answered);
      await new Promise<void>((resolve) => answers.push(resolve));
      return lines.length;
    };
    let answered = 0;
    const chunks = chunksOf(linesOf(...Array.from({ length: 7 }, () => LINE)));
    const options = { source: 's', host: 'h', now: NOW, skipBad: false, routeOf: () => 'x' };
    const done = importCalls(chunks, { ...options, send, batchCalls: 2 });
    while (answered < 4) {
      await vi.waitFor(() => expect(answers.length).toBeGreaterThan(answered));
      answers[answered]?.();
      answered += 1;
    }
    expect(await done).toMatchObject({ lines: 7, imported: 7 });
    expect(most).toBe(2);
    expect(sent.map((lines) => lines.map(({ repeat }) => repeat))).toEqual([[0, 1], [2, 3], [4, 5], [6]]);
    expect(sent[0]?.[0]?.text).toBe(JSON.stringify(LINE));
  });

  it('gives the same rows and counts in pieces of any size, and none twice', async () => {
    const many = Array.from({ length: 150 }, (_, index) => ({
      ...LINE,
      time: Date.parse(LINE.time) + Math.floor(index / 3) * 60_000,
      status: index % 7 === 0 ? 500 : 200,
      ...(index % 2 === 0 && { requestId: `r${index % 100}` }),
    }));
    const rows = (from: MemoryStore) => [
      from.db.prepare('SELECT * FROM calls ORDER BY at, id').all(),
      from.db.prepare('SELECT * FROM sla_windows ORDER BY window_start').all(),
    ];
    const sizes: number[] = [];
    let turns = 0;
    const background: Store['background'] = (operation, take) => {
      turns += 1;
      const calls = take(turns % 3 !== 0);
      sizes.push((calls as unknown[]).length);
      return store.run(operation, calls);
    };
    const inPieces: Partial<ImportRun> = { write: (batch) => importInPieces({ background }, batch, 50) };
    const once = createSlaStore();
    try {
      const whole = await importText(linesOf(...many), {}, once);
      expect(await importText(linesOf(...many), inPieces)).toEqual(whole);
      expect(sizes).toEqual([30, 30, 50, 30, 10]);
      expect(rows(store)).toEqual(rows(once));
      expect(await importText(linesOf(...many), inPieces)).toMatchObject({ imported: 0, known: 150 });
    } finally {
      once.close();
    }
  });

  it('counts the calls whose rows are soon dropped, known ones too, and names the oldest', async () => {
    const at = Date.parse(LINE.time);
    const text = linesOf({ ...LINE, time: at - 1 }, { ...LINE, time: at }, { ...LINE, time: at - 5 });
    const told = { olderThanRetention: 2, oldestAt: at - 5 };
    expect(await importText(text, { keptFrom: at })).toMatchObject({ imported: 3, ...told });
    expect(await importText(text, { keptFrom: at })).toMatchObject({ known: 3, ...told });
    expect(await importText('', { keptFrom: at })).toMatchObject({ olderThanRetention: 0, oldestAt: null });
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
    let after: Place | null = null;
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
    await store.run(
      journalCalls,
      journalled([
        newCall({ status: 500, code: 5001, klingRequestId: 'k1', attempt: 2 }),
        newCall({ origin: 'sidecar', tag: 'sla-probe' }),
        newCall({ status: null }),
        newUnreachable(),
        newUnreachable({ at: Date.UTC(2026, 9, 6) }),
      ]),
    );
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

  it('is recognised by its own store after the journal has dropped the calls', async () => {
    await store.run(journalCalls, journalled([newCall({ status: 500 })]));
    const text = await exported(store);
    store.db.exec('DELETE FROM journal');
    expect(await importText(text)).toMatchObject({ imported: 0, known: 1 });
    expect((await numbers()).errors).toBe(1);
    store.db.exec('DELETE FROM sla_windows');
  });
});
