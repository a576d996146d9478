import { afterEach, describe, expect, it } from 'vitest';
import { retryTaskId } from '../../src/task-retries/retry-id.ts';
import { get, post } from '../app/calls.ts';
import { advanceBy, advanceUntil, whileMoving } from '../money/hand-clock.ts';
import { RetryRig, taskIdOf } from './retry-rig.ts';

const RULE = { max: 2, delayMs: 30_000 };
const ALL_REASONS = ['unstated', 'concurrency', 'timeout', 'input', 'internal', 'other'];
const CONTROL = { actor: 'test', reason: 'a test' };

let rig: RetryRig;
afterEach(() => rig.stop());

describe('a failed task', () => {
  it('is tried again by a new create with a hold of its own, linked to the first', async () => {
    rig = await RetryRig.start([RULE]);
    rig.fault({ kind: 'fail_task' });
    const headers = { 'x-kling-app': 'shop', 'x-kling-tag': 'spring' };
    const first = taskIdOf(await rig.create({ negative_prompt: 'rain' }, headers));
    const failed = await rig.untilTask(first, ({ retryChain }) => retryChain?.state === 'waiting');
    expect(failed).toMatchObject({ state: 'failed', retryOf: null, retriedBy: [] });
    expect([await rig.waiting(), rig.creates().length]).toEqual([1, 1]);
    const retried = await rig.untilTask(first, ({ retriedBy }) => retriedBy[0]?.taskId != null);
    expect(retried.retriedBy).toMatchObject([{ number: 1, reason: 'internal', holdState: 'held' }]);
    const second = await rig.untilTask(
      String(retried.retriedBy[0]?.taskId),
      ({ state }) => state === 'succeeded',
    );
    expect(second).toMatchObject({
      retryOf: first,
      externalTaskId: retryTaskId({ firstHoldId: failed.holdId, number: 1 }),
      app: 'shop',
      tag: 'spring',
      settledCredits: 10,
      retriedBy: [],
    });
    const over = await rig.untilEnded(first);
    expect(over).toMatchObject({ state: 'failed', settledCredits: 0, retryChain: { note: 'succeeded' } });
    expect(over.life.filter(({ step }) => step === 'retry').map(({ text }) => text)).toEqual([
      `retry 1 is task ${second.id}: a task failed (internal)`,
      'no more retries: succeeded',
    ]);
    const [one, other] = rig.creates();
    expect({ ...other, external_task_id: one?.['external_task_id'] }).toEqual(one);
    expect([await rig.waiting(), await rig.bodies()]).toEqual([0, 0]);
    expect(rig.app.emulator.book().totalUnits).toBe(1);
  });

  it('is tried again until the maximum, with waits that double, each with a hold of its own', async () => {
    rig = await RetryRig.start([RULE]);
    rig.fault({ kind: 'fail_task', times: 'always' });
    const first = taskIdOf(await rig.create());
    const { retriedBy, retryChain } = await rig.untilEnded(first);
    expect(retryChain?.note).toBe('no_more');
    expect(retriedBy).toMatchObject([
      { number: 1, holdState: 'released', state: 'failed' },
      { number: 2, holdState: 'released', state: 'failed' },
    ]);
    expect(new Set(rig.creates().map((body) => body['external_task_id'])).size).toBe(3);
    const [, second, third] = await rig.rows('SELECT at FROM creates ORDER BY id');
    expect(Number(third?.['at']) - Number(second?.['at'])).toBeGreaterThanOrEqual(60_000);
    expect(await rig.bodies()).toBe(0);
    await advanceBy(rig.clock, 600_000, 60_000);
    expect(rig.creates()).toHaveLength(3);
  });

  it('is tried again on a path of the new generation, too', async () => {
    rig = await RetryRig.start([RULE]);
    const to = '/text-to-video/kling-3.0';
    rig.fault({ kind: 'fail_task' }, to);
    const body = { prompt: 'a boat', settings: { duration: 5 }, options: { external_task_id: 'mine' } };
    const got = await whileMoving(rig.clock, post(rig.app.dataUrl + to, body));
    const first = String(got.json.data['id'] ?? got.json.data['task_id']);
    const { retriedBy } = await rig.untilEnded(first);
    expect(retriedBy).toMatchObject([{ number: 1, state: 'succeeded' }]);
    const options = rig.creates().map((create) => create['options'] as Record<string, unknown>);
    expect(options[0]?.['external_task_id']).toBe('mine');
    expect(options[1]?.['external_task_id']).toMatch(/^ks_/);
  });

  it('keeps the id that its app chose for the first create, and gives the next one of ours', async () => {
    rig = await RetryRig.start([RULE], { config: { creates: { injectExternalTaskId: false } } });
    rig.fault({ kind: 'fail_task' });
    const chosen = { external_task_id: 'order-77' };
    const first = taskIdOf(await rig.create(chosen));
    const { retriedBy, externalTaskId } = await rig.untilEnded(first);
    expect([externalTaskId, retriedBy.length]).toEqual(['order-77', 1]);
    expect(rig.creates().map((body) => body['external_task_id'])).toEqual([
      'order-77',
      expect.stringMatching(/^ks_[0-9a-z]{26}$/),
    ]);
  });
});

