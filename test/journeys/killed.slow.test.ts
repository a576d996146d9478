import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { createEmulator, type Emulator } from '../../src/emulator/emulator.ts';
import { get, post, textToVideo, until } from '../app/calls.ts';

const MAIN = new URL('../../src/main.ts', import.meta.url).pathname;
/** Kills at random instants of a create, after the named ones. */
const RANDOM_KILLS = Number(process.env['KILLS'] ?? 6);

let folder: string;
let emulator: Emulator;
let child: ChildProcess | null = null;
let dataUrl = '';
let controlUrl = '';

/** Starts the real process; gives when it serves. */
async function start(): Promise<void> {
  let output = '';
  const began = spawn(process.execPath, [MAIN, 'start'], {
    cwd: folder,
    env: { PATH: process.env['PATH'], KLING_API_KEY: 'emulator-key' },
  });
  child = began;
  began.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  began.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const urls = await until('the process serves', () => {
    if (began.exitCode !== null) throw new Error(`it ended: ${output}`);
    const found = /"data":"(http[^"]+)".*"control":"(http[^"]+)"/.exec(output);
    return found && ([found[1] ?? '', found[2] ?? ''] as const);
  });
  [dataUrl, controlUrl] = urls;
}

async function kill(): Promise<void> {
  const ending = child;
  child = null;
  if (!ending || ending.exitCode !== null) return;
  const gone = new Promise((resolve) => ending.once('exit', resolve));
  ending.kill('SIGKILL');
  await gone;
}

let created = 0;

/** Posts a create that may be cut off; gives its task id where an answer came. An equal one would join one that was cut off. */
async function create(prompt = `boat ${(created += 1)}`): Promise<string | null> {
  try {
    const { status, json } = await post(`${dataUrl}/v1/videos/text2video`, textToVideo({ prompt }));
    return status === 200 ? String(json.data['task_id']) : null;
  } catch {
    return null;
  }
}

const posts = (): number =>
  emulator.requests().filter(({ method, path: to }) => method === 'POST' && to.startsWith('/v1/')).length;

interface Books {
  settledCredits: number;
  heldCredits: number;
}

async function books(): Promise<Books> {
  const { json } = await get(`${controlUrl}/v1/budgets`);
  const [row] = (json as unknown as { budgets: Books[] }).budgets;
  return row ?? { settledCredits: -1, heldCredits: -1 };
}

/** What the command says of the ledger, read beside the running process. */
async function verify(): Promise<{ ok: boolean; problems: string[] }> {
  const checking = spawn(process.execPath, [MAIN, 'ledger', 'verify', '--json'], { cwd: folder });
  let output = '';
  checking.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  await new Promise((resolve) => checking.once('exit', resolve));
  return JSON.parse(output) as { ok: boolean; problems: string[] };
}

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'kling-sidecar-kill-'));
  emulator = createEmulator({ clock: systemClock, port: 0, speed: 100, concurrency: { video: 1000 } });
  const { url } = await emulator.start();
  const config = {
    listen: { port: 0 },
    control: { port: 0 },
    upstream: { baseUrl: url },
    tasks: { pollIntervalMs: 200 },
  };
  await writeFile(path.join(folder, 'sidecar.config.json'), JSON.stringify(config));
});

afterEach(async () => {
  await kill();
  await emulator.stop();
  await rm(folder, { recursive: true, force: true });
});

describe('a process that is killed', () => {
  it('loses no charge and makes none twice, at any step of a create', async () => {
    const told: string[] = [];
    const during = async (
      when: () => unknown,
      fault?: Parameters<Emulator['addFault']>[0],
    ): Promise<void> => {
      await start();
      if (fault) emulator.addFault(fault);
      const before = posts();
      const answered = create().then((id) => id !== null && told.push(id));
      if (when === arrived) await until('the create arrived', () => posts() > before);
      else await when();
      await kill();
      await answered;
      emulator.clearFaults();
    };
    const match = { method: 'POST', path: '/v1/videos/text2video' };
    const arrived = (): void => undefined;
    // While Kling works on it; after the charge and before the answer; at once after the answer.
    await during(arrived, { kind: 'latency', ms: 300, match });
    await during(arrived, { kind: 'no_answer_after_charge', match });
    await during(arrived, { kind: 'no_answer_before_charge', match });
    await during(() => until('it was answered', () => posts() > 0));
    for (let i = 0; i < RANDOM_KILLS; i += 1) {
      const delayMs = Math.random() * 12;
      await during(() => new Promise((resolve) => setTimeout(resolve, delayMs)));
    }
    await start();
    const charged = (): number => emulator.book().charges.length;
    const settled = await until('every charged task is settled', async () => {
      const now = await books();
      return now.settledCredits === charged() * 10 && now;
    });
    const chargedIds = new Set(emulator.book().charges.map(({ taskId }) => taskId));
    expect(told.filter((id) => !chargedIds.has(id))).toEqual([]);
    // What never reached Kling is still held in doubt: only Kling's word after ten minutes gives it back.
    const { json } = await get(`${controlUrl}/v1/holds?state=held`);
    const open = (json as unknown as { holds: { inDoubt: boolean; taskId: string | null }[] }).holds;
    expect(open.every(({ inDoubt, taskId }) => inDoubt && taskId === null)).toBe(true);
    expect(settled.heldCredits).toBe(open.length * 10);
    expect(posts()).toBeGreaterThanOrEqual(charged());
    expect(await verify()).toMatchObject({ ok: true, problems: [] });
  });

  it('while a create is in progress gives its task to the same create without a key, sent again', async () => {
    const match = { method: 'POST', path: '/v1/videos/text2video' };
    for (const kind of ['latency', 'no_answer_after_charge'] as const) {
      await start();
      const body = textToVideo({ prompt: kind });
      const before = posts();
      emulator.addFault({ kind, ms: 500, match });
      const cutOff = post(`${dataUrl}/v1/videos/text2video`, body).catch(() => null);
      await until('the create arrived', () => posts() > before);
      await kill();
      expect(await cutOff).toBeNull();
      emulator.clearFaults();
      await start();
      const again = await post(`${dataUrl}/v1/videos/text2video`, body);
      expect(again).toMatchObject({ status: 200, json: { code: 0 } });
      expect(again.headers['x-kling-sidecar-replayed']).toBe('true');
      expect(posts()).toBe(before + 1);
      expect(emulator.book().charges.map(({ taskId }) => taskId)).toContain(again.json.data['task_id']);
      const next = await post(`${dataUrl}/v1/videos/text2video`, body);
      expect(next.headers['x-kling-sidecar-replayed']).toBeUndefined();
      await kill();
    }
    expect(emulator.book().charges).toHaveLength(4);
  });

  it('at once after an answer may give that task to one equal create, and no other', async () => {
    await start();
    const first = await create('again');
    await kill();
    await start();
    const [second, third] = [await create('again'), await create('again')];
    expect(second).toBe(first);
    expect(third).not.toBe(first);
    expect(posts()).toBe(2);
  });
});
