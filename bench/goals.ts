/**
 * The project's own goals, each as one row: the figure, its comparison, and the result.
 *
 * **Invariant**: a ratio is between figures of one run. A goal without a figure does not pass, and no goal passes on a busy machine.
 * A difference below 0, or a ratio with such a difference, is noise: nothing can cost less than a part of it.
 */
import type { BesideTasks } from './beside-tasks.ts';
import type { BigStore } from './big-store.ts';
import type { PeerFigures, WorkFigures } from './figures.ts';
import type { LargeCreate } from './large-create.ts';
import type { Idle, Work } from './measure.ts';
import type { Scrape } from './open-tasks.ts';
import type { Section } from './options.ts';
import type { PagesCost } from './pages.ts';
import type { PeerName } from './peer.ts';

export type GoalResult = 'STRETCH' | 'PASS' | 'MISS' | 'noise' | 'not measured' | 'not measured (busy)' | '-';

export interface Goal {
  section: Section;
  name: string;
  unit: string;
  measured: number | null;
  beside: { name: string; value: number } | null;
  /** The compared value: quotient or difference of the two, or the figure itself. */
  value: number | null;
  valueUnit: string;
  /** Null if the figure is only printed. */
  goal: number | null;
  stretch: number | null;
  isFloor: boolean;
  result: GoalResult;
}

/** The results of all sections of a run; sections that were not selected are null or empty. */
export interface Findings {
  peers: readonly PeerFigures[];
  readyMs: number | null;
  largeCreates: readonly LargeCreate[];
  idle: Idle | null;
  beside: BesideTasks | null;
  scrape: Scrape | null;
  pagesCost: PagesCost | null;
  bigStore: BigStore | null;
}

type Row = Omit<Goal, 'result'>;
interface Limits {
  section: Section;
  name: string;
  unit: string;
  goal?: number;
  stretch?: number;
}
interface Beside {
  name: string;
  value: number | null | undefined;
}

/** Compares the figures with the goals, one row for each, in the order of the sections. */
export function judge(findings: Findings, isBusy: boolean): Goal[] {
  return rowsOf(findings).map((each) => ({ ...each, result: resultOf(each, isBusy) }));
}

function rowsOf({
  peers,
  readyMs,
  largeCreates,
  idle,
  beside,
  scrape,
  pagesCost,
  bigStore,
}: Findings): Row[] {
  const peer = (name: PeerName): PeerFigures | undefined => peers.find((each) => each.name === name);
  const own = peer('sidecar');
  const of = (name: PeerName, work: Work, field: keyof WorkFigures = 'cpuUsPerRequest'): Beside => {
    const value = peer(name)?.[work][field];
    return { name, value: typeof value === 'number' ? value : null };
  };
  const creates = own?.creates;
  const cpu = { section: 'creates', unit: 'µs' } as const;
  const guarded = { section: 'variants', unit: 'µs' } as const;
  const large = largeCreates.find(({ name }) => name === 'sidecar');
  const bare = largeCreates.find(({ name }) => name === 'bare');
  const loop = { section: 'large', unit: 'ms' } as const;
  return [
    ratio(
      { ...cpu, name: 'create, CPU', goal: 1.6, stretch: 1.25 },
      creates?.cpuUsPerRequest,
      of('caddy', 'creates'),
    ),
    ratio(
      { ...cpu, name: 'create, CPU', goal: 0.3, stretch: 0.25 },
      creates?.cpuUsPerRequest,
      of('portkey', 'creates'),
    ),
    ratio({ ...cpu, name: 'create, CPU' }, creates?.cpuUsPerRequest, of('floor', 'creates')),
    ratio({ ...cpu, name: 'floor’s create, CPU' }, of('floor', 'creates').value, of('caddy', 'creates')),
    atLeast(
      { section: 'creates', name: 'creates/s at 32', unit: '/s', goal: 5000 },
      creates?.requestsPerSecond,
    ),
    plain({ section: 'creates', name: 'create, p99 at 32', unit: 'ms', goal: 15 }, creates?.p99MsAt32),
    ratio(
      { ...cpu, name: 'create, added p50 at 1', goal: 1.4 },
      creates?.addedP50UsAt1,
      of('floor', 'creates', 'addedP50UsAt1'),
    ),
    plain(
      { ...loop, section: 'creates', name: 'create, added p99 at 16', goal: 9 },
      ms(creates?.addedP99UsAt16),
    ),
    ratio(
      { section: 'reads', name: 'read, CPU', unit: 'µs', goal: 1.4, stretch: 1.2 },
      own?.reads.cpuUsPerRequest,
      of('bare', 'reads'),
    ),
    ratio(
      { section: 'lives', name: 'create and its end, CPU', unit: 'µs' },
      twice(own?.lives.cpuUsPerRequest),
      { name: 'bare', value: twice(peer('bare')?.lives.cpuUsPerRequest) },
    ),
    ratio(
      { ...guarded, name: 'guarded create, CPU' },
      of('guards', 'creates').value,
      of('sidecar', 'creates'),
    ),
    ratio(
      { ...guarded, name: 'four budgets, key, JWT, CPU' },
      of('full', 'creates').value,
      of('sidecar', 'creates'),
    ),
    ratio(
      { ...guarded, name: 'traced create, CPU', goal: 1.25 },
      of('traced', 'creates').value,
      of('sidecar', 'creates'),
    ),
    plain({ section: 'creates', name: 'resident after the load', unit: 'MiB', goal: 200 }, own?.residentMiB),
    plain({ section: 'ready', name: 'ready', unit: 'ms', goal: 700 }, readyMs),
    difference(
      { ...loop, name: '10 MiB create: event loop', goal: 3 },
      large?.eventLoopMs,
      bare?.eventLoopMs,
    ),
    difference(
      { ...loop, name: '10 MiB create: longest block', goal: 3 },
      large?.longestBlockMs,
      bare?.longestBlockMs,
    ),
    plain(
      { section: 'large', name: '10 MiB create: memory growth', unit: '× body', goal: 2 },
      large?.memoryGrowth,
    ),
    plain(
      {
        section: 'idle',
        name: `idle with ${count(idle?.openTasks)} open tasks, CPU a second`,
        unit: 'ms',
        goal: 5,
      },
      idle?.cpuMsPerSecond,
    ),
    difference(
      {
        section: 'beside',
        name: `read beside ${count(beside?.openTasks)} open tasks, p50`,
        unit: 'ms',
        goal: 1,
      },
      beside?.withTasksMs,
      beside?.withoutMs,
      'without',
    ),
    plain(
      {
        section: 'scrape',
        name: `/metrics at ${count(scrape?.openTasks)} open tasks, reader`,
        unit: 'ms',
        goal: 10,
      },
      scrape?.readerMs,
    ),
    ...pageRows(pagesCost),
    {
      ...ratio(
        { section: 'big', name: `create at ${count(bigStore?.rows)} rows, CPU`, unit: 'µs', goal: 1.1 },
        bigStore?.bigUs,
        { name: '1,000 rows', value: bigStore?.smallUs },
      ),
      ...(bigStore === null ? {} : { value: bigStore.ratio }),
    },
  ];
}

