import { describe, expect, test } from 'vitest';
import type { NewHold } from '../../src/budget/hold.ts';
import type { CallRecord } from '../../src/calls/call.ts';
import { admitForm, closeForm } from '../../src/ledger/create-messages.ts';
import { taskMade } from '../../src/ledger/close-usual.ts';
import type { AdmitArgs, AdmitResult, CloseArgs } from '../../src/ledger/ledger.ts';
import type { TaskSighting } from '../../src/tasks/task.ts';

/** Each value is another, so that two that were mixed up are found. */
const HOLD: Required<NewHold> = {
  holdId: 'hold_1',
  requestId: 'req_2',
  at: 3,
  app: 'app 4',
  tag: 'tag 5',
  path: '/path/6',
  route: '/route/7',
  operation: 'text-to-video',
  model: 'model 9',
  mode: 'pro',
  product: 'video',
  durationSeconds: '12',
  credits: 13,
  basis: 'assumed',
  rule: 'rule 23',
  notes: '["note 24"]',
  weight: 15,
  externalTaskId: 'ks_16',
  upstream: { host: 'host 17', account: 'account 18' },
  owner: { instance: 'instance 19', generation: 20 },
  prompt: { hash: 'hash 21', preview: 'preview 22' },
};
const BARE: NewHold = {
  ...HOLD,
  tag: null,
  model: null,
  mode: null,
  durationSeconds: null,
  externalTaskId: null,
  notes: null,
  prompt: null,
};
const HELD = { kind: 'create_held', holdId: 'hold_1', heldCredits: 1, upstream: HOLD.upstream } as const;
const GUARD = { idempotencyKey: 'key', callerTaskId: null, fingerprint: 'print' };

const CALL: Required<CallRecord> = {
  id: 'call_1',
  requestId: 'req_2',
  at: 3,
  app: 'app 4',
  tag: 'tag 5',
  method: 'POST',
  route: '/route/7',
  host: 'host 8',
  status: 209,
  code: 10,
  klingRequestId: 'kling 11',
  taskId: 'task 12',
  holdId: 'hold_13',
  attempt: 14,
  outcome: 'ok',
  errorClass: 'reset',
  durationMs: 17.5,
  overheadMs: 18.25,
  bytesSent: 19,
  bytesReceived: 20,
  clockOffsetMs: -21.5,
  origin: 'app',
  evidence: null,
};
const SIGHTING: Required<TaskSighting> = {
  taskId: 'task 12',
  externalTaskId: 'ks_22',
  state: 'processing',
  statusMessage: null,
  updatedAt: 25,
  createdAt: 26,
  deduction: null,
  results: [],
};
const CLOSE: Required<CloseArgs> = {
  holdId: 'hold_13',
  heldAs: {
    owner: 'owner 31',
    operation: 'image',
    model: 'model 32',
    mode: 'std',
    product: 'image',
    weight: 33,
  },
  at: 27,
  end: { kind: 'task', sighting: SIGHTING },
  calls: [CALL],
  answer: null,
  age: { now: 28, doubtFrom: 29 },
};

describe('messages of creates', () => {
  test.each<[string, AdmitArgs]>([
    ['all values', { hold: HOLD, guard: GUARD, join: { hash: 'hash', arrivedAge: 23 }, enforce: true }],
    ['the fewest values', { hold: BARE, guard: null, enforce: false }],
  ])('an admission with %s arrives unchanged, as a list', (_name, args) => {
    const sent = JSON.parse(JSON.stringify(admitForm.pack(args))) as unknown[];
    expect(admitForm.unpack(sent)).toStrictEqual(args);
  });

  test('an admission with a body to keep is sent as it is', () => {
    const retry = { kind: 'keep', body: new Uint8Array(3), expectedSeconds: null } as const;
    expect(admitForm.pack({ hold: HOLD, guard: null, retry, enforce: true })).toBeNull();
  });

  test.each<[string, CloseArgs]>([
    ['all values', CLOSE],
    ['a doubt that would begin later', { ...CLOSE, age: { now: 30, doubtFrom: null } }],
    ['no values that may be absent', closeWith({ ...CALL, tag: null, code: null, clockOffsetMs: null }, {})],
  ])('a close with a task and %s arrives unchanged, as a list', (_name, args) => {
    const sent = JSON.parse(JSON.stringify(closeForm.pack(args))) as unknown[];
    expect(closeForm.unpack(sent)).toStrictEqual(args);
  });

  test.each<[string, CloseArgs]>([
    ['that is refused', { ...CLOSE, end: { kind: 'refused', evidence: 'why' } }],
    ['with two attempts', { ...CLOSE, calls: [CALL, CALL] }],
    ['with no attempt', { ...CLOSE, calls: [] }],
    ['with an answer to keep', { ...CLOSE, answer: { status: 200, headers: [], body: new Uint8Array() } }],
    [
      'with evidence',
      closeWith({ ...CALL, evidence: { date: null, server: null, via: null, cause: 'why' } }, {}),
    ],
    ['with another task in its attempt', closeWith({ ...CALL, taskId: null }, {})],
    ['of another hold', closeWith({ ...CALL, holdId: null }, {})],
    ['with a message', closeWith(CALL, { statusMessage: 'busy' })],
    [
      'with results',
      closeWith(CALL, { results: [{ kind: 'video', id: null, url: null, durationSeconds: '5' }] }),
    ],
    ['with a deduction', closeWith(CALL, { deduction: { credits: 1, raw: '1' } })],
  ])('a close %s is sent as it is', (_name, args) => {
    expect(closeForm.pack(args)).toBeNull();
  });

  test.each<[string, AdmitResult]>([
    ['usual', { kind: 'admitted', remainingCredits: 1, budget: 'daily', wouldRefuse: null, facts: [] }],
    ['unlimited', { kind: 'admitted', remainingCredits: null, budget: null, wouldRefuse: null, facts: [] }],
    [
      'with a fact',
      { kind: 'admitted', remainingCredits: 1, budget: 'daily', wouldRefuse: null, facts: [HELD] },
    ],
    ['repeated', { kind: 'repeat', state: { kind: 'mismatch', which: 'idempotency-key' } }],
  ])('the result of an admission that is %s arrives unchanged', (_name, result) => {
    const args = { hold: HOLD, guard: null, enforce: true };
    const sent = JSON.parse(JSON.stringify(admitForm.result?.pack(result, args))) as unknown;
    expect(admitForm.result?.unpack(sent, args)).toStrictEqual(result);
    expect(admitForm.result?.unpack(result, args)).toBe(result);
  });

  test('the result of a close arrives unchanged, and a usual one as a mark', () => {
    const result = { facts: taskMade(CLOSE) };
    expect(closeForm.result?.pack(result, CLOSE)).toBe(1);
    expect(closeForm.result?.unpack(1, CLOSE)).toStrictEqual(result);
    expect(closeForm.result?.unpack({ facts: [HELD] }, CLOSE)).toStrictEqual({ facts: [HELD] });
  });
});

function closeWith(call: CallRecord, sighting: Partial<TaskSighting>): CloseArgs {
  return { ...CLOSE, end: { kind: 'task', sighting: { ...SIGHTING, ...sighting } }, calls: [call] };
}
