/** An engine over a real store and real sockets, with a clock that is moved by hand. */
import { join } from 'node:path';
import { alertOverview, type ChannelView } from '../../src/alerts/alert-overview.ts';
import { Alerting } from '../../src/alerts/alerting.ts';
import type { AlertMessage, Finding, Findings } from '../../src/alerts/alert.ts';
import type { Channel } from '../../src/alerts/channel.ts';
import type { Post } from '../../src/alerts/channels/post.ts';
import { openPost } from '../../src/alerts/channels/post-undici.ts';
import type { AlertSettings } from '../../src/alerts/settings.ts';
import { createManualClock, nextTurn, type ManualClock } from '../../src/clock.ts';
import type { Store } from '../../src/store/store.ts';
import type { Ms } from '../../src/units.ts';
import { afterTest, tempFolder } from '../store/test-store.ts';
import { compose, NOON, settings } from './engine-making.ts';
import { openRealStore } from './engine-real.ts';
import { startReceiver, type Answer, type Arrival, type Receiver } from './receiver.ts';

/** A place that keeps what it took, and answers as it is told to; a message held back is answered by the clock. */
export interface Place {
  receiver: Receiver;
  answer: () => Answer | Ms;
  /** Messages that it answered with 200, each id once, in order. */
  taken: AlertMessage[];
  /** Ids of all that arrived, taken or not. */
  arrived: string[];
  /** Attempts that wait for their answer. */
  held: number;
  /** Called when an attempt is held. */
  onHeld: () => void;
}

/** Starts a place; `answer` gives an answer, or after how long to give 200. */
export async function startPlace(clock: ManualClock): Promise<Place> {
  const take = (arrival: Arrival): Answer => {
    const message = JSON.parse(arrival.body) as AlertMessage;
    if (!place.taken.some(({ id }) => id === message.id)) place.taken.push(message);
    return { status: 200 };
  };
  const receiver = await startReceiver(async (arrival) => {
    place.arrived.push((JSON.parse(arrival.body) as AlertMessage).id);
    const answer = place.answer();
    if (typeof answer !== 'number') return isOk(answer) ? take(arrival) : answer;
    place.held += 1;
    place.onHeld();
    await new Promise<void>((resolve) => void clock.after(answer, resolve));
    place.held -= 1;
    return take(arrival);
  });
  const place: Place = {
    receiver,
    answer: () => ({ status: 200 }),
    taken: [],
    arrived: [],
    held: 0,
    onHeld: () => undefined,
  };
  afterTest(() => receiver.stop());
  return place;
}

function isOk(answer: Answer): boolean {
  return answer !== null && typeof answer === 'object' && answer.status === 200;
}

export interface SocketEngine {
  clock: ManualClock;
  store: Store;
  post: Post;
  alerting: Alerting;
  settings: AlertSettings;
  results: string[];
  take(...found: Finding[]): Promise<void>;
  end(...over: Findings['over']): Promise<void>;
  /** Moves the clock in steps of at most 5 s; each attempt ends, or is held by its place, before the next one. */
  pass(ms: Ms): Promise<void>;
  view(channel: string): Promise<ChannelView | undefined>;
}

/** Opens an engine whose channels are made of a POST and the clock. */
export async function openSocketEngine(
  make: (deps: { clock: ManualClock; post: Post }) => Promise<{ channels: Channel[]; places: Place[] }>,
): Promise<SocketEngine> {
  const clock = createManualClock(NOON);
  const store = await openRealStore(join(tempFolder(), 'sidecar.db'));
  afterTest(() => store.close());
  const post = openPost({ clock });
  afterTest(() => post.close());
  const { channels, places } = await make({ clock, post });
  const alerting = new Alerting({
    store,
    clock,
    channels: () => watched,
    settings: () => engine.settings,
    compose,
    onError: (message, error) => {
      throw new Error(message, { cause: error });
    },
    onResult: (rule, channel, result) => void engine.results.push(`${rule} ${channel} ${result}`),
    random: () => 0.5,
  });
  afterTest(() => alerting.stop());
  const take = async (findings: Partial<Findings>): Promise<void> => {
    await alerting.take({ complete: [], found: [], over: [], ...findings });
    await rest();
  };
  let flying = 0;
  let notice = Promise.withResolvers<void>();
  const note = (by: number): void => {
    flying += by;
    notice.resolve();
    notice = Promise.withResolvers();
  };
  for (const place of places) place.onHeld = () => note(0);
  const watched = channels.map((channel) => ({
    ...channel,
    async send(...args: Parameters<Channel['send']>) {
      note(1);
      return channel.send(...args).finally(() => note(-1));
    },
  }));
  /** Waits until nothing is being sent, or all that is being sent is held by its place. */
  const rest = async (): Promise<void> => {
    let isSettled = false;
    const settled = alerting.settled().then(() => (isSettled = true));
    const isHeld = (): boolean => flying > 0 && flying <= places.reduce((sum, { held }) => sum + held, 0);
    await nextTurn();
    while (!isHeld()) {
      await Promise.race([settled, notice.promise]);
      if (isSettled) return;
    }
  };
  const engine: SocketEngine = {
    clock,
    store,
    post,
    alerting,
    settings: settings(channels.map(({ name }) => name)),
    results: [],
    take: (...found) => take({ found }),
    end: (...over) => take({ over }),
    async pass(ms) {
      for (let moved = 0; moved < ms; moved += 5_000) {
        await clock.advance(Math.min(5_000, ms - moved));
        await rest();
      }
    },
    async view(channel) {
      const { channels: views } = await store.read(alertOverview, { at: clock.now(), limit: 10 });
      return views.find(({ name }) => name === channel);
    },
  };
  return engine;
}
