/**
 * Instruments that count in memory: counters and histograms by label values, read at each scrape.
 *
 * A measurement costs a map look-up and an addition (much less than a microsecond), because every request makes
 * some. OpenTelemetry's own synchronous instruments hash their attributes as JSON each time, and refuse negative
 * observations, which the estimate's error needs. `metric-producer.ts` gives these sums to OpenTelemetry.
 *
 * **Invariant**: a series is never dropped and its sums never decrease; an instrument holds at most {@link SERIES_MAX}
 * series, and further ones are counted under `other` in every label. Nothing here throws.
 */

/** The most series of one instrument: more of them would harm Prometheus and readers more than a folded label does. */
export const SERIES_MAX = 2000;
const OVERFLOW = 'other';

export interface InstrumentShape {
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
}

export interface CounterPoint {
  readonly labels: readonly string[];
  value: number;
}

export interface HistogramPoint {
  readonly labels: readonly string[];
  /** One count for each bound, and one for values above the last; not cumulative. */
  readonly counts: number[];
  sum: number;
  count: number;
}

export interface Counter extends InstrumentShape {
  readonly type: 'counter';
  /** Divides sums when they are read: 1000 if thousandths are counted. */
  readonly divisor: number;
  /** Adds `by` (0 or more) to the series with these label values, in the order of `labels`. */
  add(by: number, ...values: string[]): void;
  points(): Iterable<CounterPoint>;
}

export interface Histogram extends InstrumentShape {
  readonly type: 'histogram';
  /** Inclusive upper bounds, ascending. */
  readonly bounds: readonly number[];
  observe(value: number, ...values: string[]): void;
  points(): Iterable<HistogramPoint>;
}

/** One value at the time of the scrape; it has no memory. */
export interface GaugeShape extends InstrumentShape {
  readonly type: 'gauge';
}

/** Makes a counter. One without labels shows 0 from the start. */
export function createCounter(shape: InstrumentShape & { divisor?: number }): Counter {
  const series = createSeries<CounterPoint>(shape.labels, (labels) => ({ labels, value: 0 }));
  if (shape.labels.length === 0) series.of([]);
  return {
    ...shape,
    type: 'counter',
    divisor: shape.divisor ?? 1,
    add(by, ...values) {
      if (by >= 0) series.of(values).value += by;
    },
    points: series.all,
  };
}

/** Makes a histogram whose buckets end at `bounds`. */
export function createHistogram(shape: InstrumentShape & { bounds: readonly number[] }): Histogram {
  const series = createSeries<HistogramPoint>(shape.labels, (labels) => ({
    labels,
    counts: Array.from({ length: shape.bounds.length + 1 }, () => 0),
    sum: 0,
    count: 0,
  }));
  return {
    ...shape,
    type: 'histogram',
    observe(value, ...values) {
      if (!Number.isFinite(value)) return;
      const point = series.of(values);
      let bucket = 0;
      while (bucket < shape.bounds.length && value > (shape.bounds[bucket] ?? 0)) bucket += 1;
      point.counts[bucket] = (point.counts[bucket] ?? 0) + 1;
      point.sum += value;
      point.count += 1;
    },
    points: series.all,
  };
}

function createSeries<P>(labels: readonly string[], make: (values: readonly string[]) => P) {
  const points: P[] = [];
  const root: Branch<P> = { next: new Map(), point: undefined };
  const begin = (values: readonly string[]): P => {
    const isFull = points.length >= SERIES_MAX - 1;
    const kept = isFull ? labels.map(() => OVERFLOW) : values;
    const place = reach(root, kept);
    if (place.point === undefined) points.push((place.point = make(kept)));
    return place.point;
  };
  return {
    of: (values: readonly string[]): P => find(root, values)?.point ?? begin(values),
    all: (): Iterable<P> => points,
  };
}

/** A tree with a level for each label: a look-up costs a third of one by a joined text, which must be made and hashed. */
interface Branch<P> {
  next: Map<string, Branch<P>>;
  point: P | undefined;
}

function find<P>(root: Branch<P>, values: readonly string[]): Branch<P> | undefined {
  let branch: Branch<P> | undefined = root;
  for (let i = 0; i < values.length && branch !== undefined; i += 1)
    branch = branch.next.get(values[i] ?? '');
  return branch;
}

/** As {@link find}, and makes what is missing. */
function reach<P>(root: Branch<P>, values: readonly string[]): Branch<P> {
  let branch = root;
  for (const value of values) {
    let next = branch.next.get(value);
    if (next === undefined) branch.next.set(value, (next = { next: new Map(), point: undefined }));
    branch = next;
  }
  return branch;
}
