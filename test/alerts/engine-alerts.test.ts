import { describe, expect, it } from 'vitest';
import { openAlertKeys, takeFindings } from '../../src/alerts/alert-table.ts';
import { endSilence, silenceRule } from '../../src/alerts/silence-table.ts';
import { listAudit } from '../../src/ledger/audit.ts';
import {
  finding,
  findings,
  HOUR_MS,
  key,
  lines,
  MINUTE_MS,
  NOON,
  recordedChannel,
  settings,
} from './engine-making.ts';
import { openEngine, type Engine } from './engine-store.ts';

const chat = () => recordedChannel('chat');
const said = (channel: ReturnType<typeof recordedChannel>) => channel.sent.map((message) => lines(message));

/** Takes the same findings each minute, as a look does. */
async function everyMinute(engine: Engine, ms: number, found: Parameters<Engine['take']>[0]): Promise<void> {
  for (let passed = 0; passed < ms; passed += MINUTE_MS) {
    await engine.take(found);
    await engine.pass(MINUTE_MS, 10_000);
  }
}

describe('a condition', () => {
  it('is sent once while it is found again and again, and its end once', async () => {
    const channel = chat();
    const engine = openEngine([channel]);
    await everyMinute(engine, 10 * MINUTE_MS, [finding('tasks_stuck')]);
    await engine.take([], [key('tasks_stuck')]);
    await engine.take([], [key('tasks_stuck')]);
    await engine.pass(MINUTE_MS);
    expect(said(channel)).toEqual([['tasks_stuck a firing'], ['tasks_stuck a resolved']]);
    const [firing, resolved] = channel.sent.map(({ alerts }) => alerts[0]);
    expect(resolved).toMatchObject({
      fingerprint: firing?.fingerprint,
      startedAt: NOON,
      endedAt: NOON + 10 * MINUTE_MS,
    });
  });

  it('is sent as a new alert when it is true again', async () => {
    const channel = chat();
    const engine = openEngine([channel]);
    for (let i = 0; i < 2; i += 1) {
      await engine.take([finding('tasks_stuck')]);
      await engine.pass(MINUTE_MS);
      await engine.take([], [key('tasks_stuck')]);
      await engine.pass(MINUTE_MS);
    }
    const firing = 'tasks_stuck a firing';
    const resolved = 'tasks_stuck a resolved';
    expect(said(channel)).toEqual([[firing], [resolved], [firing], [resolved]]);
    const starts = channel.sent.map(({ alerts }) => alerts[0]?.startedAt);
    expect(starts[0]).toBe(starts[1]);
    expect(starts[2]).toBe(starts[3]);
    expect(starts[2]).toBeGreaterThan(starts[1] ?? 0);
  });

  it('is over when a rule that lists all no longer finds it', async () => {
    const channel = chat();
    const engine = openEngine([channel]);
    await engine.take([finding('tasks_stuck'), finding('tasks_stuck', { of: 'b' })]);
    await engine.pass(MINUTE_MS);
    const found = [finding('tasks_stuck', { of: 'b' })];
    await engine.alerting.take({ complete: ['tasks_stuck'], found, over: [] });
    await engine.pass(MINUTE_MS);
    expect(said(channel)[1]).toEqual(['tasks_stuck a resolved']);
    const keys = await engine.memory.run(openAlertKeys, undefined);
    const open = { ...key('tasks_stuck', 'b'), values: {}, startedAt: NOON };
    expect(keys).toEqual({ tasks_stuck: [open] });
  });

  it('is repeated every 4 hours with its last values, and each time once', async () => {
    const channel = chat();
    const engine = openEngine([channel]);
    const since = NOON;
    for (let hour = 0; hour < 9; hour += 1) {
      await everyMinute(engine, HOUR_MS, [finding('tasks_stuck', { since, values: { hour } })]);
    }
    expect(said(channel).flat()).toEqual([
      'tasks_stuck a firing',
      'tasks_stuck a repeat',
      'tasks_stuck a repeat',
    ]);
    const at = channel.sent.map(({ alerts }) => (alerts[0]?.at ?? 0) - NOON);
    expect(at).toEqual([0, 4 * HOUR_MS, 8 * HOUR_MS]);
    expect(channel.sent.map(({ alerts }) => alerts[0]?.values['hour'])).toEqual([0, 4, 8]);
  });

  it('has the values of its beginning and of its end at its end', async () => {
    const channel = chat();
    const engine = openEngine([channel]);
    await engine.take([finding('spending_frozen', { values: { actor: 'ann', reason: 'loop' } })]);
    await engine.pass(MINUTE_MS);
    const end = { ...key('spending_frozen'), values: { reason: 'mended', endActor: 'bob' } };
    await engine.take([], [end]);
    await engine.pass(MINUTE_MS);
    const values = channel.sent.map(({ alerts }) => alerts[0]?.values);
    expect(values).toEqual([
      { actor: 'ann', reason: 'loop' },
      { actor: 'ann', reason: 'mended', endActor: 'bob' },
    ]);
  });

  it('changes nothing when a fact is delivered again, also after its end', async () => {
    const channel = chat();
    const engine = openEngine([channel]);
    await engine.take([finding('spending_frozen')], [], 7);
    await engine.take([], [key('spending_frozen')], 8);
    await engine.pass(MINUTE_MS);
    await engine.take([finding('spending_frozen')], [], 7);
    await engine.pass(MINUTE_MS);
    expect((await engine.overview()).firing).toEqual([]);
  });
});

