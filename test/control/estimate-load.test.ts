/** Estimates beside everything else: priced in slices, one at a time, and never in the way of a create. */
import { afterEach, describe, expect, test } from 'vitest';
import { post, textToVideo } from '../app/calls.ts';
import { answerEstimate, SLICE_REQUESTS } from '../../src/control/answers/estimate-answer.ts';
import { ESTIMATE_BYTES_MAX, ESTIMATE_REQUESTS_MAX } from '../../src/control/estimate.ts';
import { EstimateTurns, WAITING_MAX } from '../../src/control/estimate-turns.ts';
import { createPriceOne } from '../../src/control/price-one.ts';
import { LISTED_MODELS } from '../../src/kling/models.ts';
import { DEFAULT_ROUTES } from '../../src/kling/routes.ts';
import { startProxy } from '../proxy/proxy-app.ts';
import { ask, startRig, type Rig } from './fixture.ts';

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});
async function rigOf(): Promise<Rig> {
  const rig = await startRig();
  ends.push(() => rig.close());
  return rig;
}

const create = { path: '/v1/videos/text2video', body: { prompt: 'a cat' } };
const batchOf = (count: number): { requests: unknown[] } => ({
  requests: Array.from({ length: count }, () => create),
});
const estimate = (rig: Rig, body: unknown) => ask(rig.url, '/v1/estimate', { method: 'POST', body });

describe('an estimate', () => {
  test('lets other work of the event loop run after each slice', async () => {
    const price = createPriceOne(() => ({
      routes: DEFAULT_ROUTES,
      pricing: {
        list: 'vendor',
        overrides: [],
        assumeSeconds: {},
        unknownRouteCredits: 450_000,
        nowMs: 0,
        models: LISTED_MODELS,
      },
      unknownRoute: 'hold',
      unknownRouteCredits: 450_000,
      maxCreditsEach: null,
      appMaxCreditsEach: new Map(),
      stripPrefixes: [],
    }));
    let priced = 0;
    const seen: number[] = [];
    let isDone = false;
    const look = (): void => {
      seen.push(priced);
      if (!isDone) setImmediate(look);
    };
    look();
    const requests = Array.from({ length: ESTIMATE_REQUESTS_MAX }, () => create);
    const counted: typeof price = (request, labels) => {
      priced += 1;
      return price(request, labels);
    };
    const reader = { read: () => Promise.resolve({ rooms: [] } as never) };
    const answer = await answerEstimate(reader, counted, { requests, app: 'default', tag: null, at: 0 });
    isDone = true;
    expect(answer.requests).toHaveLength(ESTIMATE_REQUESTS_MAX);
    const steps = seen.slice(1).map((count, at) => count - (seen[at] ?? 0));
    expect(Math.max(...steps)).toBeLessThanOrEqual(SLICE_REQUESTS);
  });

  test('has a limit of requests and of bytes', async () => {
    const rig = await rigOf();
    expect((await estimate(rig, batchOf(ESTIMATE_REQUESTS_MAX))).status).toBe(200);
    expect((await estimate(rig, batchOf(ESTIMATE_REQUESTS_MAX + 1))).status).toBe(400);
    const large = { requests: [{ ...create, body: { prompt: 'x'.repeat(ESTIMATE_BYTES_MAX) } }] };
    expect(await estimate(rig, large)).toMatchObject({ status: 413, json: { word: 'body_too_large' } });
  });

  test('waits for its turn, and gets a Retry-After if too many wait', async () => {
    const rig = await rigOf();
    const { promise, resolve } = Promise.withResolvers<void>();
    rig.gate.opened = promise;
    // One has its turn and eight wait; whichever comes last finds no place.
    const all = Array.from({ length: WAITING_MAX + 2 }, () => estimate(rig, batchOf(1)));
    const first = await Promise.race(all);
    expect(first).toMatchObject({ status: 503, json: { word: 'busy' } });
    expect(first.headers['retry-after']).toBe('1');
    resolve();
    const statuses = (await Promise.all(all)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(WAITING_MAX + 1);
    expect((await estimate(rig, batchOf(1))).status).toBe(200);
  });

  test('of the largest size delays no create', async () => {
    const app = await startProxy();
    ends.push(() => app.stop());
    const ended: string[] = [];
    const noted = async (name: string, answer: Promise<{ status: number }>): Promise<void> => {
      expect((await answer).status, name).toBe(200);
      ended.push(name);
    };
    const estimates = Array.from({ length: WAITING_MAX + 1 }, () =>
      noted('estimate', post(`${app.controlUrl}/v1/estimate`, batchOf(ESTIMATE_REQUESTS_MAX))),
    );
    await Promise.all([...estimates, noted('create', post(`${app.dataUrl}${create.path}`, textToVideo()))]);
    expect(ended.slice(0, -1)).toContain('create');
  });
});

describe('turns', () => {
  test('run one after another, also after one that failed', async () => {
    const turns = new EstimateTurns();
    const steps: string[] = [];
    const work =
      (name: string, fails = false) =>
      async (): Promise<string> => {
        steps.push(`${name} begins`);
        await Promise.resolve();
        steps.push(`${name} ends`);
        if (fails) throw new Error(name);
        return name;
      };
    const all = await Promise.allSettled([
      turns.run(work('a')),
      turns.run(work('b', true)),
      turns.run(work('c')),
    ]);
    expect(all.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(steps).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
  });
});
