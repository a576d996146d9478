import { afterEach, describe, expect, it } from 'vitest';
import { get, post, textToVideo, until } from './calls.ts';
import { whileMoving } from '../money/hand-clock.ts';
import { HOUR_MS, MINUTE_MS, OPS, startAlertRig, type AlertRig } from './alert-rig.ts';

let rig: AlertRig;
afterEach(() => rig.end());

const ALERTS = { channels: [OPS], rules: { credits_refused: false, job_missed: false } };
const BUDGET = { budgets: [{ name: 'daily', credits: 20, window: 'day', alertAt: [0.5] }], alerts: ALERTS };

const rulesOf = (alerts: readonly { rule: string }[]): string[] => alerts.map(({ rule }) => rule);

describe('a budget that is crossed', () => {
  it('is sent once, over restarts, reloads and further creates, and once more when its window ends', async () => {
    rig = await startAlertRig({ config: BUDGET });
    await rig.create();
    await rig.untilSent(1);
    await rig.create();
    await rig.untilSent(2);
    expect(rig.texts()).toEqual([
      expect.stringMatching(/Budget daily is used to 50 %/),
      expect.stringMatching(/Budget daily is used up/),
    ]);
    expect((await rig.create()).status).toBe(403);
    await rig.pass(3 * MINUTE_MS);
    await rig.restart({ awayMs: HOUR_MS });
    await rig.pass(3 * MINUTE_MS);
    await rig.started.reload({ ...BUDGET, alerts: { ...ALERTS, groupSeconds: 5 } });
    await rig.pass(3 * MINUTE_MS);
    expect(rig.texts()).toHaveLength(2);
    expect(rulesOf((await rig.alerts()).firing)).toEqual(['budget_used_up']);
    await rig.pass(12 * HOUR_MS, 4 * HOUR_MS);
    await rig.pass(MINUTE_MS);
    expect(rig.texts().slice(2)).toEqual([expect.stringMatching(/daily/)]);
    const { firing, recent } = await rig.alerts();
    expect(firing).toEqual([]);
    expect(rulesOf(recent).toSorted()).toEqual(['budget_threshold', 'budget_used_up']);
  });
});

describe('spending that is frozen and resumed', () => {
  it('is sent with who did it and why, and again when it is over', async () => {
    rig = await startAlertRig();
    await rig.order('/v1/freeze', { reason: 'a loop in the batch app', actor: 'anna' });
    await rig.untilSent(1);
    await rig.order('/v1/freeze', { reason: 'the loop is mended', actor: 'ben' }, 'DELETE');
    await rig.untilSent(2);
    await rig.pass(3 * MINUTE_MS);
    expect(rig.texts()).toEqual([
      expect.stringMatching(/frozen.*anna.*a loop in the batch app/s),
      expect.stringMatching(/ben.*the loop is mended/s),
    ]);
  });

  it('is sent after a restart where the process ended before it could be', async () => {
    rig = await startAlertRig();
    rig.answer = () => null;
    await rig.order('/v1/freeze', { reason: 'a drill', actor: 'anna' });
    await rig.untilSent(1);
    await rig.restart();
    rig.answer = () => ({ status: 200, body: 'ok' });
    await rig.pass(MINUTE_MS);
    expect(rig.texts().at(-1)).toMatch(/frozen/);
    expect((await rig.alerts()).channels[0]).toMatchObject({ name: 'ops', waiting: 0, lastError: null });
  });
});

describe('Kling that is down', () => {
  it('is one alert, without one of the failure rate beside it', async () => {
    rig = await startAlertRig({ config: { alerts: { channels: [OPS], rules: { sla_at_risk: false } } } });
    rig.started.emulator.addFault({ kind: 'code', times: 'always', match: { method: 'GET' } });
    const read = () => get(`${rig.started.dataUrl}/v1/videos/text2video/123456789012345678`);
    for (let minute = 0; minute < 16; minute += 1) {
      for (let i = 0; i < 8; i += 1) await whileMoving(rig.clock, read(), 500);
      await rig.pass(MINUTE_MS);
    }
    expect(rig.texts()).toEqual([expect.stringMatching(/Kling is down/)]);
    const { firing } = await rig.alerts();
    expect(rulesOf(firing).toSorted()).toEqual(['failure_rate', 'upstream_down']);
    const rate = firing.find(({ rule }) => rule === 'failure_rate');
    expect(rate).toMatchObject({ keptBack: 'inhibited', sentAt: null });
  });
});

