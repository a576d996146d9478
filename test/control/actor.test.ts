import { afterAll, beforeAll, expect, test } from 'vitest';
import { auditAnswer } from '../../src/control/schemas.ts';
import { checked, startBusyRig } from './busy-rig.ts';
import { ask, order, TOKEN, type Rig } from './fixture.ts';

let rig: Rig;
beforeAll(async () => {
  rig = await startBusyRig();
});
afterAll(() => rig.close());

/** Freezes spending and gives who the audit says it was. */
async function whoFroze(body: object, headers: Record<string, string> = {}): Promise<string | undefined> {
  const answer = await order(rig.url, '/v1/freeze', { body: { reason: 'a test', ...body }, headers });
  expect(answer.status).toBe(200);
  const token = { authorization: `Bearer ${TOKEN}` };
  const audit = checked(await ask(rig.url, '/v1/audit?limit=1', { headers: token }), auditAnswer);
  return audit.audit[0]?.actor;
}

test('who orders a change is what the body says, else the header, else a caller of this API', async () => {
  const header = { 'x-kling-sidecar-actor': 'deploy-bot' };
  expect(await whoFroze({ actor: 'anna' }, header)).toBe('anna');
  expect(await whoFroze({}, header)).toBe('deploy-bot');
  expect(await whoFroze({})).toBe('control-api');
});

test('a name cannot steer a terminal, is trimmed, and has at most 64 characters', async () => {
  expect(await whoFroze({ actor: ' anna\r\n\u001b[31mroot\u202e ' })).toBe('anna???[31mroot?');
  expect(await whoFroze({}, { 'x-kling-sidecar-actor': 'x'.repeat(200) })).toBe('x'.repeat(64));
  // Sent as UTF-8, as curl sends it: Node writes the headers before a text body so.
  expect(await whoFroze({}, { 'x-kling-sidecar-actor': 'Zoë' })).toBe('Zoë');
  const long = await order(rig.url, '/v1/freeze', { body: { reason: 'r', actor: 'x'.repeat(65) } });
  expect(long.status).toBe(400);
});
