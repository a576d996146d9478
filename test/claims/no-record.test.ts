import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createManualClock } from '../../src/clock.ts';
import { startApp, type StartedApp } from '../app/start-app.ts';

const NOW = Date.UTC(2026, 9, 12, 3);

let app: StartedApp;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'kling-no-record-'));
  app = await startApp({ folder, clock: createManualClock(NOW), config: { tasks: { poll: false } } });
});
afterAll(async () => {
  await app.stop();
  await rm(folder, { recursive: true, force: true });
});

const read = async (target: string, init: RequestInit = {}): Promise<Record<string, unknown>> =>
  (await (await fetch(app.controlUrl + target, init)).json()) as Record<string, unknown>;

it('a month without a record has no availability, no claim, no revision and no series', async () => {
  expect(await read('/v1/sla/2026-09')).toMatchObject({
    recorded: false,
    availability: null,
    breached: false,
    compensationPercent: 0,
    requests: { valid: 0 },
  });
  const drafted = await read('/v1/claims/2026-09/draft', {
    method: 'POST',
    headers: { authorization: `Bearer ${app.token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ reason: 'test' }),
  });
  expect(drafted).toMatchObject({
    due: false,
    message: 'Nothing is due for 2026-09: nothing was recorded.',
    availability: { received: null, contract: null },
  });
  expect(await read('/v1/sla/2026-09')).toMatchObject({ revision: 0 });
  expect(await readdir(folder)).not.toContain('claims');

  expect(await read('/v1/sla/2026-10')).toMatchObject({ recorded: true, availability: '100.000000' });
  expect(await read('/v1/sla/2027-05')).toMatchObject({
    recorded: false,
    availability: null,
    live: { budget: { projected: null, best: null } },
  });
  const metrics = await (await fetch(`${app.controlUrl}/metrics`)).text();
  expect(metrics).toContain('kling_sla_availability_ratio{month="current",reading="received"} 1');
  expect(metrics).not.toMatch(/kling_sla_[a-z_]+\{month="previous"/);
});
