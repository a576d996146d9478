import { expect, it, onTestFinished } from 'vitest';
import { UnkeptAlert } from '../../src/alerts/unkept-alert.ts';
import type { AlertMessage } from '../../src/alerts/alert.ts';
import type { References } from '../../src/alerts/channel.ts';
import type { Channel } from '../../src/alerts/channel.ts';
import type { AlertSettings } from '../../src/alerts/settings.ts';
import { compose } from '../../src/alerts/words/compose.ts';
import { createManualClock } from '../../src/clock.ts';
import { NIGHT, settingsOf } from './making.ts';
import { startReceiver, type Receiver } from './receiver.ts';

const MINUTE = 60_000;

/** A channel that posts a message's id and title to a receiver. */
function channelTo(name: string, receiver: Receiver): Channel {
  return {
    name,
    type: 'webhook',
    paceMs: 0,
    async send(message: AlertMessage, references: References) {
      const body = JSON.stringify({ id: message.id, title: message.headline, references });
      const answer = await fetch(receiver.url, { method: 'POST', body });
      if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
      return { [name]: 'thread' };
    },
    close: () => Promise.resolve(),
  };
}

async function rig(over: Partial<AlertSettings> = {}, rules = {}) {
  let status = 200;
  const receivers = [await startReceiver(() => ({ status })), await startReceiver()] as const;
  for (const one of receivers) onTestFinished(() => one.stop());
  const clock = createManualClock(NIGHT);
  const channels = [channelTo('ops', receivers[0]), channelTo('mail', receivers[1])];
  const results: string[] = [];
  let silenced: boolean | Error = false;
  const unkept = new UnkeptAlert({
    clock,
    compose,
    settings: () => settingsOf({ channels: ['ops', 'mail'], ...over }, rules),
    channels: () => channels,
    isSilenced: () => (silenced instanceof Error ? Promise.reject(silenced) : Promise.resolve(silenced)),
    onError: () => undefined,
    onResult: (rule, channel, result) => void results.push(`${rule} ${channel} ${result}`),
  });
  const arrived = (index: 0 | 1) =>
    receivers[index].arrived.map(
      ({ body }) => JSON.parse(body) as { id: string; title: string; references: object },
    );
  return {
    clock,
    unkept,
    results,
    arrived,
    titles: (index: 0 | 1) => arrived(index).map(({ title }) => title),
    answer: (next: number) => void (status = next),
    silence: (next: boolean | Error) => void (silenced = next),
  };
}

it('sends once that the store takes no writes, again after the time of repeats, and once that it does', async () => {
  const { clock, unkept, titles, arrived, results } = await rig();
  await unkept.end();
  for (let look = 0; look < 3; look += 1) {
    await unkept.begin();
    await clock.advance(MINUTE);
  }
  expect(titles(0)).toEqual(['The store takes no writes']);
  await clock.advance(4 * 60 * MINUTE);
  await unkept.begin();
  expect(titles(0)).toHaveLength(2);
  await unkept.end();
  await unkept.end();
  expect(titles(1)).toEqual([
    'The store takes no writes',
    'The store takes no writes',
    'The store takes writes again',
  ]);
  expect(arrived(0)[2]?.references).toEqual({ ops: 'thread' });
  expect(new Set(arrived(0).map(({ id }) => id)).size).toBe(3);
  expect(results).toHaveLength(6);
  await unkept.begin();
  expect(titles(0)).toHaveLength(4);
});

it('tries a channel that did not take it again at the next look, with the same id', async () => {
  const { unkept, arrived, titles, answer, results } = await rig();
  answer(500);
  await unkept.begin();
  await unkept.begin();
  expect(titles(1)).toHaveLength(1);
  answer(200);
  await unkept.begin();
  await unkept.begin();
  expect(new Set(arrived(0).map(({ id }) => id)).size).toBe(1);
  expect(arrived(0)).toHaveLength(3);
  expect(results.filter((text) => text.endsWith('ops failed'))).toHaveLength(2);
});

it('sends no end if no beginning was sent, and nothing if the rule is off or silenced', async () => {
  const off = await rig({}, { store_trouble: { isOn: false } });
  await off.unkept.begin();
  await off.unkept.end();
  expect(off.titles(0)).toEqual([]);
  const { unkept, titles, silence } = await rig({}, { store_trouble: { channels: ['mail'] } });
  silence(true);
  await unkept.begin();
  await unkept.end();
  expect(titles(1)).toEqual([]);
  // A store that cannot be read either says nothing of silences.
  silence(new Error('the store is gone'));
  await unkept.begin();
  expect([titles(0), titles(1)]).toEqual([[], ['The store takes no writes']]);
});
