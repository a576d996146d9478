/**
 * Eight hours of a team's day on a clock moved by hand: the real sidecar before the emulator, with everything in it that
 * a board or a rule speaks of. Each minute its metrics are taken as a scrape would take them.
 *
 * What happens is fixed, so that the sums that follow from it are known beforehand (`Told`).
 */
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createManualClock, type ManualClock } from '../../src/clock.ts';
import { post, anotherVideo } from '../../test/app/calls.ts';
import { startApp, type StartedApp } from '../../test/app/start-app.ts';
import { turns, whileMoving } from '../../test/money/hand-clock.ts';

export const MINUTE_MS = 60_000;
const TEXT_TO_VIDEO = '/v1/videos/text2video';
/** The sidecar’s own reads are POSTs, too. */
const VIDEO_CREATES = { method: 'POST', path: TEXT_TO_VIDEO };
const IMAGE = '/v1/images/generations';
/** The first scrape; a whole 5-minute window, in the middle of a month of the SLA's zone. */
export const START_MS = Date.UTC(2026, 9, 20, 6);
export const MINUTES = 480;

/** One scrape: what `/metrics` said at an instant. */
export interface Scrape {
  at: number;
  text: string;
}

/** What must come out of the boards, known from the story and from the emulator's own book. */
export interface Told {
  creates: number;
  refusedForMoney: number;
  refusedCredits: number;
  failedTasks: number;
  throttles: Readonly<Record<string, number>>;
  outageWindows: number;
  /** Units in the emulator's book, in credits: a video unit is ten, an image unit a quarter. */
  bookCredits: number;
}

export interface Day {
  scrapes: Scrape[];
  told: Told;
}

const APPS = ['web', 'ads', 'batch'] as const;
type App = (typeof APPS)[number];
const keyOf = (app: App): string => `key-of-${app}-0123456789abcdef`;

const CONFIG = {
  budgets: [
    { name: 'day', credits: 4000, window: 'day', alertAt: [0.5, 0.8] },
    { name: 'batch', credits: 120, window: 'day', match: { app: 'batch' } },
  ],
  limits: { concurrency: { video: 8 }, queueWaitMsMax: 5000 },
  account: { poll: true },
  tasks: { pollIntervalMs: 5000, stuckAfterMs: 600_000 },
  price: { perCredit: 0.014, currency: 'USD' },
};

/** Lives the day; `onMinute` is called after each scrape. */
export async function liveDay(
  onMinute: (minute: number) => void = () => undefined,
  minutes = MINUTES,
): Promise<Day> {
  const clock = createManualClock(START_MS);
  const keys = mkdtempSync(join(tmpdir(), 'kling-story-'));
  const apps = APPS.map((name) => {
    const keyFile = join(keys, `${name}.key`);
    writeFileSync(keyFile, keyOf(name), { mode: 0o600 });
    return { name, keyFile };
  });
  const receiver = await startReceiver();
  const channels = [{ name: 'ops', type: 'webhook', url: receiver.url }];
  const app = await startApp({
    clock,
    config: { ...CONFIG, apps, alerts: { channels } },
    emulator: {
      speed: 1,
      taskSeconds: { submitted: 10, processing: 80 },
      concurrency: { video: 50, image: 50 },
    },
  });
  const day = new Days(app, clock);
  try {
    for (let minute = 0; minute < minutes; minute += 1) {
      await day.live(minute);
      onMinute(minute);
    }
    return day.end();
  } finally {
    await app.stop();
    receiver.server.close();
    rmSync(keys, { recursive: true, force: true });
  }
}

