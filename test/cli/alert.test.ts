import { stripVTControlCharacters } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { MINUTE_MS, NOON, OPS, startAlertRig, type AlertRig } from '../app/alert-rig.ts';
import { advanceUntil, whileMoving } from '../money/hand-clock.ts';
import { cli, type CliRun } from './run-cli.ts';

let rig: AlertRig;
let isEnded = false;
afterEach(async () => {
  if (!isEnded) await rig.end();
  isEnded = false;
});

function run(args: string[], more: { isTerminal?: boolean; columns?: number } = {}): Promise<CliRun> {
  const { folder, controlUrl } = rig.started;
  const env = { KLING_SIDECAR__CONTROL__PORT: new URL(controlUrl).port };
  return cli(args, { cwd: folder, env, ...more });
}

/** Tests need the clock to move on where a receiver gives no answer. */
const moving = (args: string[]): Promise<CliRun> => whileMoving(rig.clock, run(args));

describe('alert test', () => {
  it('shows what each channel answered, and fails where one did not take it', async () => {
    const down = { ...OPS, name: 'down', webhookUrlEnv: 'OPS_HOOK' };
    rig = await startAlertRig({ config: { alerts: { channels: [OPS, down] } } });
    expect(await run(['alert', 'test'])).toMatchObject({
      code: 0,
      out: 'ops (slack): took the message\ndown (slack): took the message\n',
    });
    expect(rig.texts()).toEqual([expect.stringMatching(/test/i), expect.stringMatching(/test/i)]);
    rig.answer = () => ({ status: 404, body: 'no_service' });
    const failed = await run(['alert', 'test', 'down']);
    expect(failed.code).toBe(1);
    expect(failed.out).toMatch(/^down \(slack\): Slack answered 404/);
    const json = JSON.parse((await run(['alert', 'test', 'down', '--json'])).out) as object;
    expect(json).toMatchObject({ results: [{ channel: 'down', type: 'slack', ok: false }] });
    const { out: doctor } = await run(['doctor']);
    expect(doctor).toMatch(
      /warn +alerts +The channel down \(slack\) did not take the last test: Slack answered 404/,
    );
    expect(doctor).toMatch(/ok +alerts +The channel ops \(slack\) took a message/);
    rig.answer = () => ({ status: 200, body: 'ok' });
    await rig.pass(MINUTE_MS);
    await rig.order('/v1/freeze', { reason: 'a drill' });
    await rig.untilSent(rig.slack.arrived.length + 2);
    await rig.pass(MINUTE_MS);
    expect((await run(['doctor'])).out).toMatch(/ok +alerts +The channel down \(slack\) took a message/);
    const { out: audit } = await run(['audit', '--json', '--limit', '2']);
    expect(audit).toMatch(/"action": "alert\.test"/);
    expect(audit).toMatch(/"after": "down: did not take it"/);
  });

  it('names the channels that there are, or says how to get one', async () => {
    rig = await startAlertRig();
    expect(await run(['alert', 'test', 'opps'])).toMatchObject({
      code: 1,
      err: expect.stringMatching(/no channel "opps": alerts\.channels has ops/),
    });
    await rig.started.reload({ alerts: { channels: [] } });
    expect(await run(['alert', 'test'])).toMatchObject({
      code: 2,
      err: expect.stringMatching(/No channel is configured: add one to alerts\.channels/),
    });
    expect((await run(['doctor'])).out).toMatch(/note +alerts +No channel is configured/);
    expect((await run(['status'])).out).toMatch(/alerts +none; no channel is configured/);
  });

  it('ends where a receiver gives no answer', async () => {
    rig = await startAlertRig();
    rig.answer = () => null;
    const { code, out } = await moving(['alert', 'test']);
    expect([code, out]).toEqual([1, expect.stringMatching(/Slack gave no answer within \d+ s/)]);
  });
});

