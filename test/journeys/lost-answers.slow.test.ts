import { afterEach, expect, it } from 'vitest';
import { createManualClock } from '../../src/clock.ts';
import { get } from '../app/calls.ts';
import { startApp, type StartedApp } from '../app/start-app.ts';
import { advanceUntil } from '../money/hand-clock.ts';
import { randomOf } from '../random-numbers.ts';
import { playScene, type Scene } from './lost-answers.ts';

/** `LOST_ANSWERS=1000` is the long form. A `SEED` repeats clients, faults and waits. */
const SCENES = Number(process.env['LOST_ANSWERS'] ?? 100);
const SEED = Number(process.env['SEED'] ?? Math.floor(Math.random() * 1_000_000));
/** Scenes played at the same time. */
const AT_ONCE = 20;
const UNITS_EACH = 1;

interface HoldRow {
  state: string;
  inDoubt: boolean;
  settledCredits: number;
  taskId: string | null;
}

let started: StartedApp | null = null;
afterEach(async () => {
  await started?.stop();
  started = null;
});

async function allHolds(controlUrl: string): Promise<HoldRow[]> {
  const rows: HoldRow[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const page: { json: unknown } = await get(
      `${controlUrl}/v1/holds?limit=1000${cursor && `&cursor=${cursor}`}`,
    );
    const { holds, nextCursor } = page.json as { holds: HoldRow[]; nextCursor: string | null };
    rows.push(...holds);
    cursor = nextCursor;
  }
  return rows;
}

it(
  `${SCENES} creates whose answers are lost are charged once each, for callers without a key (SEED=${SEED})`,
  async () => {
    const clock = createManualClock(Date.UTC(2026, 10, 28, 9));
    started = await startApp({
      clock,
      emulator: {
        speed: 1,
        concurrency: { video: 100_000 },
        packs: [{ name: 'Lost-Video-1000000Units-100000Con-6Months', product: 'video', units: 1_000_000 }],
      },
      config: {
        budgets: [{ name: 'all', credits: 10_000_000, window: 'total' }],
        tasks: { pollIntervalMs: 5_000 },
        // With so many faults it would refuse most creates.
        breaker: null,
      },
    });
    const { dataUrl, controlUrl, emulator } = started;
    const scenes: Scene[] = [];
    let next = 0;
    let playing = AT_ONCE;
    const players = Array.from({ length: AT_ONCE }, async (_, index) => {
      const random = randomOf(SEED * AT_ONCE + index);
      while (next < SCENES) {
        next += 1;
        scenes.push(await playScene({ clock, dataUrl, emulator, random }, `scene-${next}.`));
      }
    });
    const over = Promise.all(players.map((player) => player.finally(() => (playing -= 1))));
    over.catch(() => undefined);
    await advanceUntil(clock, () => playing === 0, { stepMs: 250, stepsMax: 400_000 });
    await over;

    // Every charge is one scene's, and every scene was charged once.
    const { charges } = emulator.book();
    const sends = Map.groupBy(
      emulator.requests().filter(({ method }) => method === 'POST'),
      ({ body }) => /scene-\d+\./.exec(body.toString())?.[0],
    );
    const twice = scenes
      .map((scene) => ({ ...scene, sentAt: sends.get(scene.name)?.map(({ at }) => at) ?? [] }))
      .filter(({ sentAt }) => sentAt.length > 1)
      .map((scene) => JSON.stringify(scene));
    expect(charges, `sent to Kling twice: ${twice.join('\n')}`).toHaveLength(SCENES);
    const wrong = scenes.filter(({ tries }) => new Set(tries.flatMap(({ taskId }) => taskId ?? [])).size > 1);
    expect(wrong).toEqual([]);

    const charged = new Set(charges.map(({ taskId }) => taskId));
    const settled = await advanceUntil(
      clock,
      async () => {
        const holds = await allHolds(controlUrl);
        const paid = holds.filter(({ state }) => state === 'settled');
        return paid.length === charged.size && holds.filter(({ state }) => state !== 'released');
      },
      { stepMs: 5_000, stepsMax: 1_000 },
    );
    // No task is lost: each has its hold, and no hold is left over.
    expect(settled.map(({ taskId }) => taskId ?? '-').toSorted()).toEqual([...charged].toSorted());
    expect(settled.reduce((sum, { settledCredits }) => sum + settledCredits, 0)).toBe(
      SCENES * UNITS_EACH * 10,
    );

    // Clients sent again, and most of them got their task in the end.
    const resent = scenes.filter(({ tries }) => tries.length > 1).length;
    const served = scenes.filter(({ tries }) => tries.at(-1)?.status === 200).length;
    console.log(
      `SEED=${SEED}: ${SCENES} scenes, ${resent} sent again, ${served} served, ${charges.length} charges`,
    );
    expect(resent).toBeGreaterThan(SCENES / 10);
    expect(served).toBeGreaterThan(SCENES * 0.8);
  },
  Math.max(300_000, SCENES * 2_000),
);