describe('a notice and a period', () => {
  it('begin once for each period, across restarts and edits of the config', async () => {
    const channel = chat();
    const engine = openEngine([channel]);
    const found = (day: string) => [
      finding('budget_threshold', { period: day }),
      finding('budget_used_up', { period: day }),
    ];
    for (const day of ['2026-11-18', '2026-11-19']) {
      await engine.take(found(day));
      await engine.pass(MINUTE_MS);
      await engine.alerting.stop();
      engine.settings = settings(['chat'], { budget_threshold: { severity: 'page' } });
      engine.restart();
      await engine.take(found(day));
      await engine.take([], [key('budget_used_up', 'a', day)]);
      await engine.pass(MINUTE_MS);
      await engine.take(found(day));
      await engine.pass(5 * HOUR_MS, MINUTE_MS);
    }
    expect(said(channel)).toEqual(
      ['2026-11-18', '2026-11-19'].flatMap((day) => [
        [`budget_threshold a ${day} firing`, `budget_used_up a ${day} firing`],
        [`budget_used_up a ${day} resolved`],
      ]),
    );
  });
});

it('repeats no period, even if it is open for long', async () => {
  const channel = chat();
  const engine = openEngine([channel]);
  for (let hour = 0; hour < 12; hour += 1) {
    await engine.take([finding('budget_used_up', { period: '2026-11-18' })]);
    await engine.pass(HOUR_MS, MINUTE_MS);
  }
  expect(said(channel)).toEqual([['budget_used_up a 2026-11-18 firing']]);
});

describe('a rule', () => {
  it('that is switched off ends its alerts without a message, and finds nothing', async () => {
    const channel = chat();
    const engine = openEngine([channel]);
    await engine.take([finding('tasks_stuck'), finding('disk_low')]);
    await engine.pass(MINUTE_MS);
    engine.settings = settings(['chat'], { tasks_stuck: { isOn: false } });
    await engine.take([finding('tasks_stuck')]);
    await engine.pass(5 * HOUR_MS, MINUTE_MS);
    expect(said(channel)).toHaveLength(1);
    expect((await engine.overview()).firing.map(({ rule }) => rule)).toEqual(['disk_low']);
  });

  it('that is switched off before its message was sent is not sent', async () => {
    const channel = chat();
    const engine = openEngine([channel]);
    await engine.take([finding('tasks_stuck')]);
    engine.settings = settings(['chat'], { tasks_stuck: { isOn: false } });
    await engine.take();
    await engine.pass(MINUTE_MS);
    expect(channel.tried).toEqual([]);
  });

  it('goes only to its channels', async () => {
    const [one, two] = [recordedChannel('one'), recordedChannel('two')];
    const engine = openEngine([one, two]);
    engine.settings = settings(['one', 'two'], { tasks_stuck: { channels: ['two', 'gone'] } });
    await engine.take([finding('tasks_stuck'), finding('disk_low')]);
    await engine.pass(MINUTE_MS);
    expect([said(one), said(two)]).toEqual([
      [['disk_low a firing']],
      [['tasks_stuck a firing', 'disk_low a firing']],
    ]);
  });
});

