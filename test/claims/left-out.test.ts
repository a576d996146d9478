import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createManualClock } from '../../src/clock.ts';
import { startApp, type StartedApp } from '../app/start-app.ts';

const NOW = Date.UTC(2026, 10, 12, 3);
const OUTAGE = Date.UTC(2026, 9, 5, 3);
const CONFIG = { tasks: { poll: false }, upstream: { baseUrl: 'https://localhost:1' } };

let app: StartedApp;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'kling-left-out-'));
  app = await startApp({ folder, clock: createManualClock(NOW), config: CONFIG });
});
afterAll(async () => {
  await app.stop();
  await rm(folder, { recursive: true, force: true });
});

async function order(target: string, body: object): Promise<Record<string, unknown>> {
  const headers = { authorization: `Bearer ${app.token}`, 'content-type': 'application/json' };
  const answer = await fetch(app.controlUrl + target, {
    method: 'POST',
    headers,
    body: JSON.stringify(body),
  });
  expect(answer.status).toBe(200);
  return (await answer.json()) as Record<string, unknown>;
}

/** Ten windows that fail wholly, whose lines name a host or none. */
const importOutage = (source: string, host?: string): Promise<unknown> => {
  const lines = Array.from({ length: 10 }, (_, window) => ({
    text: JSON.stringify({
      time: OUTAGE + window * 300_000,
      method: 'GET',
      path: '/v1/videos/text2video/7',
      status: 503,
      ...(host !== undefined && { host }),
    }),
    repeat: 0,
  }));
  return order('/v1/import', { run: source, file: 'a.jsonl', source, lines, isLast: true });
};
const draft = (): Promise<Record<string, unknown>> => order('/v1/claims/2026-10/draft', { reason: 'test' });

it('a draft names the calls that it left out by their host, and the setting that counts them', async () => {
  await importOutage('relay');
  await importOutage('other', 'Relay.Internal.');
  const report = (await (await fetch(`${app.controlUrl}/v1/sla/2026-10`)).json()) as object;
  expect(report).toMatchObject({ compensationPercent: 10, requests: { errors: 20 } });
  const leftOut =
    "Calls left out by their host: 10 to localhost:1, 10 to relay.internal. A claim counts calls to Kling's own hosts and " +
    'to those in claims.hosts. If one of these forwards to Kling, name it there: "claims": { "hosts": ["localhost", ' +
    '"relay.internal"] }.';
  expect(await draft()).toMatchObject({
    due: false,
    message: `Nothing is due for 2026-10: nothing was recorded. ${leftOut}`,
  });

  await app.reload({ ...CONFIG, claims: { hosts: ['LOCALHOST'] } });
  const due = await draft();
  expect(due).toMatchObject({ due: true, message: expect.stringContaining('10 to relay.internal.') });
  expect(due['message']).not.toContain('to localhost');
  const { folder: written } = due['claim'] as { folder: string };
  expect(await readFile(path.join(written, 'method.md'), 'utf8')).toContain(
    'Requests to other hosts, which are no part of the claim: 10.',
  );
});

it('calls to Kling’s own host count in every spelling', async () => {
  await importOutage('kling', 'API-Singapore.klingai.com.');
  await app.reload({ ...CONFIG, claims: { hosts: [] } });
  const due = await draft();
  expect(due).toMatchObject({ due: true, availability: { received: '99.887992' } });
  const { folder: written } = due['claim'] as { folder: string };
  const letter = await readFile(path.join(written, 'claim.en.md'), 'utf8');
  expect(letter).toContain('https://api-singapore.klingai.com');
});
