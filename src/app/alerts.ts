/**
 * Alerts of the running app: rules are checked each minute and for each fact of the outbox, and their findings are sent by
 * the channels of the config. Without a channel alerts are still found, listed, counted and logged.
 *
 * Loaded once the data plane listens.
 *
 * **Invariant**: no request runs this code, and nothing waits for a receiver: no request, no look, no stop.
 */
import type { TaskDurations } from '../asking/task-durations.ts';
import { alertOverview } from '../alerts/alert-overview.ts';
import type { Channel } from '../alerts/channel.ts';
import { openAlertKeys, type ChangedAlert } from '../alerts/alert-table.ts';
import { Alerting } from '../alerts/alerting.ts';
import { dailyDigest, weeklyReport } from '../alerts/digest-finding.ts';
import { channelsOf } from '../alerts/event-table.ts';
import { createFactReceiver } from '../alerts/fact-receiver.ts';
import { CONFIGURED_RULES } from '../alerts/rules-config.ts';
import type { AlertSettings } from '../alerts/settings.ts';
import { UnkeptAlert } from '../alerts/unkept-alert.ts';
import { AlertWatch } from '../alerts/watch.ts';
import { compose } from '../alerts/words/compose.ts';
import { sayAlert } from '../alerts/words/say-alert.ts';
import { AppChannels } from './alert-channels.ts';
import { AppSignals, lookConfig, type SignalDeps } from './signals.ts';
import { within, type Clock } from '../clock.ts';
import type { ChannelSecrets } from '../config/channel-secrets.ts';
import type { Receiver } from '../outbox/delivery.ts';
import { Repeating } from '../repeating.ts';
import type { Store } from '../store/store.ts';
import type { LoggedAlert } from '../telemetry/alert-events.ts';
import type { Log } from '../telemetry/log.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import type { Ms } from '../units.ts';

/** The interval of the rules' checks. */
const LOOK_MS: Ms = 60_000;
/** The longest time that a stop waits for running messages, while requests in flight are finished. */
const STOP_MS_MAX: Ms = 1_000;

export interface AppAlertsDeps extends SignalDeps {
  store: Store;
  log: Log;
  telemetry: Telemetry;
  /** Its wall clock is the one by which money is dated: budgets and months are looked at by it, and so is all that they find. */
  dated: Clock;
  /** They say from what age a task is stuck. */
  durations: Pick<TaskDurations, 'limits'>;
  /** The channels' secrets, as read last. */
  secrets: () => ChannelSecrets;
}

export class AppAlerts {
  readonly #deps: AppAlertsDeps;
  readonly #channels: AppChannels;
  readonly #signals: AppSignals;
  readonly #alerting: Alerting;
  readonly #watch: AlertWatch;
  readonly #unkept: UnkeptAlert;
  /** Hears the facts of the outbox. */
  readonly receiver: Receiver;
  readonly #looks: Repeating;

