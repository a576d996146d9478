/** The real app with a Slack-shaped receiver over real sockets, and a clock that is moved by hand. */
import { request } from 'undici';
import type { AlertsAnswer } from '../../src/control/alert-schemas.ts';
import { createManualClock, type ManualClock } from '../../src/clock.ts';
import { startReceiver, type Answer, type Arrival, type Receiver } from '../alerts/receiver.ts';
import { advanceUntil, whileMoving } from '../money/hand-clock.ts';
import { get, post, textToVideo, type Got } from './calls.ts';
import { EMULATOR_KEY, startApp, type StartedApp, type StartOptions } from './start-app.ts';

export const NOON = Date.parse('2026-11-18T12:00:00Z');
export const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;
/** Shorter than the time limit of a message. */
const STEP_MS = 10_000;
/** Stands in the address of the webhook: whoever knows it may post there. */
export const HOOK_CANARY = 'CanaryHookCanaryHook2c71';

export interface AlertRig {
  readonly clock: ManualClock;
  readonly slack: Receiver;
  /** Decides the receiver's answers; `ok` at first. */
  answer: (arrival: Arrival) => Answer;
  /** The app that runs. */
  started: StartedApp;
  /** What was sent, each as the one text that Slack shows where it shows no blocks. */
  texts(): string[];
  /** Ends the app and starts it again over the same store; the clock stands meanwhile. */
  restart(options?: { awayMs?: number }): Promise<void>;
  create(over?: Record<string, unknown>): Promise<Got>;
  order(path: string, body: object, method?: 'POST' | 'DELETE'): Promise<Got['json']>;
  alerts(): Promise<AlertsAnswer>;
  /**
   * Moves the clock on, so that rules are asked and messages leave. After each step it waits for what is being sent: no
   * message may run out of time because the machine is busy. For receivers that answer.
   */
  pass(ms: number, stepMs?: number): Promise<void>;
  /** Moves the clock until so many messages arrived; it waits for none to be answered. */
  untilSent(count: number): Promise<void>;
  end(): Promise<void>;
}

/** One channel to the rig's Slack. */
export const OPS = {
  name: 'ops',
  type: 'slack',
  webhookUrlEnv: 'OPS_HOOK',
  hosts: ['127.0.0.1'],
} as const;

/** Starts all three; `alerts` is the config's section, by default one Slack channel. */
export async function startAlertRig(options: Omit<StartOptions, 'clock' | 'env'> = {}): Promise<AlertRig> {
  const clock = createManualClock(NOON);
  const ok = (): Answer => ({ status: 200, body: 'ok' });
  const slack = await startReceiver((arrival) => rig.answer(arrival));
  const env = {
    KLING_API_KEY: EMULATOR_KEY,
    OPS_HOOK: `${slack.url}/services/T0CANARY/B0CANARY/${HOOK_CANARY}`,
  };
  const config = { alerts: { channels: [OPS] }, tasks: { pollIntervalMs: MINUTE_MS }, ...options.config };
  const start = (folder?: string): Promise<StartedApp> =>
    startApp({ ...options, clock, env, config, ...(folder === undefined ? {} : { folder }) });
  const rig: AlertRig = {
    clock,
    slack,
    answer: ok,
    started: await start(options.folder),
    texts: () => slack.arrived.map(({ body }) => (JSON.parse(body) as { text: string }).text),
    async restart({ awayMs = 0 } = {}) {
      const { folder } = rig.started;
      await whileMoving(clock, rig.started.stop({ keep: true }), 100);
      await clock.advance(awayMs);
      rig.started = await start(folder);
    },
    create: (over) =>
      whileMoving(clock, post(`${rig.started.dataUrl}/v1/videos/text2video`, textToVideo(over)), 10),
    async order(path, body, method = 'POST') {
      const { controlUrl, token } = rig.started;
      const answer = await request(`${controlUrl}${path}`, {
        method,
        headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
        body: JSON.stringify(body),
      });
      return (await answer.body.json()) as Got['json'];
    },
    alerts: async () => (await get(`${rig.started.controlUrl}/v1/alerts`)).json as unknown as AlertsAnswer,
    async pass(ms, stepMs = STEP_MS) {
      for (let moved = 0; moved < ms; moved += stepMs) {
        await clock.advance(Math.min(stepMs, ms - moved));
        await rig.started.app.runDue();
      }
    },
    untilSent: async (count) => {
      await advanceUntil(clock, () => slack.arrived.length >= count, { stepMs: 5_000, stepsMax: 200 });
    },
    async end() {
      await whileMoving(clock, rig.started.stop(), 100);
      await slack.stop();
    },
  };
  return rig;
}
