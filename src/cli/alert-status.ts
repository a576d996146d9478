/** The alerts in `status`: firing alerts, and channels that do not take them. */
import { plainText } from '../plain-text.ts';
import type { StatusAnswer } from '../control/schemas.ts';
import type { Context } from './context.ts';
import { minuteText, zoneOf } from './table.ts';
import { paint } from './terminal.ts';

/** Alerts named one by one; `alert list` has them all. */
const SHOWN = 5;

/** Gives the lines; a single one if nothing fires and every channel works. */
export function alertLines(
  context: Context,
  { alerts }: Partial<Pick<StatusAnswer, 'alerts'>>,
): [string, string][] {
  // A sidecar of an earlier version has no alerts.
  if (alerts === undefined) return [];
  const { terminal } = context;
  const { firing, firingCount, channels } = alerts;
  const lines = firing.slice(0, SHOWN).map(({ severity, title, since }, index): [string, string] => {
    const tone = severity === 'info' ? 'warn' : 'bad';
    const text = `${severity}: ${plainText(title)}, since ${timeText(context, since)}`;
    return [index === 0 ? 'alerts' : '', paint(terminal, tone, text)];
  });
  if (firingCount > lines.length) lines.push(['', `and ${firingCount - lines.length} more: alert list`]);
  if (firingCount === 0)
    lines.push(['alerts', channels.length === 0 ? 'none; no channel is configured' : 'none']);
  for (const channel of channels) {
    const text = troubleOf(channel);
    if (text !== null) lines.push([`channel ${channel.name}`, paint(terminal, 'bad', text)]);
  }
  return lines;
}

function troubleOf({
  waiting,
  undelivered,
  lastError,
}: StatusAnswer['alerts']['channels'][number]): string | null {
  if (lastError === null && undelivered === 0) return null;
  const waits = waiting === 0 ? '' : `${waiting} ${waiting === 1 ? 'event waits' : 'events wait'}`;
  const given = undelivered === 0 ? '' : `${undelivered} given up`;
  const said = lastError === null ? '' : plainText(lastError);
  return [waits, given, said].filter((part) => part !== '').join('; ');
}

function timeText({ terminal, loaded }: Context, at: string): string {
  if (!terminal.isTerminal) return at;
  const zone = zoneOf(loaded().config);
  return `${minuteText(zone, at)} (${zone})`;
}