describe('what is not tried again', () => {
  it.each([
    ['content policy, by any rule', { reasons: ALL_REASONS }, 'Failure to pass the risk control system'],
    ['a reason that the rule does not name', { reasons: ['concurrency'] }, 'internal error'],
    ['an unstated reason, by default', {}, ''],
  ])('is %s', async (_what, rule, message) => {
    rig = await RetryRig.start([{ ...RULE, ...rule }]);
    rig.fault({ kind: 'fail_task', message });
    const first = taskIdOf(await rig.create());
    await rig.untilTask(first, ({ state }) => state === 'failed');
    await advanceUntil(rig.clock, async () => (await rig.bodies()) === 0);
    await advanceBy(rig.clock, 120_000, 10_000);
    expect(rig.creates()).toHaveLength(1);
    expect(await rig.task(first)).toMatchObject({ retryChain: null, retriedBy: [] });
  });

  it('is a create of another app or tag: nothing of it is kept', async () => {
    rig = await RetryRig.start([
      { app: 'shop', ...RULE },
      { tag: 'batch', ...RULE },
    ]);
    await rig.create({}, { 'x-kling-app': 'blog' });
    expect(await rig.bodies()).toBe(0);
    await rig.create({}, { 'x-kling-app': 'blog', 'x-kling-tag': 'batch' });
    await rig.create({}, { 'x-kling-app': 'shop' });
    expect(await rig.bodies()).toBe(2);
  });

  it('is a create whose task succeeds, one that Kling refuses, and one with too large a body', async () => {
    rig = await RetryRig.start([{ ...RULE, maxBodyKiB: 1 }]);
    const first = taskIdOf(await rig.create());
    expect(await rig.bodies()).toBe(1);
    await rig.untilTask(first, ({ state }) => state === 'succeeded');
    await advanceUntil(rig.clock, async () => (await rig.bodies()) === 0);
    expect((await rig.create({ prompt: 'forbidden-at-create' })).status).toBe(400);
    await advanceUntil(rig.clock, async () => (await rig.bodies()) === 0);
    expect((await rig.create({ prompt: 'a boat, '.repeat(200) })).status).toBe(200);
    expect(await rig.bodies()).toBe(0);
    expect(await rig.rows('SELECT * FROM task_retry_chains')).toEqual([]);
    const metrics = await (await fetch(`${rig.app.controlUrl}/metrics`)).text();
    expect(metrics).toContain('kling_task_retries_total{result="not_kept"} 1');
  });

  it('is anything in observe mode', async () => {
    rig = await RetryRig.start([RULE], { config: { mode: 'observe' } });
    rig.fault({ kind: 'fail_task' });
    const first = taskIdOf(await rig.create());
    await rig.untilTask(first, ({ state }) => state === 'failed');
    await advanceBy(rig.clock, 120_000, 10_000);
    expect([rig.creates().length, await rig.bodies()]).toEqual([1, 0]);
  });

  it('is what waits when its rule is removed', async () => {
    rig = await RetryRig.start([RULE]);
    rig.fault({ kind: 'fail_task' });
    const first = taskIdOf(await rig.create());
    await rig.untilTask(first, ({ retryChain }) => retryChain?.state === 'waiting');
    await rig.app.reload({ tasks: { pollIntervalMs: 1_000, retryFailed: [] } });
    expect((await rig.untilEnded(first)).retryChain?.note).toBe('no_rule');
    expect([rig.creates().length, await rig.bodies()]).toEqual([1, 0]);
  });
});

