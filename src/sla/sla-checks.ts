/** What `doctor` finds of availability: windows without a request, and windows in which no sidecar ran. */
import { notOk, ok, type Check } from '../check.ts';
import { countText, dayText } from '../phrases.ts';
import type { Ms } from '../units.ts';
import type { SlaMonth } from './month.ts';

/**
 * Checks how much of the month so far says anything; the numbers are the report's.
 * @param firstRunAt when a sidecar ran on this store first; null if none has.
 */
export function checkAvailability(
  measured: SlaMonth,
  { probeIdleWindows, firstRunAt }: { probeIdleWindows: boolean; firstRunAt: Ms | null },
): Check[] {
  const { month, windows, gaps } = measured;
  if (windows.elapsed === 0) {
    const finding = `No window of ${month} within the contract’s terms is over.`;
    return [notOk('note', 'availability', finding, 'sla report shows the terms that count.')];
  }
  return [checkIdle(measured, probeIdleWindows), checkGaps(gaps, firstRunAt)];
}

function checkIdle({ month, windows }: SlaMonth, probeIdleWindows: boolean): Check {
  const { idle } = windows;
  const share = ((idle / windows.elapsed) * 100).toFixed(1);
  const finding = `${share} % of the ${windows.elapsed} windows of ${month} so far saw no valid request and count as free of errors`;
  if (idle === 0)
    return ok('availability', `Each of the ${windows.elapsed} windows of ${month} so far saw a request.`);
  if (probeIdleWindows) return ok('availability', `${finding}; sla.probeIdleWindows is on.`);
  return notOk(
    'note',
    'availability',
    `${finding}; sla.probeIdleWindows is off.`,
    'Switched on, it makes one free read in each idle window, so that an outage shows though nobody calls.',
  );
}

/** What was before the first run is nobody's fault; what came after it is a hole in the record. */
function checkGaps(gaps: SlaMonth['gaps'], firstRunAt: Ms | null): Check {
  const since = firstRunAt ?? Number.POSITIVE_INFINITY;
  const later = gaps.filter(({ start }) => Date.parse(start) >= since);
  const missed = later.reduce((total, { windows }) => total + windows, 0);
  const before = gaps.reduce((total, { windows }) => total + windows, 0) - missed;
  const advice = 'Calls that another program recorded then can be added with import.';
  if (missed > 0) {
    const last = later.at(-1);
    const finding = `In ${countText(missed, 'window')} of this month no sidecar ran, the last time from ${last?.start} to ${last?.end}.`;
    return notOk(
      'warn',
      'gaps',
      finding,
      `Keep it running: an outage within them cannot be claimed. ${advice}`,
    );
  }
  if (before === 0) return ok('gaps', 'A sidecar ran in every window of this month so far.');
  const unseen = `${countText(before, 'window')} of this month`;
  const finding =
    firstRunAt === null
      ? `No sidecar has run on this store: ${unseen} are not observed.`
      : `The sidecar was first started on ${dayText(firstRunAt)}: ${unseen} before it are not observed.`;
  return notOk('note', 'gaps', finding, advice);
}