describe('an outage', () => {
  it('keeps back the failure rate, its end too, and sends it later if it goes on', async () => {
    const channel = chat();
    const engine = openEngine([channel]);
    await engine.take([finding('failure_rate'), finding('upstream_down')]);
    await engine.pass(MINUTE_MS);
    await engine.take([], [key('failure_rate')]);
    await engine.pass(MINUTE_MS);
    await engine.take([finding('failure_rate')]);
    await engine.take([], [key('upstream_down')]);
    await engine.pass(10 * MINUTE_MS);
    await engine.take([finding('failure_rate')]);
    await engine.pass(MINUTE_MS);
    expect(said(channel)).toEqual([['upstream_down a firing'], ['upstream_down a resolved']]);
    expect(engine.results.slice(0, 1)).toEqual(['failure_rate chat kept_back']);
    await engine.take([finding('failure_rate')]);
    await engine.pass(MINUTE_MS);
    expect(said(channel)[2]).toEqual(['failure_rate a firing']);
  });

  it('withdraws a failure rate that waits to be sent', async () => {
    const channel = chat();
    const engine = openEngine([channel]);
    await engine.take([finding('failure_rate')]);
    await engine.take([finding('upstream_down')]);
    await engine.pass(MINUTE_MS);
    expect(said(channel)).toEqual([['upstream_down a firing']]);
    const { firing } = await engine.overview();
    expect(firing.find(({ rule }) => rule === 'failure_rate')).toMatchObject({ keptBack: 'inhibited' });
  });

  it('sends the end of a failure rate that was sent before it', async () => {
    const channel = chat();
    const engine = openEngine([channel]);
    await engine.take([finding('failure_rate')]);
    await engine.pass(MINUTE_MS);
    await engine.take([finding('upstream_down')]);
    await engine.take([], [key('failure_rate')]);
    await engine.pass(MINUTE_MS);
    expect(said(channel)[1]).toEqual(['upstream_down a firing', 'failure_rate a resolved']);
  });
});

describe('a silence', () => {
  const order = { rule: 'tasks_stuck', reason: 'a known bug', actor: 'ann' } as const;
  const silence = (engine: Engine, forMs: number) => {
    const at = engine.clock.now();
    return engine.memory.run(silenceRule, { ...order, until: at + forMs, at });
  };

  it('keeps its rule back until its end, and then sends alerts that are still open', async () => {
    const channel = chat();
    const engine = openEngine([channel]);
    await silence(engine, 2 * HOUR_MS);
    await engine.take([finding('tasks_stuck'), finding('tasks_stuck', { of: 'b' })]);
    await engine.pass(HOUR_MS, MINUTE_MS);
    await engine.take([], [key('tasks_stuck', 'b')]);
    expect(engine.results).toEqual(['tasks_stuck chat kept_back', 'tasks_stuck chat kept_back']);
    const { firing, silences } = await engine.overview();
    expect(firing).toMatchObject([{ rule: 'tasks_stuck', sentAt: null, keptBack: 'silence' }]);
    expect(silences).toMatchObject([{ ...order, until: NOON + 2 * HOUR_MS }]);
    await everyMinute(engine, 2 * HOUR_MS, []);
    expect(said(channel)).toEqual([['tasks_stuck a firing']]);
    expect((await engine.overview()).silences).toEqual([]);
  });

  it('holds repeats back, and sends the end of what was sent before it', async () => {
    const channel = chat();
    const engine = openEngine([channel]);
    await engine.take([finding('tasks_stuck')]);
    await engine.pass(MINUTE_MS);
    await silence(engine, 6 * HOUR_MS);
    await everyMinute(engine, 6 * HOUR_MS, []);
    expect(said(channel)).toHaveLength(1);
    await engine.take();
    await engine.pass(MINUTE_MS);
    expect(said(channel)[1]).toEqual(['tasks_stuck a repeat']);
    await silence(engine, HOUR_MS);
    await engine.take([], [key('tasks_stuck')]);
    await engine.pass(MINUTE_MS);
    expect(said(channel)[2]).toEqual(['tasks_stuck a resolved']);
  });

  it('can be ended, and leaves an audit row for each order', async () => {
    const engine = openEngine([chat()]);
    await silence(engine, HOUR_MS);
    const end = { ...order, reason: 'mended', at: NOON };
    expect(await engine.memory.run(endSilence, end)).toEqual({ wasSilenced: true });
    expect(await engine.memory.run(endSilence, end)).toEqual({ wasSilenced: false });
    const { audit } = await engine.memory.run(listAudit, { limit: 10, cursor: null });
    expect(audit).toMatchObject([
      { action: 'alert.endSilence', subject: 'tasks_stuck', actor: 'ann', reason: 'mended' },
      {
        action: 'alert.silence',
        subject: 'tasks_stuck',
        before: 'not silenced',
        after: 'silenced until 2026-11-18T13:00:00.000Z: a known bug',
      },
    ]);
  });
});

it('takes findings without rows for channels if there are none', async () => {
  const engine = openEngine([]);
  const args = { at: NOON, findings: findings([finding('disk_low')]), settings: settings([]) };
  expect(await engine.memory.run(takeFindings, args)).toMatchObject({ channels: [], keptBack: [] });
  expect((await engine.overview()).firing).toHaveLength(1);
});