describe('a retry that cannot be made now', () => {
  const limited = { budgets: [{ name: 'all', credits: 10, window: 'total' }] };

  it('waits for room in its budgets, and is made once there is some', async () => {
    rig = await RetryRig.start([RULE], { config: limited });
    rig.fault({ kind: 'fail_task' });
    const first = taskIdOf(await rig.create());
    await rig.untilTask(first, ({ retryChain }) => retryChain?.state === 'waiting');
    expect((await rig.create()).status).toBe(200);
    const delayed = await rig.untilTask(
      first,
      ({ retryChain }) => retryChain?.note?.startsWith('budget_exceeded') === true,
    );
    expect(delayed.retriedBy).toEqual([]);
    const tasks = { pollIntervalMs: 1_000, retryFailed: [RULE] };
    await rig.app.reload({ tasks, budgets: [{ name: 'all', credits: 20, window: 'total' }] });
    expect(RetryRig.made(await rig.untilEnded(first))).toMatchObject([{ number: 1, state: 'succeeded' }]);
    expect(rig.app.emulator.book().charges).toHaveLength(2);
  });

  it('is not made while spending is frozen', async () => {
    rig = await RetryRig.start([RULE]);
    rig.fault({ kind: 'fail_task' });
    const first = taskIdOf(await rig.create());
    await rig.untilTask(first, ({ retryChain }) => retryChain?.state === 'waiting');
    const authorization = { authorization: `Bearer ${rig.app.token}` };
    await post(`${rig.app.controlUrl}/v1/freeze`, CONTROL, authorization);
    await rig.untilTask(
      first,
      ({ retryChain }) => retryChain?.note?.startsWith('spending_frozen') === true,
      2_000,
    );
    expect(rig.creates()).toHaveLength(1);
    await fetch(`${rig.app.controlUrl}/v1/freeze`, {
      method: 'DELETE',
      headers: { ...authorization, 'content-type': 'application/json' },
      body: JSON.stringify(CONTROL),
    });
    expect((await rig.untilEnded(first)).retriedBy).toHaveLength(1);
  });

  it('is made later as the same number, after Kling refused it for its concurrency', async () => {
    rig = await RetryRig.start([RULE], { config: { creates: { resend: 'never' } } });
    rig.fault({ kind: 'fail_task' });
    const first = taskIdOf(await rig.create());
    rig.fault({ kind: 'code', code: 1303, times: 2 });
    const { retriedBy } = await rig.untilEnded(first);
    expect(retriedBy).toMatchObject([
      { number: 1, holdState: 'released', taskId: null },
      { number: 1, holdState: 'released', taskId: null },
      { number: 1, holdState: 'settled', state: 'succeeded' },
    ]);
    const ids = rig.creates().map((body) => body['external_task_id']);
    expect([ids.length, new Set(ids).size]).toEqual([4, 2]);
  });

  it('ends if Kling refuses the request itself', async () => {
    rig = await RetryRig.start([RULE]);
    rig.fault({ kind: 'fail_task' });
    const first = taskIdOf(await rig.create());
    rig.fault({ kind: 'code', code: 1301, status: 400 });
    expect(await rig.untilEnded(first)).toMatchObject({
      retriedBy: [{ number: 1, holdState: 'released', taskId: null }],
      retryChain: { note: 'refused' },
    });
    expect(await rig.bodies()).toBe(0);
  });
});

describe('a retry that is made once', () => {
  it('is looked up if its answer is lost, like any create', async () => {
    rig = await RetryRig.start([RULE]);
    rig.fault({ kind: 'fail_task' });
    const first = taskIdOf(await rig.create());
    await rig.untilTask(first, ({ retryChain }) => retryChain?.state === 'waiting');
    rig.fault({ kind: 'reset_after_charge' });
    const ended = await rig.untilEnded(first);
    expect(RetryRig.made(ended)).toMatchObject([{ number: 1, state: 'succeeded' }]);
    expect([rig.creates().length, rig.app.emulator.book().charges.length]).toEqual([2, 1]);
  });

  it('waits over a restart, and follows tasks that failed meanwhile', async () => {
    rig = await RetryRig.start([RULE]);
    rig.fault({ kind: 'fail_task', times: 2 });
    const waits = taskIdOf(await rig.create());
    await rig.untilTask(waits, ({ retryChain }) => retryChain?.state === 'waiting');
    const open = taskIdOf(await rig.create());
    await rig.restart();
    expect((await rig.task(waits)).retryChain?.state).toBe('waiting');
    for (const first of [waits, open])
      expect(RetryRig.made(await rig.untilEnded(first))).toMatchObject([{ number: 1, state: 'succeeded' }]);
    expect([rig.creates().length, rig.app.emulator.book().charges.length]).toEqual([4, 2]);
    expect(await rig.bodies()).toBe(0);
  });
});

describe('an app that is configured', () => {
  it('is the caller of its retries, and no longer when it is gone', async () => {
    const key = 'a-key-of-the-shop-1234';
    const { writeFile, mkdtemp } = await import('node:fs/promises');
    const folder = await mkdtemp('/tmp/kling-sidecar-test-');
    const keyFile = `${folder}/shop.key`;
    await writeFile(keyFile, key, { mode: 0o600 });
    const apps = [{ name: 'shop', keyFile, maxCreditsEach: 10 }];
    rig = await RetryRig.start([{ app: 'shop', ...RULE }], { folder, config: { apps } });
    rig.fault({ kind: 'fail_task', times: 2 });
    const first = taskIdOf(await rig.create({}, { authorization: `Bearer ${key}` }));
    const { retriedBy } = await rig.untilTask(first, (task) => task.retriedBy.length === 1);
    expect((await get(`${rig.app.controlUrl}/v1/holds`)).json).toMatchObject({
      holds: [{ id: retriedBy[0]?.holdId, app: 'shop' }, { app: 'shop' }],
    });
    await rig.untilTask(first, ({ retryChain }) => retryChain?.state === 'waiting');
    await writeFile(`${folder}/other.key`, 'a-key-of-another-app', { mode: 0o600 });
    const others = [{ name: 'blog', keyFile: `${folder}/other.key` }];
    await rig.app.reload({ tasks: { pollIntervalMs: 1_000, retryFailed: [RULE] }, apps: others });
    expect((await rig.untilEnded(first)).retryChain?.note).toBe('refused');
    expect(rig.creates()).toHaveLength(2);
  });
});
