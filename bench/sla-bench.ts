/**
 * The cost of availability at scale: an import of synthetic calls, the month's report from windows, its recount from the
 * journal, the claim, and the wait of a write during an import.
 *
 * Run by `node bench/sla-bench.ts [--calls N] [--folder PATH]`; the folder's disk is what is measured.
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { composeClaim } from '../src/claims/compose.ts';
import { KLING_HOSTS } from '../src/claims/evidence.ts';
import { systemClock } from '../src/clock.ts';
import { newId } from '../src/ids.ts';
import { routesWith } from '../src/kling/routes.ts';
import { KLING_AGREEMENTS } from '../src/sla/agreement.ts';
import { importCalls } from '../src/imports/import.ts';
import { importInPieces } from '../src/imports/import-table.ts';
import { journalCalls } from '../src/sla/journal.ts';
import { readMonth } from '../src/sla/month-table.ts';
import { verifySla } from '../src/sla/verify.ts';
import { openStore } from '../src/store/sqlite/open-store.ts';
import type { Store } from '../src/store/store.ts';

const MONTH = '2025-10';
const START = Date.UTC(2025, 8, 30, 16);
const MONTH_MS = 31 * 86_400_000;
const HOST = 'api-singapore.klingai.com';
const LINES_PER_CHUNK = 500;
/** Calls in one write if there are no other writes; the same number as in the command. */
const AT_ONCE_ALONE = 10_000;
/** Calls of an import beside writes that requests wait for: it is slow then, and this is to end. */
const CALLS_BESIDE = 5_000;

const { values } = parseArgs({
  options: {
    calls: { type: 'string', default: '1000000' },
    folder: { type: 'string', default: tmpdir() },
  },
});
const calls = Number(values.calls);
if (!Number.isInteger(calls) || calls < 10_000) {
  throw new Error(`--calls is "${values.calls}": a whole number from 10000 is wanted`);
}
const folder = mkdtempSync(join(values.folder, 'sla-bench-'));
const routes = routesWith([]);

/** Calls spread over the month, a 5xx in two thousand, and a day's outage of 50 minutes. */
async function* linesOf(count: number, name: string): AsyncGenerator<string> {
  let chunk = '';
  for (let i = 0; i < count; i += 1) {
    const at = START + Math.floor((i / count) * MONTH_MS);
    const isOutage = at - START > 10 * 86_400_000 && at - START < 10 * 86_400_000 + 3_000_000;
    const status = isOutage || i % 2000 === 0 ? 503 : 200;
    chunk +=
      `{"time":${at},"method":"GET","path":"/v1/videos/text2video/${i}","status":${status},` +
      `"latencyMs":${100 + (i % 400)},"requestId":"${name}-${i}"}\n`;
    if (i % LINES_PER_CHUNK === LINES_PER_CHUNK - 1) {
      yield chunk;
      chunk = '';
    }
  }
  yield chunk;
}

function importInto(store: Store, count: number, options: { name: string; atOnce?: number }) {
  return importCalls(linesOf(count, options.name), {
    source: 'bench',
    host: HOST,
    now: systemClock.now(),
    skipBad: false,
    ...(options.atOnce !== undefined && { batchCalls: options.atOnce, batchChars: Infinity }),
    routeOf(method, path) {
      const found = routes.find(method, path);
      return found.kind === 'match' ? found.route.template : 'unmatched';
    },
    write: (batch) => importInPieces(store, batch, options.atOnce),
  });
}

async function timed<T>(name: string, run: () => Promise<T>, rate?: number): Promise<T> {
  const from = systemClock.monotonic();
  const result = await run();
  const seconds = (systemClock.monotonic() - from) / 1000;
  const perSecond = rate === undefined ? '' : `  ${Math.round(rate / seconds)} calls/s`;
  process.stdout.write(`${name.padEnd(44)} ${seconds.toFixed(2).padStart(9)} s${perSecond}\n`);
  return result;
}