describe('without a channel', () => {
  it('alerts are listed, counted and logged all the same', async () => {
    let log = '';
    rig = await startAlertRig({
      config: { alerts: { channels: [] } },
      logTo: { write: (text) => void (log += text) },
    });
    const firing = async (): Promise<string[]> => {
      const metrics = await (await fetch(`${rig.started.controlUrl}/metrics`)).text();
      return metrics.split('\n').filter((line) => /^kling_alerts_firing\{.*[^0]$/.test(line));
    };
    expect(await firing()).toEqual([]);
    await rig.order('/v1/freeze', { reason: 'a drill', actor: 'anna' });
    await rig.pass(MINUTE_MS);
    expect(await firing()).toEqual([
      expect.stringMatching(
        /rule="spending_frozen".*severity="page".* 1$|severity="page".*"spending_frozen".* 1$/,
      ),
    ]);
    expect(await rig.alerts()).toMatchObject({
      firing: [{ rule: 'spending_frozen', severity: 'page', title: 'All spending is frozen by anna' }],
      channels: [],
    });
    await rig.order('/v1/freeze', { reason: 'over', actor: 'ben' }, 'DELETE');
    await rig.pass(MINUTE_MS);
    expect(await firing()).toEqual([]);
    await until('the line is written', () => log.includes('"alert_over"'));
    const lines = log.split('\n').filter((line) => line.includes('"event":"alert_'));
    expect(lines.map((line) => JSON.parse(line) as { level: string; event: string })).toMatchObject([
      { level: 'error', event: 'alert_firing', rule: 'spending_frozen', severity: 'page' },
      { level: 'info', event: 'alert_over', rule: 'spending_frozen' },
    ]);
  });
});

describe('a reload', () => {
  it('opens a channel that it adds, and drops one that it removes', async () => {
    rig = await startAlertRig({ config: { alerts: { channels: [] } } });
    await rig.order('/v1/freeze', { reason: 'a drill' });
    await rig.pass(2 * MINUTE_MS);
    const { firing, channels } = await rig.alerts();
    expect([rulesOf(firing), channels]).toEqual([['spending_frozen'], []]);
    expect(rig.texts()).toEqual([]);
    await rig.started.reload({ alerts: { channels: [OPS] } });
    await rig.order('/v1/freeze', { reason: 'over' }, 'DELETE');
    await rig.pass(MINUTE_MS);
    await rig.order('/v1/freeze', { reason: 'another drill' });
    await rig.untilSent(1);
    expect(rig.texts()).toEqual([expect.stringMatching(/another drill/)]);
    await rig.started.reload({ alerts: { channels: [] } });
    await rig.order('/v1/freeze', { reason: 'over' }, 'DELETE');
    await rig.pass(2 * MINUTE_MS);
    expect(rig.texts()).toHaveLength(1);
  });

  it('leaves all as it was where a channel’s secret is missing', async () => {
    rig = await startAlertRig();
    const other = { ...OPS, name: 'other', webhookUrlEnv: 'OTHER_HOOK' };
    await expect(rig.started.reload({ alerts: { channels: [OPS, other] } })).rejects.toThrow(
      /"other" \(slack\): webhookUrlEnv names the variable OTHER_HOOK/,
    );
    await rig.order('/v1/freeze', { reason: 'a drill' });
    await rig.untilSent(1);
  });
});

describe('a receiver that never answers', () => {
  it('delays no create, no other answer and no stop', async () => {
    rig = await startAlertRig({ config: { budgets: [{ name: 'daily', credits: 1000, window: 'day' }] } });
    rig.answer = () => null;
    await rig.order('/v1/freeze', { reason: 'a drill' });
    await rig.order('/v1/freeze', { reason: 'over' }, 'DELETE');
    await rig.order('/v1/freeze', { reason: 'a drill' });
    await rig.untilSent(1);
    await rig.order('/v1/freeze', { reason: 'over' }, 'DELETE');
    const from = rig.clock.monotonic();
    // Nothing but sockets and the store: the clock stands still.
    const created = await post(`${rig.started.dataUrl}/v1/videos/text2video`, textToVideo());
    expect(created.status).toBe(200);
    expect((await get(`${rig.started.controlUrl}/v1/status`)).status).toBe(200);
    expect(rig.clock.monotonic()).toBe(from);
    await rig.restart();
    expect(rig.clock.monotonic() - from).toBeLessThan(6_000);
  });
});
