import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { BookCharge } from '../../src/emulator/book.ts';
import { run } from '../app/processes.ts';
import { Watched, type Hold } from './watched.ts';

/** `WATCHED_TASKS=5000` is the long form. A `SEED` repeats what was created and what met it. */
const TASKS = Number(process.env['WATCHED_TASKS'] ?? 500);
const SEED = Number(process.env['SEED'] ?? Math.floor(Math.random() * 1_000_000));
const ROUNDS = Math.max(4, Math.round(TASKS / 250));
const CREDITS_PER_UNIT = { video: 10, image: 0.25 };
const MINUTE = 60_000;
const DAY = 86_400_000;

let folder = '';
let watched: Watched | null = null;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'kling-sidecar-watched-'));
});

afterEach(async () => {
  await watched?.stop();
  watched = null;
  await rm(folder, { recursive: true, force: true });
});

const milliOf = ({ units, product }: BookCharge): number =>
  Math.round(units * CREDITS_PER_UNIT[product] * 1000);
const milliOfHold = ({ settledCredits }: Hold): number => Math.round(settledCredits * 1000);

it(
  `${TASKS} tasks are watched to their ends, and the ledger has what Kling charged (SEED=${SEED})`,
  async () => {
    const story = new Watched({ folder, tasks: TASKS, rounds: ROUNDS, seed: SEED });
    watched = story;
    await story.start();
    await story.run();
    const { emulator, scenes } = story;
    const charges = emulator.book().charges.filter(({ foreign }) => foreign !== true);
    const charged = new Set(charges.map(({ taskId }) => taskId));
    const waits = ({ state, taskId }: Hold): boolean => state === 'held' && charged.has(taskId ?? '');

    const expected = charges.map((charge) => `${charge.taskId} ${milliOf(charge)}`).toSorted();
    const paidIn = (all: readonly Hold[]): string[] =>
      all
        .filter(({ settledCredits }) => settledCredits > 0)
        .map((hold) => `${hold.taskId ?? '-'} ${milliOfHold(hold)}`)
        .toSorted();
    const isExact = (all: readonly Hold[]): boolean => paidIn(all).join() === expected.join();

    // Every task is settled: by its answers, or by Kling's ledgers where it has no end or shows no cost. Where those could not be read
    // it was settled at its price, and the ledgers correct that.
    let holds = await story.holds();
    for (let moved = 0; moved < 2 * DAY && (holds.some(waits) || !isExact(holds)); moved += 30 * MINUTE) {
      await story.move(30 * MINUTE, MINUTE);
      holds = await story.holds();
    }
    const sceneOf = (hold: Hold): string => {
      const { path: at, word, fault } = scenes.find(({ tag }) => tag === hold.tag) ?? {};
      return `${hold.taskId ?? '-'} ${at ?? '-'} ${word ?? 'plain'} ${fault?.kind ?? 'no fault'}`;
    };
    const warnings = story.sidecar.output.slice(-4_000);
    expect(holds.filter(waits).map(sceneOf), `open though Kling charged them; ${warnings}`).toEqual([]);

    // No hold of a task that Kling charged was released.
    const released = holds.filter(({ state }) => state === 'released');
    const externalIds = new Set(charges.map(({ externalTaskId }) => externalTaskId));
    const isCharged = ({ taskId, externalTaskId }: Hold): boolean =>
      charged.has(taskId ?? '') || externalIds.has(externalTaskId);
    expect(released.filter(isCharged).map(sceneOf)).toEqual([]);

    // To the thousandth: each charge is the settlement of its own hold, and nothing else is settled.
    const paid = holds.filter(({ settledCredits }) => settledCredits > 0);
    const other = paid.filter((hold) => !expected.includes(`${hold.taskId ?? '-'} ${milliOfHold(hold)}`));
    expect(paidIn(holds), other.map(sceneOf).join('; ')).toEqual(expected);

    // Callers with an address of their own were called about the end of each task that Kling charged and that has one.
    const heard = (tag: string): unknown => {
      const last = story.received.findLast(({ path: at }) => at === `/${tag}`);
      const body = JSON.parse(last?.body ?? '{}') as Record<string, unknown>;
      return body['status'] ?? body['task_status'];
    };
    const chargedTags = new Set(paid.map(({ tag }) => tag));
    const called = scenes.filter(
      ({ hasOwnUrl, word, tag }) => hasOwnUrl && word !== 'stuck-please' && chargedTags.has(tag),
    );
    const missed = called.filter(({ tag }) => !String(heard(tag)).startsWith('succeed'));
    expect(missed.map(({ tag, path: at }) => `${tag} ${at} ${String(heard(tag))}`)).toEqual([]);

    // Forged callbacks, contradictions and outages changed nothing.
    expect(story.problems).toEqual([]);
    expect(story.forgedAtCallers).toEqual([]);

    // The story was one.
    const sent = emulator.callbacks();
    const countOf = (holdsFor: (one: (typeof sent)[number]) => boolean): number =>
      sent.filter(holdsFor).length;
    const counts = {
      creates: scenes.length,
      charges: charges.length,
      settled: paid.length,
      released: released.length,
      called: called.length,
      kills: story.sidecar.kills,
      hoursDown: story.downMs / 3_600_000,
      callbacksTaken: countOf(({ answer }) => answer === 200),
      lost: countOf(({ answer }) => answer === 'lost'),
      early: countOf(({ isEarly }) => isEarly),
      forged: countOf(({ isForged }) => isForged),
      forgedAndTaken: countOf(({ isForged, answer }) => isForged && answer === 200),
    };
    console.log(`SEED=${SEED}: ${JSON.stringify(counts)}`);
    expect(counts.creates).toBe(TASKS);
    for (const count of Object.values(counts)) expect(count, JSON.stringify(counts)).toBeGreaterThan(0);
    await story.sidecar.kill();
    const verified = await run(['ledger', 'verify', '--json'], { cwd: folder });
    expect(JSON.parse(verified.output)).toMatchObject({ ok: true, problems: [] });
  },
  Math.max(1_800_000, TASKS * 1_200),
);
