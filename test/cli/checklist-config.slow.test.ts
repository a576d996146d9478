import { afterEach, describe, expect, it } from 'vitest';
import { createManualClock, systemClock, type Clock } from '../../src/clock.ts';
import { post, textToVideo, until } from '../app/calls.ts';
import { startReceiver } from '../alerts/receiver.ts';
import { startApp, type StartedApp, type StartOptions } from '../app/start-app.ts';
import { judge } from './checklist-rig.ts';
import { runBeside } from './smoke-rig.ts';

const DAY = 86_400_000;
const START = Date.UTC(2026, 10, 21, 12);

let app: StartedApp;
afterEach(() => app.stop());

const start = async (options: StartOptions = {}): Promise<void> => void (app = await startApp(options));
/** Of the app's clock the wall alone: what a command waits for passes as on any machine. */
const wallOf = (clock: Clock): Clock => ({ ...systemClock, now: () => clock.now() });

describe('a line about money', () => {
  it('wants a budget of a day that refuses, in mode protect', async () => {
    await start();
    expect((await judge(app)).line('daily_budget')).toBe(
      'ok: daily, 1000 credits a day: a create that would pass it is refused before it is sent.',
    );
    await app.reload({ mode: 'observe', budgets: [{ name: 'web', credits: 5, match: { app: 'web' } }] });
    const open = await judge(app);
    expect(open.code).toBe(1);
    expect(open.line('daily_budget')).toMatch(
      /^fail: The mode is observe: .* No budget in mode enforce limits all creates together\. → Set mode to protect, and reload\. Add one/,
    );
    expect(open.line('estimate')).toMatch(/^warn: .* But no budget refuses what is too much\./);
    expect(open.line('budget_alert')).toMatch(/^fail: There is no budget to report\./);
    await app.reload({ budgets: [{ name: 'monthly', credits: 5, window: 'month', alertAt: [0.9] }] });
    const monthly = await judge(app);
    expect(monthly.line('daily_budget')).toMatch(/^warn: .* no window of a day: monthly \(month\)\./);
    expect(monthly.line('budget_alert')).toMatch(/^warn: alertAt of monthly has no share of 0\.8 or less\./);
  });

  it('sees which modes were used, what failed, and whether a smoke test succeeded', async () => {
    await start();
    const none = await judge(app);
    expect(none.line('standard_mode')).toMatch(/^not ours: .* none was made in the last 31 days\./);
    expect(none.line('smoke')).toMatch(/^warn: No smoke test succeeded .* → Run it: kling-sidecar smoke/);
    expect((await runBeside(app, ['smoke', '--yes'])).code).toBe(0);
    const tested = await judge(app);
    expect(tested.line('smoke')).toMatch(/^ok: The task of the last smoke test succeeded on \d{4}-/);
    expect(tested.line('standard_mode')).toBe(
      'ok: Each of the 1 task of the last 31 days was made in mode std.',
    );
    app.emulator.addFault({ kind: 'fail_task', match: { method: 'POST', path: '/v1/' } });
    await post(`${app.dataUrl}/v1/videos/text2video`, textToVideo({ mode: 'pro' }));
    await until('the task has failed', async () =>
      (await judge(app)).line('status_message').includes('1 task failed'),
    );
    const mixed = await judge(app);
    expect(mixed.line('standard_mode')).toMatch(/^not ours: The app chooses the mode: 50 % of the 2 tasks/);
    expect(mixed.line('failed_tasks')).toMatch(/\(1 in the last 31 days\)/);
  });
});

