/** What `alert list` prints: alerts, silences and channels, as tables for people and in one piece for programs. */
import type { AlertAnswer, AlertsAnswer } from '../control/alert-schemas.ts';
import { plainText } from '../plain-text.ts';
import type { Context } from './context.ts';
import { printRows } from './lists.ts';
import type { Format, RowValues } from './rows.ts';
import {
  fieldsText,
  minuteText,
  printNotes,
  roomOf,
  toTable,
  zoneOf,
  type Column,
  type Room,
} from './table.ts';
import { paint } from './terminal.ts';

const ALERTS: readonly Column[] = [
  { field: 'severity', title: 'severity', drop: 3 },
  { field: 'title', title: 'what', cut: true },
  { field: 'rule', title: 'rule', drop: 2 },
  { field: 'startedAt', title: 'since', kind: 'time' },
  { field: 'sent', title: 'sent', drop: 1 },
];
const RECENT: readonly Column[] = [
  { field: 'severity', title: 'severity', drop: 3 },
  { field: 'title', title: 'what', cut: true },
  { field: 'rule', title: 'rule', drop: 2 },
  { field: 'startedAt', title: 'since', kind: 'time' },
  { field: 'endedAt', title: 'over', kind: 'time' },
  { field: 'sent', title: 'sent', drop: 1 },
];
const SILENCES: readonly Column[] = [
  { field: 'rule', title: 'silenced' },
  { field: 'until', title: 'until', kind: 'time' },
  { field: 'actor', title: 'by', drop: 1 },
  { field: 'reason', title: 'reason', cut: true },
];
const CHANNELS: readonly Column[] = [
  { field: 'name', title: 'channel' },
  { field: 'type', title: 'type' },
  { field: 'waiting', title: 'waiting' },
  { field: 'undelivered', title: 'given up' },
  { field: 'lastDeliveredAt', title: 'last delivery', kind: 'time', drop: 1 },
  { field: 'lastError', title: 'last error', cut: true },
];

/** Prints the answer; a table also names the reason if no alert can be delivered. */
export function printAlerts(
  context: Context,
  answer: AlertsAnswer,
  { format, isRunning }: { format: Format; isRunning: boolean },
): void {
  const { terminal } = context;
  if (format === 'json') {
    terminal.out(`${JSON.stringify(answer, null, 2)}\n`);
    return;
  }
  if (format === 'table') {
    printTables(context, answer, isRunning);
    return;
  }
  const rows = [
    ...answer.firing.map((alert) => ({ state: 'firing', ...alert })),
    ...answer.recent.map((alert) => ({ state: 'recent', ...alert })),
  ];
  printRows(context, { rows: 'alerts', columns: ALERTS, empty: '' }, rows, { format });
}

function printTables(context: Context, answer: AlertsAnswer, isRunning: boolean): void {
  const { terminal } = context;
  const zone = zoneOf(context.loaded().config);
  const room = roomOf(terminal, zone);
  const parts: string[] = [];
  const hasChannels = answer.channels.length > 0;
  const add = (heading: string, rows: readonly RowValues[], columns: readonly Column[]): void => {
    if (rows.length > 0) parts.push(`${heading}${toTable(rows, columns, room)}`);
  };
  if (answer.firing.length === 0) parts.push(`${paint(terminal, 'good', 'Nothing fires.')}\n`);
  const count = answer.firingCount === answer.firing.length ? '' : ` (${answer.firingCount} in all)`;
  if (answer.firing.length > 0) {
    const blocks = answer.firing.map((alert) => blockOf(context, alert, { ...room, hasChannels }));
    parts.push(`Firing${count}:\n${blocks.join('\n')}`);
  }
  add(
    'Lately:\n',
    answer.recent.map((alert) => rowOf(alert, hasChannels)),
    RECENT,
  );
  add('', answer.silences, SILENCES);
  add('', answer.channels, CHANNELS);
  terminal.out(parts.join('\n'));
  printNotes(terminal, notesOf(answer, { isRunning, zone: room.zone }));
}

/** The texts of an alert for people: the problem, the finding, the next step. */
function blockOf(
  { terminal }: Context,
  alert: AlertAnswer,
  { width, zone, hasChannels }: Room & { hasChannels: boolean },
): string {
  const { severity, title, finding, advice, rule, startedAt, runbookUrl } = alert;
  const since = zone === null ? startedAt : minuteText(zone, startedAt);
  const texts = [
    paint(terminal, severity === 'info' ? 'warn' : 'bad', plainText(title)),
    plainText(finding),
    plainText(advice),
    `${rule}, since ${since}, ${sentText(alert, hasChannels)}`,
    runbookUrl,
  ];
  const shown = texts.filter((text) => text !== '');
  return fieldsText(
    shown.map((text, index): [string, string] => [index === 0 ? severity : '', text]),
    width,
  );
}

function sentText({ keptBack, sentAt }: AlertAnswer, hasChannels: boolean): string {
  if (!hasChannels) return 'no channel';
  if (keptBack === 'silence') return 'not sent: silenced';
  if (keptBack !== null) return 'not sent: another alert says it';
  return sentAt === null ? 'not sent yet' : 'given to the channels';
}

function notesOf(
  { channels }: AlertsAnswer,
  { isRunning, zone }: { isRunning: boolean; zone: string | null },
): string[] {
  return [
    ...(zone === null ? [] : [`Times are in ${zone}.`]),
    ...(isRunning ? [] : ['No sidecar runs: this is what the store knows, and nothing is sent now.']),
    ...(channels.length > 0 ? [] : ['No channel is configured, so nothing is sent: see docs/alerts.md.']),
  ];
}

function rowOf(alert: AlertAnswer, hasChannels: boolean): RowValues {
  return { ...alert, sent: sentText(alert, hasChannels) };
}