/** Writes one call after the other until `isOver`; gives how long each waited, in milliseconds. */
async function writeAlong(store: Store, isOver: () => boolean): Promise<number[]> {
  const waits: number[] = [];
  while (!isOver()) {
    const at = systemClock.now();
    const from = systemClock.monotonic();
    // It has the priority of a create's writes, so that the import waits for it.
    await store.write({ ...journalCalls, isAwaited: true }, { instance: null, calls: [ownCall(at)] });
    waits.push(systemClock.monotonic() - from);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return waits.sort((a, b) => a - b);
}

function ownCall(at: number): Parameters<typeof journalCalls.run>[1]['calls'][number] {
  return {
    id: newId('call', at),
    requestId: newId('req', at),
    at,
    app: 'default',
    tag: null,
    method: 'POST',
    route: '/v1/videos/text2video',
    host: HOST,
    status: 200,
    code: 0,
    klingRequestId: null,
    taskId: null,
    holdId: null,
    attempt: 1,
    outcome: 'ok',
    errorClass: null,
    durationMs: 12,
    overheadMs: 0.3,
    bytesSent: 200,
    bytesReceived: 300,
    clockOffsetMs: null,
    origin: 'app',
    evidence: null,
  };
}

function tellWaits(name: string, waits: readonly number[]): void {
  const at = (share: number): string => (waits[Math.floor(waits.length * share)] ?? 0).toFixed(2);
  process.stdout.write(
    `${name.padEnd(44)} p50 ${at(0.5)} ms, p90 ${at(0.9)} ms, p99 ${at(0.99)} ms (${waits.length})\n`,
  );
}

async function measure(store: Store): Promise<void> {
  const question = {
    month: MONTH,
    timeZone: 'Asia/Shanghai',
    terms: { source: 'none' as const, terms: [] },
    agreements: KLING_AGREEMENTS,
    now: systemClock.now(),
    hosts: null,
  };
  await timed('import', () => importInto(store, calls, { name: 'a', atOnce: AT_ONCE_ALONE }), calls);
  const { bytes } = store.stats();
  const perCall = Math.round(bytes / calls);
  process.stdout.write(
    `${'file size'.padEnd(44)} ${(bytes / 1_048_576).toFixed(0)} MiB, ${perCall} bytes a call\n`,
  );
  const month = await timed('month’s report, from windows', () => store.read(readMonth, question));
  process.stdout.write(`${'  availability'.padEnd(44)} ${month.availability ?? '-'} %\n`);
  const check = await timed('recount from the journal', () =>
    verifySla(store, { start: START, end: START + MONTH_MS }),
  );
  process.stdout.write(
    `${'  differences'.padEnd(44)} ${check.differences.length} of ${check.windows} windows, ${check.attempts} calls\n`,
  );
  await timed('claim composed', () =>
    store.read(composeClaim, {
      question: { ...question, hosts: [...KLING_HOSTS] },
      settings: {
        claimant: { accountId: null, company: null, contact: null, signatory: null },
        baseUrl: `https://${HOST}`,
        calendar: 'CN',
        calendarOverride: null,
        invoice: null,
        packPrices: [],
        price: { perCredit: '0.014', currency: 'USD' },
      },
    }),
  );
  await measureWaits(store);
}

async function measureWaits(store: Store): Promise<void> {
  const untilTick = systemClock.monotonic() + 3000;
  tellWaits(
    'a durable write, nothing else',
    await writeAlong(store, () => systemClock.monotonic() > untilTick),
  );
  let isOver = false;
  const importing = importInto(store, CALLS_BESIDE, { name: 'b' }).finally(() => {
    isOver = true;
  });
  tellWaits('a durable write beside an import', await writeAlong(store, () => isOver));
  await importing;
}

try {
  const store = await openStore({
    path: join(folder, 'sidecar.db'),
    workers: {
      writer: new URL('../src/app/store-writer.ts', import.meta.url),
      reader: new URL('../src/app/store-reader.ts', import.meta.url),
    },
    clock: systemClock,
  });
  process.stdout.write(`${calls} calls in ${folder}\n`);
  try {
    await measure(store);
  } finally {
    await store.close();
  }
  const { size } = statSync(join(folder, 'sidecar.db'));
  process.stdout.write(`${'file size, closed'.padEnd(44)} ${(size / 1_048_576).toFixed(0)} MiB\n`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