function pageRows(cost: PagesCost | null): Row[] {
  const section = 'pages' as const;
  const open = `${count(cost?.openPages)} open pages`;
  return [
    plain(
      { section, name: `first view of a page over ${count(cost?.calls)} calls`, unit: 'ms', goal: 200 },
      cost?.firstMsMax,
    ),
    plain({ section, name: `${open}, CPU a second`, unit: 'ms', goal: 20 }, cost?.cpuMsPerSecond),
    {
      ...ratio(
        { section, name: `create beside ${open}, p99`, unit: 'ms', goal: 1.05 },
        cost?.withPagesP99Ms,
        {
          name: 'none open',
          value: cost?.withoutP99Ms,
        },
      ),
      ...(cost === null ? {} : { value: cost.p99Ratio }),
    },
  ];
}

const ms = (us: number | null | undefined): number | null =>
  us === null || us === undefined ? null : us / 1e3;
const twice = (value: number | null | undefined): number | null =>
  value === null || value === undefined ? null : value * 2;
const count = (value: number | undefined): string =>
  value === undefined ? 'many' : value.toLocaleString('en');

function row({ section, name, unit, goal, stretch }: Limits, measured: number | null | undefined): Row {
  const limits = { goal: goal ?? null, stretch: stretch ?? null, isFloor: false };
  return {
    section,
    name,
    unit,
    measured: measured ?? null,
    beside: null,
    value: null,
    valueUnit: '×',
    ...limits,
  };
}

function ratio(limits: Limits, measured: number | null | undefined, beside: Beside): Row {
  const made = row({ ...limits, name: `${limits.name} / ${beside.name}` }, measured);
  if (made.measured === null || beside.value === null || beside.value === undefined) return made;
  // A value of 0 or below has no quotient: the row is noise.
  const isSound = made.measured > 0 && beside.value > 0;
  const value = isSound ? made.measured / beside.value : -1;
  return { ...made, beside: { name: beside.name, value: beside.value }, value };
}

function difference(
  limits: Limits,
  measured: number | null | undefined,
  other: number | null | undefined,
  name = 'bare',
): Row {
  const made = { ...row({ ...limits, name: `${limits.name} - ${name}` }, measured), valueUnit: limits.unit };
  if (made.measured === null || other === null || other === undefined) return made;
  return { ...made, beside: { name, value: other }, value: made.measured - other };
}

function plain(limits: Limits, measured: number | null | undefined): Row {
  return { ...row(limits, measured), value: measured ?? null, valueUnit: limits.unit };
}

function atLeast(limits: Limits, measured: number | null | undefined): Row {
  return { ...plain(limits, measured), isFloor: true };
}

function resultOf({ value, goal, stretch, isFloor }: Row, isBusy: boolean): GoalResult {
  if (value === null) return 'not measured';
  if (value < 0) return 'noise';
  if (goal === null) return '-';
  if (isBusy) return 'not measured (busy)';
  const reaches = (limit: number | null): boolean =>
    limit !== null && (isFloor ? value >= limit : value <= limit);
  if (reaches(stretch)) return 'STRETCH';
  return reaches(goal) ? 'PASS' : 'MISS';
}
