/** `GET /v1/alerts`, and the alerts of `GET /v1/status`. */
import { alertOverview, type AlertView, type ChannelView } from '../../alerts/alert-overview.ts';
import type { AlertLanguage, AlertSettings } from '../../alerts/settings.ts';
import type { Silence } from '../../alerts/silence-table.ts';
import { sayAlert } from '../../alerts/words/say-alert.ts';
import type { Store } from '../../store/store.ts';
import type { AlertCommands } from '../alert-commands.ts';
import type { AlertAnswer, AlertsAnswer, SilencesAnswer } from '../alert-schemas.ts';
import type { StatusAnswer } from '../schemas.ts';
import { iso, isoOrNull } from './shape.ts';

type Reader = Pick<Store, 'read'>;

/** Alerts that `status` shows in a line each. */
const STATUS_ALERTS_MAX = 20;

/** Gives open and recent alerts in words, silences, and the state of each channel. */
export async function answerAlerts(
  reader: Reader,
  commands: AlertCommands,
  { limit, language }: { limit: number; language?: AlertLanguage | undefined },
): Promise<AlertsAnswer> {
  const settings = settingsIn(commands, language);
  const seen = await reader.read(alertOverview, { at: commands.now(), limit });
  const types = commands.types();
  return {
    firing: seen.firing.map((view) => shapeAlert(view, settings)),
    firingCount: seen.firingCount,
    recent: seen.recent.map((view) => shapeAlert(view, settings)),
    silences: seen.silences.map(shapeSilence),
    channels: shown(seen.channels, types).map((channel) => ({
      name: channel.name,
      type: types.get(channel.name) ?? null,
      waiting: channel.waiting,
      oldestAt: isoOrNull(channel.oldestAt),
      undelivered: channel.undelivered,
      lastError: channel.lastError,
      lastErrorAt: isoOrNull(channel.lastErrorAt),
      lastDeliveredAt: isoOrNull(channel.lastDeliveredAt),
      lastTestAt: isoOrNull(channel.lastTestAt),
      lastTestError: channel.lastTestError,
    })),
  };
}

/** Gives a line for each firing alert, and the state of each channel. */
export async function alertsOfStatus(
  reader: Reader,
  commands: AlertCommands,
  language: AlertLanguage | undefined,
): Promise<StatusAnswer['alerts']> {
  const settings = settingsIn(commands, language);
  const seen = await reader.read(alertOverview, { at: commands.now(), limit: STATUS_ALERTS_MAX });
  return {
    firing: seen.firing.map((view) => {
      const { rule, severity, startedAt } = view;
      return { rule, severity, title: sayAlert(view, settings).title, since: iso(startedAt) };
    }),
    firingCount: seen.firingCount,
    channels: shown(seen.channels, commands.types()).map(({ name, waiting, undelivered, lastError }) => {
      return { name, waiting, undelivered, lastError };
    }),
  };
}

/** Gives the silences in force. */
export async function answerSilences(reader: Reader, commands: AlertCommands): Promise<SilencesAnswer> {
  const { silences } = await reader.read(alertOverview, { at: commands.now(), limit: 1 });
  return { silences: silences.map(shapeSilence) };
}

/** Gives the settings of alerts with the words of a language; of the config's own if none is asked for. */
function settingsIn(commands: AlertCommands, language: AlertLanguage | undefined): AlertSettings {
  const settings = commands.settings();
  return language === undefined ? settings : { ...settings, language };
}

/** Adds the channels of the config that have no state yet; leaves out removed ones without dropped events. */
function shown(known: readonly ChannelView[], types: ReadonlyMap<string, unknown>): ChannelView[] {
  const names = new Set(known.map(({ name }) => name));
  const fresh = [...types.keys()].filter((name) => !names.has(name)).map(nothingKnown);
  const kept = known.filter(({ name, waiting, undelivered }) => types.has(name) || waiting + undelivered > 0);
  return [...kept, ...fresh].toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

function nothingKnown(name: string): ChannelView {
  return {
    name,
    waiting: 0,
    oldestAt: null,
    attempts: 0,
    undelivered: 0,
    lastError: null,
    lastErrorAt: null,
    lastDeliveredAt: null,
    lastTestAt: null,
    lastTestError: null,
    removedAt: null,
    dropped: 0,
  };
}

function shapeAlert(view: AlertView, settings: AlertSettings): AlertAnswer {
  const { rule, kind, severity, labels, period, fingerprint, startedAt, endedAt, sentAt, keptBack } = view;
  const { title, finding, advice, runbookUrl } = sayAlert(view, settings);
  return {
    rule,
    kind,
    severity,
    labels: { ...labels },
    period,
    fingerprint,
    title,
    finding,
    advice,
    runbookUrl,
    startedAt: iso(startedAt),
    endedAt: isoOrNull(endedAt),
    sentAt: isoOrNull(sentAt),
    keptBack,
  };
}

function shapeSilence({ rule, until, reason, actor, at }: Silence): SilencesAnswer['silences'][number] {
  return { rule, until: iso(until), reason, actor, at: iso(at) };
}
