import { beforeEach, describe, expect, it } from 'vitest';
import { createManualClock, type ManualClock } from '../../src/clock.ts';
import { Breaker, PROBE_PERIOD_MS } from '../../src/pacing/breaker.ts';
import { STOP_MS, Stops } from '../../src/pacing/stops.ts';
import { CreatePermit } from '../../src/proxy/create-permit.ts';
import type { CreateDeps, CreateRequest } from '../../src/proxy/create-request.ts';
import type { Prepared } from '../../src/proxy/prepare.ts';
import { routeFor } from '../kling/pricing.ts';

const VIDEO = { operation: 'text-to-video', product: 'video', model: null } as const;

let clock: ManualClock;
let stops: Stops;
let breaker: Breaker;
beforeEach(() => {
  clock = createManualClock(Date.UTC(2026, 8, 20));
  stops = new Stops(clock);
  breaker = new Breaker({ clock, failuresMin: () => 1 });
});

function ask({ mode = 'protect', maxCreditsEach = null as number | null } = {}): CreatePermit {
  const deps = { stops, breaker, checkStore: () => undefined } as unknown as CreateDeps;
  const create = {
    path: '/v1/videos/text2video',
    route: routeFor('/v1/videos/text2video'),
    settings: { mode, maxCreditsEach, unknownRoute: 'hold', hasApiKey: true },
    caller: { settings: null },
  } as unknown as CreateRequest;
  const price = { product: 'video', model: null, basis: 'exact', rule: 'r' };
  return new CreatePermit(deps, create, { price, credits: 100 } as unknown as Prepared);
}
const words = ({ refusals }: CreatePermit): string[] => refusals.map(({ code }) => code);
const fail = (): void => {
  const head = { status: 503, reason: '', headers: [] };
  breaker.noteCreate({ head, failure: null, startedAt: clock.now() });
};
const refuse = (): void => stops.noteRefusal(VIDEO, { code: 1102, message: 'no balance' });

describe('the permit of a create', () => {
  it('has the refusals of rules, stops and breaker, a stop before the breaker', () => {
    expect(words(ask())).toEqual([]);
    fail();
    expect(words(ask())).toEqual(['upstream_unreachable']);
    refuse();
    expect(words(ask())).toEqual(['account_refused']);
    expect(words(ask({ maxCreditsEach: 1 }))).toEqual(['task_too_expensive']);
    expect(words(ask({ maxCreditsEach: 1, mode: 'observe' }))).toEqual([
      'task_too_expensive',
      'account_refused',
    ]);
  });

  it('of a create that a rule refuses is no probe', async () => {
    fail();
    await clock.advance(PROBE_PERIOD_MS);
    ask({ maxCreditsEach: 1 });
    expect(ask().isBreakerProbe).toBe(true);
  });

  it('takes no probe of a stop from others while the breaker refuses', async () => {
    refuse();
    await clock.advance(STOP_MS);
    fail();
    expect(words(ask())).toEqual(['upstream_unreachable']);
    expect(stops.ask(VIDEO).isProbe).toBe(true);
  });

  it('is asked again after a wait: the breaker may have opened, but a probe stays one', async () => {
    const waited = ask();
    expect(waited.askAgain()).toBeNull();
    fail();
    expect(waited.askAgain()).toMatchObject({ code: 'upstream_unreachable' });
    await clock.advance(PROBE_PERIOD_MS);
    expect(waited.askAgain()).toBeNull();
    expect(waited.isBreakerProbe).toBe(true);
    expect(words(ask())).toEqual(['upstream_unreachable']);
    expect(waited.askAgain()).toBeNull();
    waited.end();
    expect(ask().isBreakerProbe).toBe(true);
  });
});
