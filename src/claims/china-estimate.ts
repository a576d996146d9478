/**
 * China's days off in a year whose notice the State Council has not published, so that a filing date is never too early.
 *
 * Thirteen days are off by regulation each year (Regulation on Public Holidays for National Annual Festivals and
 * Memorial Days, revised 10 November 2024): 1 January; the eve and the first three days of the Spring Festival;
 * Qingming; 1 and 2 May; Dragon Boat; Mid-Autumn; 1 to 3 October. The yearly notice adds days around them, in exchange
 * for weekend days on which people work. An estimate takes the longest breaks that the notices for 2010 to 2026 gave,
 * and no weekend day as worked.
 *
 * **Invariant**: a day that may be off is off. Lunar days come from Intl's Chinese calendar, which may differ from the
 * observatories by a day if the new moon is close to midnight (ICU 78 has the Spring Festival of 2027 on 7 February;
 * it is on the 6th). So the day before and the day after count too.
 */
import { addDays } from '../sla/period.ts';

/** Days off before and after a festival, by regulation and by the longest break of a notice. */
interface Festival {
  days: readonly string[];
  byLaw: readonly [before: number, after: number];
  longest: readonly [before: number, after: number];
}

/** Lunar festivals: month and day of the Chinese calendar. */
const LUNAR = {
  spring: '1-1',
  dragonBoat: '5-5',
  midAutumn: '8-15',
} as const;

const CHINESE = new Intl.DateTimeFormat('en-u-ca-chinese', {
  timeZone: 'UTC',
  month: 'numeric',
  day: 'numeric',
});
const DAY_MS = 86_400_000;

/** The days off of one year, `YYYY-MM-DD`. */
export interface EstimatedYear {
  /** Off by regulation, or a day beside a lunar one. */
  byLaw: ReadonlySet<string>;
  /** Those, and the longest breaks around them. */
  perhaps: ReadonlySet<string>;
}

const known = new Map<number, EstimatedYear>();

/** Gives the days that may be off in a year of this century. */
export function estimateChina(year: number): EstimatedYear {
  const made = known.get(year) ?? makeEstimate(year);
  known.set(year, made);
  return made;
}

function makeEstimate(year: number): EstimatedYear {
  const festivals = festivalsOf(year);
  const collect = (of: 'byLaw' | 'longest'): Set<string> =>
    new Set(festivals.flatMap((festival) => festival.days.flatMap((day) => around(day, festival[of]))));
  const byLaw = collect('byLaw');
  return { byLaw, perhaps: new Set([...byLaw, ...collect('longest')]) };
}

function festivalsOf(year: number): Festival[] {
  const lunar = lunarDays(year);

  return [
    { days: [`${year}-01-01`], byLaw: [0, 0], longest: [0, 2] },
    { days: lunar.spring, byLaw: [1, 2], longest: [2, 8] },
    { days: [qingming(year)], byLaw: [0, 0], longest: [2, 2] },
    { days: [`${year}-05-01`], byLaw: [0, 1], longest: [2, 4] },
    { days: lunar.dragonBoat, byLaw: [0, 0], longest: [2, 2] },
    { days: lunar.midAutumn, byLaw: [0, 0], longest: [2, 2] },
    { days: [`${year}-10-01`], byLaw: [0, 2], longest: [0, 7] },
  ];
}

function around(day: string, [before, after]: readonly [number, number]): string[] {
  return Array.from({ length: before + after + 1 }, (_, index) => addDays(day, index - before));
}

/** Gives each lunar festival's day in a year, with the day before and the day after. */
function lunarDays(year: number): Record<keyof typeof LUNAR, string[]> {
  const found = { spring: [] as string[], dragonBoat: [] as string[], midAutumn: [] as string[] };
  for (let at = Date.UTC(year, 0, 1); at < Date.UTC(year + 1, 0, 1); at += DAY_MS) {
    const written = lunarText(at);
    for (const name of ['spring', 'dragonBoat', 'midAutumn'] as const) {
      if (written !== LUNAR[name]) continue;
      found[name].push(...around(new Date(at).toISOString().slice(0, 10), [1, 1]));
    }
  }
  return found;
}

/** Writes an instant's day in the Chinese calendar, `8-15`; leap months are `6bis-15`. */
function lunarText(at: number): string {
  const parts = CHINESE.formatToParts(at);
  const part = (type: string): string => parts.find((one) => one.type === type)?.value ?? '';
  return `${part('month')}-${part('day')}`;
}

/** Gives the day on which the sun is at 15 degrees: 4 or 5 April, as the usual formula for 2000 to 2099 has it. */
function qingming(year: number): string {
  const inCentury = year % 100;
  const day = Math.floor(inCentury * 0.2422 + 4.81) - Math.floor(inCentury / 4);
  return `${year}-04-0${day}`;
}
