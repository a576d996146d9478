import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { BookCharge } from '../../src/emulator/book.ts';
import { get, until } from '../app/calls.ts';
import { run } from '../app/processes.ts';
import { arrivalsMax, runStorm, type Storm } from './kill-storm.ts';

/** `SIGKILLS=300` is the long form. A `SEED` repeats what callers sent and which faults met it. */
const KILLS = Number(process.env['SIGKILLS'] ?? 30);
const SEED = Number(process.env['SEED'] ?? Math.floor(Math.random() * 1_000_000));
const CREDITS_PER_UNIT = 10;

interface Hold {
  state: string;
  inDoubt: boolean;
  settledCredits: number;
  externalTaskId: string | null;
  taskId: string | null;
  tag: string | null;
}

let folder = '';
let storm: Storm | null = null;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'kling-sidecar-storm-'));
});

afterEach(async () => {
  await storm?.stop();
  storm = null;
  await rm(folder, { recursive: true, force: true });
});

async function allHolds(controlUrl: string): Promise<Hold[]> {
  const holds: Hold[] = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    const { json } = await get(`${controlUrl}/v1/holds?limit=1000${cursor && `&cursor=${cursor}`}`);
    const page = json as unknown as { holds: Hold[]; nextCursor: string | null };
    holds.push(...page.holds);
    cursor = page.nextCursor;
  }
  return holds;
}

/** What a charge and the hold of its task must agree in. */
const lineOf = (taskId: string | null, externalTaskId: string | null, credits: number): string =>
  `${taskId ?? '-'} ${externalTaskId ?? '-'} ${credits}`;
const chargeLine = ({ taskId, externalTaskId, units }: BookCharge): string =>
  lineOf(taskId, externalTaskId, units * CREDITS_PER_UNIT);
const holdLine = ({ taskId, externalTaskId, settledCredits }: Hold): string =>
  lineOf(taskId, externalTaskId, settledCredits);

it(
  `after ${KILLS} kills at random instants the ledger has what Kling charged: nothing lost, nothing twice (SEED=${SEED})`,
  async () => {
    storm = await runStorm(folder, { kills: KILLS, seed: SEED });
    const { emulator, scenes, daemon, killedStarts } = storm;
    const { controlUrl } = daemon;
    const charges = emulator.book().charges;
    const settled = await until('every charge is settled', async () => {
      const holds = await allHolds(controlUrl);
      const ended = new Map(holds.filter(({ state }) => state !== 'held').map((hold) => [hold.taskId, hold]));
      return charges.every(({ taskId }) => ended.has(taskId)) && holds;
    });
    const paid = settled.filter(({ settledCredits }) => settledCredits > 0);
    expect(paid.map(holdLine).toSorted()).toEqual(charges.map(chargeLine).toSorted());

    // No hold is left in doubt that Kling knows, and what is still held was never charged.
    const charged = new Set(charges.map(({ externalTaskId }) => externalTaskId));
    const open = settled.filter(({ state }) => state === 'held');
    expect(open.filter(({ externalTaskId }) => charged.has(externalTaskId))).toEqual([]);

    const tagOf = new Map(paid.map(({ taskId, tag }) => [taskId, tag]));
    expect(new Set(tagOf.values()).size).toBe(charges.length);
    const wrong = [...scenes.values()].filter(
      (scene) => scene.arrived > arrivalsMax(scene) || scene.taskIds.size > 1,
    );
    expect(wrong).toEqual([]);

    // A repeat after it all gets the task that was charged, and Kling sees nothing of it.
    const repeated = paid.flatMap(({ tag, taskId }) => {
      const scene = scenes.get(tag ?? '');
      return scene?.hasIdentity === true ? [{ scene, taskId }] : [];
    });
    for (const { scene, taskId } of repeated) {
      const again = await storm.repeat(scene);
      expect(`${scene.tag} ${again.status} ${String(again.json.data['task_id'])}`).toBe(
        `${scene.tag} 200 ${taskId}`,
      );
    }
    expect(emulator.book().charges).toHaveLength(charges.length);

    const statuses: Record<string, number> = {};
    for (const status of [...scenes.values()].flatMap((scene) => scene.statuses)) {
      statuses[status] = (statuses[status] ?? 0) + 1;
    }
    // The storm was one: most creates arrived, and kills met many of them.
    expect(charges.length).toBeGreaterThan(KILLS);
    expect(statuses['200']).toBeGreaterThan(KILLS);
    expect(statuses['0']).toBeGreaterThan(KILLS);

    const verified = await run(['ledger', 'verify', '--json'], { cwd: folder });
    expect(JSON.parse(verified.output)).toMatchObject({ ok: true, problems: [] });
    console.log(
      `SEED=${SEED}: ${KILLS} kills, ${killedStarts} of them during a start; ${scenes.size} creates, ${charges.length} charges, ` +
        `answers ${JSON.stringify(statuses)}, ${open.length} left in doubt that never reached Kling`,
    );
  },
  Math.max(600_000, KILLS * 20_000),
);
