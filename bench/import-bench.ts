/**
 * The cost of an import for creates at the same time: the real command and a real sidecar, with and without creates.
 *
 * Run by `node bench/import-bench.ts [--lines N] [--seconds N] [--rounds N] [--rate N] [--latency MS]…`. First a file is
 * imported beside an idle sidecar; then, before an upstream of each latency, paced creates are measured in turn without
 * and with an import, so that each ratio is from one run. Figures are medians over the rounds. It takes about
 * 2 × rounds × seconds for each latency, and the idle import.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Agent, request } from 'undici';
import { median } from './median.ts';
import { cpuMicroseconds, end, endAll, freePort, start, track, type Started } from './processes.ts';
import { CREATE_BODY, CREATE_PATH, waitUntilAnswered } from './requests.ts';

const PROJECT = join(import.meta.dirname, '..');
const PROGRAM = join(PROJECT, 'bin/kling-sidecar.js');
const MONTH = '2025-10';
const START = Date.UTC(2025, 8, 30, 16);
const MONTH_MS = 31 * 86_400_000;
/** More lines than an import beside creates takes in the time of a phase. */
const LINES_BESIDE = 300_000;
/** Creates before the first measured phase: a JIT compiler needs them. */
const WARM_UP_SECONDS = 5;
/** The pause between phases, so that work of one phase does not disturb the next. */
const PAUSE_MS = 1500;

const { values } = parseArgs({
  options: {
    lines: { type: 'string', default: '1000000' },
    seconds: { type: 'string', default: '15' },
    rounds: { type: 'string', default: '4' },
    rate: { type: 'string', default: '20' },
    latency: { type: 'string', multiple: true, default: ['0', '300'] },
  },
});
const lines = wholeNumber('--lines', values.lines, { min: 0, max: 20_000_000 });
const seconds = wholeNumber('--seconds', values.seconds, { min: 3, max: 120 });
const rounds = wholeNumber('--rounds', values.rounds, { min: 1, max: 20 });
const rate = wholeNumber('--rate', values.rate, { min: 1, max: 500 });
const latencies = values.latency.map((text) => wholeNumber('--latency', text, { min: 0, max: 10_000 }));

function wholeNumber(option: string, text: string, { min, max }: { min: number; max: number }): number {
  const value = Number(text);
  if (text !== '' && Number.isInteger(value) && value >= min && value <= max) return value;
  throw new Error(`${option} is "${text}": allowed are whole numbers from ${min} to ${max}`);
}

interface Rig {
  home: string;
  configPath: string;
  origin: string;
  control: string;
  sidecar: Started;
  upstream: Started;
}

async function startRig(folder: string, latencyMs: number): Promise<Rig> {
  const [upstreamPort, readingPort] = [await freePort(), await freePort()];
  const [port, controlPort] = [await freePort(), await freePort()];
  const home = mkdtempSync(join(folder, 'sidecar-'));
  const upstream = start(
    {
      file: process.execPath,
      args: [
        join(import.meta.dirname, 'peers/instant.ts'),
        String(upstreamPort),
        String(readingPort),
        String(latencyMs),
      ],
    },
    join(home, 'upstream.log'),
  );
  const configPath = join(home, 'sidecar.config.json');
  const config = {
    listen: { port },
    control: { port: controlPort },
    upstream: { baseUrl: `http://127.0.0.1:${upstreamPort}` },
    store: { path: 'data/sidecar.db', callRetentionDays: 3650, adopt: false },
    budgets: [{ name: 'daily', credits: 1_000_000_000, window: 'day', timeZone: 'UTC', mode: 'enforce' }],
  };
  writeFileSync(configPath, JSON.stringify(config, null, 2));
  await waitUntilAnswered(`http://127.0.0.1:${upstreamPort}/v1/videos/text2video/1`, {}, upstream);
  const sidecar = start(
    {
      file: process.execPath,
      args: [PROGRAM, 'start', '--config', configPath],
      env: { KLING_API_KEY: 'bench-key' },
      cwd: home,
    },
    join(home, 'sidecar.log'),
  );
  const control = `http://127.0.0.1:${controlPort}`;
  await waitUntilAnswered(`${control}/readyz`, {}, sidecar);
  return { home, configPath, origin: `http://127.0.0.1:${port}`, control, sidecar, upstream };
}

async function endRig({ sidecar, upstream }: Rig): Promise<void> {
  await end(sidecar.child);
  await end(upstream.child);
}

/** Writes calls spread over a month, a 5xx in two thousand; `name` keeps files apart. */
async function writeLines(path: string, count: number, name: string): Promise<void> {
  const file = createWriteStream(path);
  let chunk = '';
  for (let i = 0; i < count; i += 1) {
    const time = START + Math.floor((i / count) * MONTH_MS);
    chunk +=
      `{"time":${time},"method":"GET","path":"/v1/videos/text2video/${i}","status":${i % 2000 === 0 ? 503 : 200},` +
      `"latencyMs":${100 + (i % 400)},"requestId":"${name}-${i}"}\n`;
    if (chunk.length < 1_000_000) continue;
    if (!file.write(chunk)) await once(file, 'drain');
    chunk = '';
  }
  file.end(chunk);
  await once(file, 'finish');
}

