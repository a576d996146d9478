/** Numbers, money and times as a reader of one language sees them, in one zone. */
import type { Words } from './words/en.ts';

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** Formats are dear to make (0.1 ms each), and a live page needs the same ones every time. */
const NUMBERS = new Map<string, ReturnType<typeof numbersOf>>();
const TIMES = new Map<string, ReturnType<typeof timesOf>>();
/** Languages or zones that are kept: an address may name any zone. */
const KEPT_MAX = 20;

function numbersOf(language: string): Record<'credits' | 'count' | 'percent', Intl.NumberFormat> {
  return {
    credits: new Intl.NumberFormat(language, { maximumFractionDigits: 3 }),
    count: new Intl.NumberFormat(language, { maximumFractionDigits: 0 }),
    percent: new Intl.NumberFormat(language, { style: 'percent', maximumFractionDigits: 1 }),
  };
}

function timesOf(zone: string): Record<'time' | 'clock', Intl.DateTimeFormat> {
  const day = { timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit' } as const;
  const hours = { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' } as const;
  return {
    time: new Intl.DateTimeFormat('sv-SE', { ...day, ...hours }),
    clock: new Intl.DateTimeFormat('sv-SE', { timeZone: zone, ...hours }),
  };
}

function kept<T>(formats: Map<string, T>, key: string, make: () => T): T {
  const known = formats.get(key);
  if (known !== undefined) return known;
  const made = make();
  const [oldest] = formats.keys();
  if (formats.size >= KEPT_MAX && oldest !== undefined) formats.delete(oldest);
  formats.set(key, made);
  return made;
}

export interface FormatOptions {
  zone: string;
  words: Words;
  now: number;
  namesZone?: boolean;
}

export class Format {
  readonly zone: string;
  readonly #language: string;
  /** Whether its times name their zone, since it is not the page's. */
  readonly #namesZone: boolean;
  readonly #words: Words;
  readonly #now: number;
  readonly #credits: Intl.NumberFormat;
  readonly #count: Intl.NumberFormat;
  readonly #percent: Intl.NumberFormat;
  readonly #money = new Map<string, Intl.NumberFormat>();
  readonly #time: Intl.DateTimeFormat;
  readonly #clock: Intl.DateTimeFormat;

  /** @param options `now` is the instant of the page, by which ages are counted. */
  constructor(language: string, { zone, words, now, namesZone = false }: FormatOptions) {
    this.zone = zone;
    this.#language = language;
    this.#namesZone = namesZone;
    this.#words = words;
    this.#now = now;
    const { credits, count, percent } = kept(NUMBERS, language, () => numbersOf(language));
    this.#credits = credits;
    this.#count = count;
    this.#percent = percent;
    const { time, clock } = kept(TIMES, zone, () => timesOf(zone));
    this.#time = time;
    this.#clock = clock;
  }

  /** Gives the format of times that belong to another zone, such as a budget's: they name it if it is not the page's. */
  in(zone: string): Format {
    if (zone === this.zone) return this;
    return new Format(this.#language, { zone, words: this.#words, now: this.#now, namesZone: true });
  }

  credits(value: number): string {
    return this.#credits.format(value);
  }

  /** Writes credits with their sign, also above 0. */
  signed(value: number): string {
    return value > 0 ? `+${this.#credits.format(value)}` : this.#credits.format(value);
  }

  count(value: number): string {
    return this.#count.format(value);
  }

  /** @param share 1 is the whole. */
  percent(share: number): string {
    return this.#percent.format(share);
  }

  /** @param currency a code of three letters (ISO 4217). */
  money(value: number, currency: string): string {
    const known = this.#money.get(currency);
    const made = known ?? new Intl.NumberFormat(this.#language, { style: 'currency', currency });
    if (!known) this.#money.set(currency, made);
    return made.format(value);
  }

  /** Writes an instant as `2026-11-21 10:00:00` in the zone; the time alone if it is within a day. */
  time(iso: string | null): string {
    if (iso === null) return this.#words.none;
    const at = Date.parse(iso);
    return this.#said((Math.abs(this.#now - at) < DAY_MS / 2 ? this.#clock : this.#time).format(at));
  }

  /** Writes an instant with its day. */
  fullTime(iso: string | null): string {
    return iso === null ? this.#words.none : this.#said(this.#time.format(Date.parse(iso)));
  }

  #said(text: string): string {
    return this.#namesZone ? `${text} ${this.zone}` : text;
  }

  /** Gives the present day in the zone, such as `2026-11-21`. */
  today(): string {
    return this.#time.format(this.#now).slice(0, 10);
  }

  /** Gives the present month in the zone, such as `2026-11`. */
  month(): string {
    return this.#time.format(this.#now).slice(0, 7);
  }

  /** Writes a duration by its two largest parts. */
  duration(ms: number): string {
    const { days, hours, minutes, seconds } = this.#words.time;
    const [d, h] = [Math.floor(ms / DAY_MS), Math.floor((ms % DAY_MS) / HOUR_MS)];
    const [m, s] = [Math.floor((ms % HOUR_MS) / MINUTE_MS), Math.floor((ms % MINUTE_MS) / SECOND_MS)];
    if (d > 0) return h === 0 ? days(d) : `${days(d)} ${hours(h)}`;
    if (h > 0) return m === 0 ? hours(h) : `${hours(h)} ${minutes(m)}`;
    return m > 0 ? minutes(m) : seconds(s);
  }

  /** Writes milliseconds as a call's time. */
  ms(value: number): string {
    return value >= SECOND_MS
      ? `${this.#credits.format(Math.round(value / 10) / 100)} s`
      : `${this.#credits.format(Math.round(value * 10) / 10)} ms`;
  }
}