describe('a line about limits', () => {
  it('compares the slots with what the packs’ names allow', async () => {
    await start();
    expect((await judge(app)).line('concurrency')).toMatch(
      /^warn: The pack allows 5 video tasks at once, .* → Set account\.poll to true, or limits\.concurrency\.video to 5\. .*limits\.concurrency\.image to 9\.$/,
    );
    await app.reload({ account: { poll: true } });
    expect((await judge(app)).line('concurrency')).toMatch(
      /^ok: At most 5 video tasks run at once \(the account’s packs\); the pack allows 5\./,
    );
    await app.reload({ limits: { concurrency: { video: 6, image: 9 } } });
    const more = await judge(app);
    expect(more.line('concurrency')).toMatch(
      /^warn: limits\.concurrency\.video is 6, and the pack allows 5\./,
    );
    expect(more.line('backoff')).toMatch(/^ok: .* creates wait here for a slot, up to 5 s/);
    await app.reload({ limits: { concurrency: { video: 5, image: 4 }, requestsPerMinute: 30 } });
    const fits = await judge(app);
    expect(fits.line('concurrency')).toMatch(/^ok: At most 5 video tasks run at once/);
    expect(fits.line('rate_limit')).toMatch(/^ok: At most 30 requests leave in a minute/);
    const unknown = await judge(app, ['--without-kling'], {
      env: { KLING_SIDECAR__LIMITS__CONCURRENCY: '{}' },
    });
    expect(unknown.line('concurrency')).toMatch(
      /^warn: Nothing limits how many tasks run at once before .*, and what the packs allow is not known/,
    );
  });

  it('wants short times, polls, and stuck tasks to be seen early', async () => {
    await start();
    const well = await judge(app);
    expect(well.line('timeout')).toMatch(/^ok: Connecting takes at most 5 s, Kling’s answer 30 s/);
    expect(well.line('poll_cap')).toMatch(/^ok: /);
    await app.reload({
      upstream: { timeoutMs: 60_000 },
      tasks: { poll: false, stuckAfterMs: 3_600_000 },
      telemetry: { accessLog: 'errors' },
    });
    const loose = await judge(app);
    expect(loose.line('timeout')).toMatch(
      /^warn: .* Kling’s answer 60 s.* → Set upstream\.timeoutMs to 30000 or less\.$/,
    );
    expect(loose.line('poll_cap')).toMatch(/^warn: tasks\.poll is off/);
    expect(loose.line('callback')).toMatch(/^fail: tasks\.poll is off/);
    expect(loose.line('stuck_tasks')).toMatch(/^warn: A task counts as stuck after 60 min only\./);
    expect(loose.line('json_logs')).toMatch(/^warn: .* those that failed or were refused have one/);
  });

  it('finds tasks that are stuck now', async () => {
    const clock = createManualClock(START);
    await start({ clock, emulator: { taskSeconds: { processing: 1e9 } } });
    expect((await post(`${app.dataUrl}/v1/videos/text2video`, textToVideo())).status).toBe(200);
    await clock.advance(700_000);
    const { line } = await judge(app, [], { clock: wallOf(clock) });
    expect(line('stuck_tasks')).toMatch(
      /^warn: A task counts as stuck after twice the time that 99 % of its kind take: .* 1 task is stuck now\./,
    );
  });

  it('wants packs with units left, and time to use them', async () => {
    const now = systemClock.now();
    const pack = { product: 'video' as const, units: 10, effectiveAt: now - DAY };
    const name = 'Trial-Video-10Units-5Con-1Months';
    await start({ emulator: { packs: [{ ...pack, name, invalidAt: now + 3 * DAY }] } });
    expect((await judge(app)).line('packs')).toMatch(/^warn: .* which expire in 2 days .* → Use them before/);
    await app.emulator.stop();
    await app.stop();
    await start({ emulator: { packs: [{ ...pack, name, invalidAt: now - 1 }] } });
    expect((await judge(app)).line('packs')).toMatch(/^warn: No pack is valid any more: .* → Buy a pack/);
  });
});

describe('a line about watching', () => {
  it('is well while somebody reads the metrics, and not a quarter of an hour later', async () => {
    const clock = createManualClock(START);
    await start({ clock });
    const judged = () => judge(app, [], { clock: wallOf(clock) });
    expect((await judged()).line('dashboard')).toMatch(
      /^warn: .* Nobody has read \/metrics since the start\. .*export grafana DIR\.$/,
    );
    await fetch(`${app.controlUrl}/metrics`);
    const read = await judged();
    for (const id of ['latency', 'dashboard', 'credit_metrics'] as const) {
      expect(read.line(id)).toMatch(/^ok: .*\/metrics was read less than a minute ago\.$/);
    }
    await clock.advance(16 * 60_000);
    expect((await judged()).line('latency')).toMatch(/^warn: .*\/metrics was read 16 minutes ago\./);
  });

  it('wants an alert channel for what must be heard', async () => {
    await start();
    const { line } = await judge(app);
    for (const id of ['failure_alert', 'stuck_tasks', 'budget_alert'] as const) {
      expect(line(id)).toMatch(/^warn: .*No alert channel is configured: /);
    }
    await app.reload({ alerts: { rules: { failure_rate: false } } });
    expect((await judge(app)).line('failure_alert')).toMatch(
      /^warn: The rule failure_rate is off: nobody hears of a failure rate/,
    );
    await app.reload({ alerts: { rules: { failure_rate: { threshold: 0.2 } } } });
    expect((await judge(app)).line('failure_alert')).toMatch(/fires above 20 % only\./);
  });

  it('is well once a channel took a message, and not while it takes none', async () => {
    let status = 200;
    const receiver = await startReceiver(() => ({ status }));
    const lines = ['failure_alert', 'stuck_tasks', 'budget_alert'] as const;
    await start({ config: { alerts: { channels: [{ name: 'hook', type: 'webhook', url: receiver.url }] } } });
    const silent = await judge(app);
    for (const id of lines) {
      expect(silent.line(id)).toMatch(
        /^warn: .*The channel hook \(webhook\) was never sent anything\. → .*alert test hook/,
      );
    }
    expect((await runBeside(app, ['alert', 'test', 'hook'])).code).toBe(0);
    const heard = await judge(app);
    for (const id of lines) {
      expect(heard.line(id)).toMatch(/^ok: .*The channel hook \(webhook\) took a message .+ ago\.$/);
    }
    expect(heard.line('webhook_https')).toMatch(/^ok: 1 alert channel, none without TLS beyond loopback\./);
    status = 500;
    expect((await runBeside(app, ['alert', 'test', 'hook'])).code).toBe(1);
    expect((await judge(app)).line('failure_alert')).toMatch(
      /^warn: .*hook \(webhook\) did not take the last test: .*500/,
    );
    await receiver.stop();
    const url = 'http://10.0.0.9:9093';
    await app.reload({ alerts: { channels: [{ name: 'am', type: 'alertmanager', url }] } });
    expect((await judge(app)).line('webhook_https')).toMatch(/^warn: Alerts go without TLS to am\./);
  });

  it('says of the store what is kept of prompts', async () => {
    await start({ config: { store: { promptPreviewChars: 0 } } });
    expect((await judge(app)).line('prompt_data')).toMatch(/^not ours: The store keeps no prompt\./);
  });
});