  /** @throws SidecarError `secret_invalid` if a channel cannot use its secret. */
  constructor(deps: AppAlertsDeps) {
    this.#deps = deps;
    const { store, clock, dated, telemetry } = deps;
    this.#channels = new AppChannels({ clock, telemetry });
    this.#signals = new AppSignals(deps);
    const settings = (): AlertSettings => deps.config().alerts.settings;
    const onError = (message: string, error: unknown): void =>
      deps.log.error(message, { event: 'background_failed', error });
    const channels = (): readonly Channel[] => this.#channels.open;
    const sending = { clock: dated, settings, compose, onError, channels, onResult: telemetry.alertSent };
    this.#unkept = new UnkeptAlert({ ...sending, isSilenced: () => isSilenced(store, dated.now()) });
    this.#alerting = new Alerting({
      ...sending,
      store,
      onChange({ began, ended }) {
        for (const alert of began) telemetry.alertBegan(logged(alert, settings()));
        for (const alert of ended) telemetry.alertEnded(logged(alert, settings()));
      },
    });
    this.#watch = new AlertWatch({
      store,
      settings,
      onError,
      signals: () => this.#signals.read(),
      config: () => lookConfig(deps.config(), deps.durations.limits),
      openAlerts: () => store.read(openAlertKeys, {}),
    });
    this.#looks = new Repeating({
      clock,
      pass: () => this.#look(),
      onError: (error) => onError('alerts could not be looked at', error),
      errorWaitMs: LOOK_MS,
    });
    const take = this.#alerting.take.bind(this.#alerting);
    this.receiver = createFactReceiver({ settings, take });
    this.#useConfig();
  }

  get alerting(): Pick<Alerting, 'test'> {
    return this.#alerting;
  }

  /** Sends what waits, asks the rules now, and then each minute. */
  start(): void {
    this.#alerting.wake();
    this.#looks.wake();
  }

  /** Asks the rules and takes what they find, one look at a time; resolves once it is durable. Never rejects. */
  look(): Promise<void> {
    return this.#looks.run();
  }

  /**
   * Takes a config or secrets that were read again.
   * @throws SidecarError `secret_invalid`: then the channels stay as they are.
   */
  applyConfig(): void {
    this.#useConfig();
    this.#alerting.wake();
    this.#looks.wake();
  }

  /** Takes the digest of the day, or the report of the week, that ended last; resolves once it is durable. */
  async takeDigest(kind: 'daily' | 'weekly', at: Ms): Promise<void> {
    const { store, durations } = this.#deps;
    const config = this.#deps.config();
    const find = kind === 'daily' ? dailyDigest : weeklyReport;
    const { settings } = config.alerts;
    const found = await find({ store, at, settings, config: lookConfig(config, durations.limits) });
    await this.#alerting.take({ complete: [], found: [found], over: [] });
  }

  /** Asks the rules and waits until nothing is being sent; for tests and the demo. */
  async runDue(): Promise<void> {
    await this.look();
    await this.#alerting.settled();
  }

  /** Sends nothing more and ends what is being sent, within a second or so. Idempotent. */
  async stop(): Promise<void> {
    const stopping = [this.#alerting.stop(), this.#looks.stop()];
    await within(this.#deps.clock, STOP_MS_MAX, Promise.all(stopping));
    await this.#channels.close();
  }

  async #look(): Promise<Ms> {
    const { dated, isStoreWritable } = this.#deps;
    try {
      await this.#signals.refresh();
      if (this.#looks.isStopped) return LOOK_MS;
      await this.#alerting.take(await this.#watch.look(dated.now()));
      await this.#unkept.end();
    } catch (error) {
      if (this.#looks.isStopped) return LOOK_MS;
      if (!isStoreWritable()) await this.#unkept.begin();
      throw error;
    }
    return LOOK_MS;
  }

  #useConfig(): void {
    const { alerts } = this.#deps.config();
    const { settings } = alerts;
    const replaced = this.#channels.use({ alerts, secrets: this.#deps.secrets() });
    void this.#alerting.settled().then(() => Promise.all(replaced.map((channel) => channel.close())));
    this.#deps.telemetry.setChannels(
      settings.channels.map((name) => ({
        name,
        rules: CONFIGURED_RULES.filter(
          (rule) => settings.rules[rule].isOn && channelsOf(rule, settings).includes(name),
        ),
      })),
    );
  }
}

/** Returns whether an operator silenced alerts about the store. */
async function isSilenced(store: Pick<Store, 'read'>, at: Ms): Promise<boolean> {
  const { silences } = await store.read(alertOverview, { at, limit: 1 });
  return silences.some(({ rule }) => rule === 'store_trouble');
}

function logged(alert: ChangedAlert, settings: AlertSettings): LoggedAlert {
  const { rule, severity, labels, startedAt } = alert;
  return { rule, severity, labels, title: sayAlert(alert, settings).title, since: startedAt };
}
