/** A plane with a day's work in its ledger, for the tests of routes. */
import { expect } from 'vitest';
import { recordRefusals } from '../../src/calls/call-table.ts';
import { closeCreate } from '../../src/ledger/close.ts';
import { observeTasks } from '../../src/ledger/observe.ts';
import { CALL, REFUSAL } from '../telemetry/telling.ts';
import { DAILY, startRig, START, type Answer, type Rig } from './fixture.ts';
import { journalCalls } from '../../src/sla/journal.ts';
import { journalled } from '../sla/making.ts';

const sighting = {
  taskId: '700',
  externalTaskId: 'ks_x',
  state: 'submitted' as const,
  statusMessage: null,
  updatedAt: null,
  createdAt: null,
  deduction: null,
  results: [],
};

/** Starts a plane after three creates (settled, running, in doubt), three calls and two refusals. */
export async function startBusyRig(): Promise<Rig> {
  const rig = await startRig({}, [
    DAILY,
    {
      ...DAILY,
      name: 'per-app',
      window: 'total',
      per: 'app',
      limit: 60_500,
      mode: 'shadow',
      match: { model: 'kling-v3' },
    },
  ]);
  await rig.admit({ holdId: 'hold_1', tag: 'ad' });
  await rig.admit({ holdId: 'hold_2', app: 'studio', credits: 20_500, prompt: null });
  await rig.admit({ holdId: 'hold_3', credits: 5000 });
  const close = (holdId: string, end: Parameters<typeof closeCreate.run>[1]['end']) =>
    rig.ledger.run(closeCreate, { holdId, at: START, end, calls: [], answer: null });
  await close('hold_1', { kind: 'task', sighting });
  await close('hold_2', { kind: 'task', sighting: { ...sighting, taskId: '800' } });
  await close('hold_3', { kind: 'unknown', evidence: 'reset' });
  await rig.ledger.run(observeTasks, {
    sightings: [
      {
        ...sighting,
        state: 'succeeded',
        deduction: { credits: 9500, raw: '0.95 video' },
        results: [{ kind: 'video', id: 'v', url: 'https://cdn.test/v.mp4', durationSeconds: '5.1' }],
      },
    ],
    source: 'poll',
    at: START + 60_000,
  });
  await rig.ledger.run(
    journalCalls,
    journalled([
      { ...CALL, id: 'call_1', at: START, taskId: '700' },
      {
        ...CALL,
        id: 'call_2',
        at: START + 1,
        app: 'studio',
        status: null,
        code: null,
        outcome: 'unreachable',
        errorClass: 'refused',
      },
      { ...CALL, id: 'call_3', at: START + 2 },
    ]),
  );
  await rig.ledger.run(recordRefusals, [
    { ...REFUSAL, id: 'refusal_1', at: START },
    { ...REFUSAL, id: 'refusal_2', at: START, wouldOnly: true },
  ]);
  return rig;
}

/** Checks an answer against its schema, strictly in what is promised. */
export function checked<T>(answer: Answer, schema: { parse(value: unknown): T }): T {
  expect(answer.status).toBe(200);
  expect(answer.headers['content-type']).toContain('application/json');
  const parsed = schema.parse(answer.json);
  expect(parsed).toEqual(answer.json);
  return parsed;
}