/** Runs the real command; SIGINT ends it, as Ctrl-C does. */
function startImport(
  rig: Rig,
  file: string,
): { stop: () => Promise<string>; done: Promise<string>; pid: number } {
  const child = spawn(process.execPath, [PROGRAM, 'import', file, '--json', '--config', rig.configPath], {
    cwd: rig.home,
    env: { PATH: process.env['PATH'] ?? '', KLING_API_KEY: 'bench-key' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  track(child);
  let text = '';
  child.stdout.on('data', (piece: Buffer) => (text += piece.toString()));
  child.stderr.on('data', (piece: Buffer) => (text += piece.toString()));
  const done = once(child, 'close').then(() => text);
  const stop = (): Promise<string> => {
    child.kill('SIGINT');
    return done;
  };
  return { stop, done, pid: child.pid ?? 0 };
}

/** Calls of the month that the store has counted. */
async function counted(rig: Rig): Promise<number> {
  const answer = await request(`${rig.control}/v1/sla/${MONTH}`);
  const { requests } = (await answer.body.json()) as { requests: { valid: number } };
  return requests.valid;
}

const agent = new Agent({ connections: 64, pipelining: 1 });

/** Sends creates at an even pace, also if answers are slow; gives the duration of each, in milliseconds. */
async function paced(origin: string, forSeconds: number): Promise<number[]> {
  const took: number[] = [];
  const pending: Promise<void>[] = [];
  const from = performance.now();
  const one = async (): Promise<void> => {
    const sentAt = performance.now();
    const { statusCode, body } = await request(origin + CREATE_PATH, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: CREATE_BODY,
      dispatcher: agent,
    });
    const text = await body.text();
    if (statusCode !== 200) throw new Error(`a create was answered ${statusCode}: ${text.slice(0, 300)}`);
    took.push(performance.now() - sentAt);
  };
  for (let sent = 0; sent < forSeconds * rate; sent += 1) {
    await pause(Math.max(0, from + (sent * 1000) / rate - performance.now()));
    const sending = one();
    sending.catch(() => undefined);
    pending.push(sending);
  }
  await Promise.all(pending);
  return took;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function percentile(took: readonly number[], share: number): number {
  const sorted = [...took].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}

function tell(text: string): void {
  process.stdout.write(`${text}\n`);
}

async function measureIdle(folder: string): Promise<void> {
  const file = join(folder, 'idle.jsonl');
  await writeLines(file, lines, 'idle');
  const rig = await startRig(folder, 0);
  const cpuBefore = cpuMicroseconds(rig.sidecar.pid);
  const from = performance.now();
  const output = await startImport(rig, file).done;
  const took = (performance.now() - from) / 1000;
  const sidecarCpu = (cpuMicroseconds(rig.sidecar.pid) - cpuBefore) / lines;
  const imported = await counted(rig);
  if (imported !== lines) throw new Error(`${imported} of ${lines} lines were counted: ${output}`);
  tell(
    `beside an idle sidecar: ${lines} lines in ${took.toFixed(1)} s, ${Math.round(lines / took)} lines/s; ` +
      `the sidecar's CPU ${sidecarCpu.toFixed(1)} us a line; load ${loadavg()[0]?.toFixed(2)}`,
  );
  await endRig(rig);
  rmSync(file);
}

interface Round {
  without: number[];
  beside: number[];
  linesPerSecond: number;
}

async function measureRound(rig: Rig, file: string): Promise<Round> {
  const without = await paced(rig.origin, seconds);
  await pause(PAUSE_MS);
  const before = await counted(rig);
  const importing = startImport(rig, file);
  const beside = await paced(rig.origin, seconds);
  // Measured before it is stopped: the rest of it is fast without creates.
  const linesPerSecond = ((await counted(rig)) - before) / seconds;
  const output = await importing.stop();
  if (linesPerSecond === 0) throw new Error(`nothing was imported: ${output}`);
  await pause(PAUSE_MS);
  return { without, beside, linesPerSecond };
}

async function measureBeside(folder: string, latencyMs: number): Promise<void> {
  const rig = await startRig(folder, latencyMs);
  await paced(rig.origin, WARM_UP_SECONDS);
  const measured: Round[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const file = join(folder, `beside-${round}.jsonl`);
    await writeLines(file, LINES_BESIDE, `r${latencyMs}-${round}`);
    measured.push(await measureRound(rig, file));
    rmSync(file);
  }
  await endRig(rig);
  tell(
    `upstream of ${latencyMs} ms, ${rate} creates/s, ${rounds} rounds of ${seconds} s; import ` +
      `${Math.round(median(measured.map((round) => round.linesPerSecond)))} lines/s meanwhile; load ${loadavg()[0]?.toFixed(2)}`,
  );
  for (const [name, share] of [
    ['p50', 0.5],
    ['p90', 0.9],
    ['p95', 0.95],
    ['p99', 0.99],
  ] as const) {
    const without = measured.map((round) => percentile(round.without, share));
    const beside = measured.map((round) => percentile(round.beside, share));
    const ratios = beside.map((value, index) => value / (without[index] ?? NaN));
    tell(
      `  ${name}  without ${median(without).toFixed(2).padStart(8)} ms   beside ${median(beside).toFixed(2).padStart(8)} ms` +
        `   ratio ${median(ratios).toFixed(3)}  (${ratios.map((ratio) => ratio.toFixed(2)).join(' ')})`,
    );
  }
}

process.once('SIGINT', () => void endAll().then(() => process.exit(130)));
const work = join(import.meta.dirname, '.work');
mkdirSync(work, { recursive: true });
const folder = mkdtempSync(join(work, 'import-'));
try {
  if (lines > 0) await measureIdle(folder);
  for (const latencyMs of latencies) await measureBeside(folder, latencyMs);
} finally {
  await endAll();
  await agent.close();
  rmSync(folder, { recursive: true, force: true });
}