/** A receiver of alerts that takes everything. */
async function startReceiver(): Promise<{ server: Server; url: string }> {
  const server = createServer((request, response) => void request.resume().once('end', () => response.end()));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/alerts` };
}

class Days {
  readonly #app: StartedApp;
  readonly #clock: ManualClock;
  readonly #scrapes: Scrape[] = [];
  #creates = 0;
  #refused = 0;
  #refusedCredits = 0;
  #failed = 0;
  readonly #throttles: Record<string, number> = {};

  constructor(app: StartedApp, clock: ManualClock) {
    this.#app = app;
    this.#clock = clock;
  }

  async live(minute: number): Promise<void> {
    await this.#scrape();
    await this.#happen(minute);
    // The rest of the minute in steps, so that polls and their answers find their turns.
    const until = START_MS + (minute + 1) * MINUTE_MS;
    await this.#pass(until - 1);
    // What is asked for in the next minute's first instant meets a Kling that works again.
    if (minute === OUTAGE_FROM + OUTAGE_MINUTES - 1) this.#app.emulator.clearFaults();
    await this.#pass(until);
  }

  async #pass(until: number): Promise<void> {
    while (this.#clock.now() < until) {
      await this.#clock.advance(Math.min(5000, until - this.#clock.now()));
      await turns();
    }
  }

  end(): Day {
    const { charges } = this.#app.emulator.book();
    const bookCredits = charges.reduce(
      (sum, { units, product }) => sum + units * (product === 'video' ? 10 : 0.25),
      0,
    );
    return {
      scrapes: this.#scrapes,
      told: {
        creates: this.#creates,
        refusedForMoney: this.#refused,
        refusedCredits: this.#refusedCredits,
        failedTasks: this.#failed,
        throttles: this.#throttles,
        outageWindows: OUTAGE_MINUTES / 5,
        bookCredits,
      },
    };
  }

  async #scrape(): Promise<void> {
    const answer = await fetch(`${this.#app.controlUrl}/metrics`);
    this.#scrapes.push({ at: this.#clock.now(), text: await answer.text() });
  }

  async #happen(minute: number): Promise<void> {
    if (minute >= OUTAGE_FROM && minute < OUTAGE_FROM + OUTAGE_MINUTES) {
      await this.#outage(minute);
      return;
    }
    this.#app.emulator.clearFaults();
    await this.#read(minute);
    const special = SPECIAL[minute];
    // Jobs are ticked by the hour here, as the schedule would by real time.
    if (minute % 60 === 30) await whileMoving(this.#clock, this.#app.app.runDue());
    if (special) await this[special]();
    else if (minute % 3 === 0 && minute < LAST_CREATE) await this.#make(minute);
  }

  /** Ordinary work: videos of several models by two apps, and images. */
  async #make(minute: number): Promise<void> {
    const app = minute % 9 === 0 ? 'ads' : 'web';
    if (minute % 12 === 0)
      await this.#create(IMAGE, { model_name: 'kling-v2-1', prompt: 'a lighthouse' }, app);
    const model = ['kling-v2-6', 'kling-v1', 'kling-v2-5-turbo'][minute % 3] ?? 'kling-v1';
    const mode = minute % 2 === 0 ? 'pro' : 'std';
    await this.#create(TEXT_TO_VIDEO, anotherVideo({ model_name: model, mode }), app);
  }

  async #create(path: string, body: Record<string, unknown>, app: App = 'web'): Promise<number> {
    const answer = await whileMoving(
      this.#clock,
      post(this.#app.dataUrl + path, body, { authorization: `Bearer ${keyOf(app)}` }),
      20,
    );
    if (answer.status === 200) this.#creates += 1;
    if (answer.json.code === 9001 || answer.json.code === 9003) this.#refused += 1;
    return answer.json.code;
  }

  async #read(minute: number): Promise<void> {
    const url = `${this.#app.dataUrl}/tasks?task_ids=${100 + minute}`;
    // In the outage it is sent again after waits of seconds.
    await whileMoving(this.#clock, fetch(url, { headers: { authorization: `Bearer ${keyOf('web')}` } }), 250);
  }

  async #outage(minute: number): Promise<void> {
    this.#app.emulator.clearFaults();
    const kind =
      minute % 2 === 0 ? ({ kind: 'code', code: 5000 } as const) : ({ kind: 'http', status: 503 } as const);
    this.#app.emulator.addFault({ ...kind, times: 'always' });
    for (let read = 0; read < 3; read += 1) await this.#read(minute);
    // As many as open the breaker, and some that it refuses.
    if (minute < OUTAGE_FROM + OUTAGE_CREATES) await this.#create(TEXT_TO_VIDEO, anotherVideo());
  }

  async failure(): Promise<void> {
    this.#app.emulator.addFault({ kind: 'fail_task', message: 'risk control', match: VIDEO_CREATES });
    if ((await this.#create(TEXT_TO_VIDEO, anotherVideo())) === 0) this.#failed += 1;
  }

  async stuck(): Promise<void> {
    this.#app.emulator.addFault({ kind: 'stuck_task', match: VIDEO_CREATES });
    await this.#create(TEXT_TO_VIDEO, anotherVideo());
  }

  /** Charged, and the answer lost: found by the look-up. */
  async doubt(): Promise<void> {
    this.#app.emulator.addFault({ kind: 'reset_after_charge', match: VIDEO_CREATES });
    await this.#create(TEXT_TO_VIDEO, anotherVideo());
  }

  /** Never arrived, and nobody knows: in doubt until the decisive look-up. */
  async lostDoubt(): Promise<void> {
    this.#app.emulator.addFault({ kind: 'reset_before_charge', match: VIDEO_CREATES });
    await this.#create(TEXT_TO_VIDEO, anotherVideo(), 'ads');
  }

  async throttled(): Promise<void> {
    for (const code of [1302, 1303]) {
      this.#app.emulator.addFault({ kind: 'code', code, match: VIDEO_CREATES });
      // Sent again: its caller gets a task.
      await this.#create(TEXT_TO_VIDEO, anotherVideo());
      this.#throttles[code] = (this.#throttles[code] ?? 0) + 1;
    }
  }

  async packEmpty(): Promise<void> {
    this.#app.emulator.addFault({ kind: 'code', code: 1102, match: VIDEO_CREATES });
    if ((await this.#create(TEXT_TO_VIDEO, anotherVideo())) === 1102) this.#throttles['1102'] = 1;
  }

  async freeze(): Promise<void> {
    await this.#order('POST', '/v1/freeze');
    await this.#create(TEXT_TO_VIDEO, anotherVideo());
    this.#refusedCredits += 10;
  }

  async unfreeze(): Promise<void> {
    await this.#order('DELETE', '/v1/freeze');
  }

  /** A budget of its own runs to its end: twelve creates of 10 credits pass, and four are refused. */
  async exhaust(): Promise<void> {
    for (let i = 0; i < 4; i += 1) {
      const code = await this.#create(TEXT_TO_VIDEO, anotherVideo(), 'batch');
      if (code === 9001) this.#refusedCredits += 10;
    }
  }

  /** Kling's own maintenance of ten minutes, which it had given notice of. */
  async maintenance(): Promise<void> {
    const from = this.#clock.now();
    await this.#order('POST', '/v1/exclusions', {
      from: new Date(from).toISOString(),
      to: new Date(from + 10 * MINUTE_MS).toISOString(),
      clause: '2.2(i)',
      source: 'a notice of the upstream',
    });
  }

  async #order(method: string, path: string, order: Record<string, string> = DRILL): Promise<void> {
    const answer = await fetch(this.#app.controlUrl + path, {
      method,
      headers: { authorization: `Bearer ${this.#app.token}`, 'content-type': 'application/json' },
      body: JSON.stringify(order),
    });
    if (!answer.ok) throw new Error(`${method} ${path} was answered ${answer.status}`);
  }
}

const DRILL = { reason: 'a drill' };
const OUTAGE_FROM = 240;
/** What is made later would not be settled at the last scrape. */
const LAST_CREATE = 470;
const OUTAGE_MINUTES = 50;
const OUTAGE_CREATES = 8;
type Special =
  | 'failure'
  | 'stuck'
  | 'doubt'
  | 'lostDoubt'
  | 'throttled'
  | 'packEmpty'
  | 'freeze'
  | 'unfreeze'
  | 'exhaust'
  | 'maintenance';
/** What happens in one minute in place of ordinary work. */
const SPECIAL: Readonly<Record<number, Special>> = {
  31: 'failure',
  41: 'failure',
  52: 'stuck',
  71: 'doubt',
  101: 'lostDoubt',
  131: 'throttled',
  151: 'packEmpty',
  181: 'freeze',
  182: 'unfreeze',
  211: 'exhaust',
  216: 'exhaust',
  221: 'exhaust',
  226: 'exhaust',
  331: 'failure',
  361: 'maintenance',
};