describe('alert silence', () => {
  it('sends nothing of the rule until it ends, shows it all the same, and sends what still fires then', async () => {
    rig = await startAlertRig();
    const silenced = await run(['alert', 'silence', 'spending_frozen', '--for', '2h', '--reason', 'a drill']);
    expect(silenced).toMatchObject({
      code: 0,
      out: 'Nothing of spending_frozen is sent until 2026-11-18T14:00:00.000Z.\n',
    });
    await rig.order('/v1/freeze', { reason: 'a drill', actor: 'anna' });
    await rig.pass(2 * MINUTE_MS);
    expect(rig.texts()).toEqual([]);
    const listed = await run(['alert', 'list']);
    expect(listed.out).toMatch(/page +All spending is frozen by anna\n/);
    expect(listed.out).toMatch(/spending_frozen, since 2026-11-18T12:00:00\.000Z, not sent: silenced\n/);
    expect(listed.out).toMatch(/spending_frozen +2026-11-18T14:00:00\.000Z +\S+ +a drill/);
    expect(await run(['alert', 'unsilence', 'spending_frozen'])).toMatchObject({ code: 0 });
    await rig.pass(2 * MINUTE_MS);
    expect(rig.texts()).toHaveLength(1);
    expect(await run(['alert', 'unsilence', 'spending_frozen'])).toMatchObject({
      code: 1,
      err: expect.stringMatching(/is not silenced/),
    });
    const { out: audit } = await run(['audit']);
    expect(audit).toMatch(/alert\.silence .*spending_frozen/);
  });

  it.each([
    [['silence', 'spending_frzen', '--for', '2h', '--reason', 'x'], /Did you mean spending_frozen\?/],
    [['silence', 'channel_test', '--for', '2h', '--reason', 'x'], /no such rule/],
    [['silence', 'disk_low', '--for', '2 hours', '--reason', 'x'], /from 1m to 90d, such as 45m, 2h/],
    [['silence', 'disk_low', '--for', '91d', '--reason', 'x'], /from 1m to 90d/],
    [['silence', 'disk_low', '--for', '2h'], /--reason/],
  ])('says what is wrong with alert %j', async (args, text) => {
    rig = await startAlertRig();
    const { code, err } = await run(['alert', ...args]);
    expect([code, err]).toEqual([2, expect.stringMatching(text)]);
  });
});

describe('alert list and status', () => {
  it('show what fires and what could not be sent, beside a sidecar and without one', async () => {
    rig = await startAlertRig();
    expect((await run(['alert', 'list'])).out).toMatch(/^Nothing fires\.\n/);
    rig.answer = () => ({ status: 503 });
    await rig.order('/v1/freeze', { reason: 'a drill', actor: 'anna' });
    await rig.untilSent(1);
    await advanceUntil(rig.clock, async () => (await rig.alerts()).channels[0]?.lastError);
    for (const isRunning of [true, false]) {
      const { out } = await run(['status']);
      expect(out).toMatch(/alerts +page: All spending is frozen by anna/);
      expect(out).toMatch(/channel ops +1 event waits; Slack answered 503/);
      const list = await run(['alert', 'list']);
      expect(list.out).toMatch(/^Firing:\npage +All spending is frozen/);
      expect(list.out).toMatch(/ops +slack +1 +0 +- +Slack answered 503/);
      expect(list.err.includes('nothing is sent now')).toBe(!isRunning);
      const csv = (await run(['alert', 'list', '--format', 'csv'])).out.split('\n');
      expect(csv[0]).toMatch(/^state,rule,kind,severity/);
      expect(csv[1]).toMatch(/^firing,spending_frozen/);
      const json = JSON.parse((await run(['alert', 'list', '--json'])).out) as object;
      expect(json).toMatchObject({
        firing: [{ rule: 'spending_frozen', startedAt: new Date(NOON).toISOString() }],
        channels: [{ name: 'ops', waiting: 1 }],
      });
      if (isRunning) await whileMoving(rig.clock, rig.started.stop({ keep: true }), 100);
    }
    isEnded = true;
    await rig.slack.stop();
    expect(await run(['alert', 'test'])).toMatchObject({
      code: 1,
      err: expect.stringMatching(/needs a running sidecar/),
    });
  });

  it('keep to a terminal’s width', async () => {
    rig = await startAlertRig();
    await rig.order('/v1/freeze', { reason: 'a drill', actor: 'anna' });
    await rig.pass(MINUTE_MS);
    for (const columns of [60, 80, 120]) {
      for (const command of [['alert', 'list'], ['status']]) {
        const { out } = await run(command, { isTerminal: true, columns });
        const lines = stripVTControlCharacters(out).split('\n');
        // Paths and addresses are not broken.
        const long = lines.filter((line) => line.length > columns && !/^store|https:/.test(line));
        expect(long).toEqual([]);
      }
    }
  });
});
