/** `sla report`, `sla exclude`, `sla blame`, `sla verify`. */
import { type Command, Argument, Option } from 'commander';
import type { ExclusionsAnswer } from '../control/sla-schemas.ts';
import { SidecarError } from '../errors.ts';
import type { SlaMonth } from '../sla/month.ts';
import type { SlaCheck } from '../sla/verify.ts';
import type { WindowView } from '../sla/window-view.ts';
import { actorOption, type Context } from './context.ts';
import { monthArgument, slaOrder } from './sla-order.ts';

import { openSource } from './source.ts';
import { roomOf, toTable, type Column } from './table.ts';
import { paint } from './terminal.ts';

const FORMATS = ['md', 'html', 'json', 'csv', 'openslo'] as const;
type Format = (typeof FORMATS)[number];
const TIME = 'ISO 8601 with a zone, or a UTC day';

/** Adds the commands. */
export function addSla(program: Command, context: () => Context): void {
  const sla = program.command('sla').description('availability by the agreement’s formula, 5-minute windows');
  sla
    .command('report')
    .description('a month’s availability in every reading; the present month so far')
    .argument('[month]', 'such as 2026-10; default: the present one')
    .addOption(
      new Option('--format <format>', 'csv lists the windows, openslo is the objective as a file for others')
        .choices(FORMATS)
        .default('md'),
    )
    .option('--json', 'the same as --format json')
    .action((month: string | undefined, options: { format: Format; json?: boolean }) =>
      report(context(), month, options.json ? 'json' : options.format),
    );
  addExclude(sla, context);
  addBlame(sla, context);
  sla
    .command('verify')
    .description('recount the windows from the journal and compare; changes nothing')
    .argument('[month]', 'default: as far back as the journal reaches')
    .option('--json', 'print JSON')
    .action((month: string | undefined, options: { json?: boolean }) =>
      verify(context(), month, options.json === true),
    );
}

async function report(context: Context, month: string | undefined, format: Format): Promise<void> {
  const { terminal } = context;
  const { config } = context.loaded();
  const asked = monthArgument(context, month);
  if (format === 'openslo') {
    terminal.out(await openSlo(context, asked));
    return;
  }
  const source = await openSource(context);
  try {
    const measured = (await source.get(`/v1/sla/${asked}`)) as SlaMonth;
    const windows =
      format === 'csv'
        ? ((await source.get(`/v1/sla/${asked}/windows`)) as { windows: WindowView[] }).windows
        : [];
    const { withoutRecord, writeReport } = await import('../sla/report.ts');
    terminal.out(writeReport(format, measured, windows));
    if (format === 'csv' && !measured.recorded) terminal.err(`${withoutRecord(measured)}\n`);
    if (format === 'md' && !config.sla.probeIdleWindows) hintIdle(context, measured);
  } finally {
    await source.close();
  }
}

/** Gives the remedy for windows without requests. */
function hintIdle(context: Context, { recorded, windows }: SlaMonth): void {
  if (!recorded || windows.idle === 0) return;
  const share = ((windows.idle / windows.elapsed) * 100).toFixed(1);
  context.terminal.err(
    `${share} % of the windows saw no request and count as free of errors; ` +
      'sla.probeIdleWindows makes one free read in each of them.\n',
  );
}

async function openSlo(context: Context, month: string): Promise<string> {
  const { sla } = context.loaded().config;
  const [{ writeOpenSlo }, { agreementOn, KLING_AGREEMENTS }] = await Promise.all([
    import('../sla/open-slo.ts'),
    import('../sla/agreement.ts'),
  ]);
  return writeOpenSlo(agreementOn(`${month}-01`, [...KLING_AGREEMENTS, ...sla.agreements]), sla.timeZone);
}

interface ExcludeOptions {
  from?: string;
  to?: string;
  clause?: string;
  source?: string;
  list?: boolean;
  withdraw?: string;
  reason?: string;
  json?: boolean;
}

function addExclude(sla: Command, context: () => Context): void {
  sla
    .command('exclude')
    .description('stretches of time whose errors do not count: enter, list or withdraw one')
    .option('--from <time>', `inclusive: ${TIME}`)
    .option('--to <time>', 'exclusive')
    .option('--clause <clause>', 'of the agreement: "1.2(i)" to "1.2(iii)", "2.2(i)" to "2.2(x)"')
    .option('--source <text>', 'the evidence: a notice, a mail, a finding')
    .option('--list', 'those in force')
    .option('--withdraw <id>', 'take one back; its errors count again')
    .option('--reason <text>', 'why it is withdrawn; kept in the audit')
    .addOption(actorOption())
    .option('--json', 'print JSON')
    .action((options: ExcludeOptions) => exclude(context(), options));
}

async function exclude(context: Context, options: ExcludeOptions): Promise<void> {
  const { terminal } = context;
  const answer = await orderExclusion(context, options);
  if (options.json) {
    terminal.out(`${JSON.stringify(answer, null, 2)}\n`);
    return;
  }
  if ('id' in answer) {
    terminal.out(`${answer.id} was ${options.withdraw === undefined ? 'entered' : 'withdrawn'}.\n`);
  }
  if (answer.exclusions.length === 0) terminal.out('No exclusion is in force.\n');
  else {
    terminal.out(
      toTable(answer.exclusions, EXCLUSIONS, roomOf(terminal, context.loaded().config.sla.timeZone)),
    );
  }
}

const EXCLUSIONS: readonly Column[] = [
  { field: 'id', title: 'id' },
  { field: 'from', title: 'from', kind: 'time' },
  { field: 'to', title: 'to', kind: 'time' },
  { field: 'clause', title: 'clause', drop: 2 },
  { field: 'source', title: 'source', cut: true, drop: 3 },
  { field: 'actor', title: 'actor', drop: 1 },
];

type Excluded = ExclusionsAnswer & { id?: string };

async function orderExclusion(context: Context, options: ExcludeOptions): Promise<Excluded> {
  const { from, to, clause, source, withdraw, reason } = options;
  if (withdraw !== undefined) {
    if (reason === undefined) throw new SidecarError('bad_usage', 'sla exclude --withdraw needs --reason.');
    const path = `/v1/exclusions/${encodeURIComponent(withdraw)}`;
    return (await slaOrder(context, {
      method: 'DELETE',
      path,
      body: { reason },
    })) as Excluded;
  }
  const given = { from, to, clause, source };
  const missing = Object.entries(given).filter(([, value]) => value === undefined);
  if (options.list || missing.length === 4) return listExclusions(context);
  if (missing.length > 0) {
    const names = missing.map(([name]) => `--${name}`).join(', ');
    throw new SidecarError('bad_usage', `sla exclude: ${names} is missing; an exclusion needs all four.`);
  }
  return (await slaOrder(context, { method: 'POST', path: '/v1/exclusions', body: given })) as Excluded;
}

async function listExclusions(context: Context): Promise<Excluded> {
  const source = await openSource(context);
  try {
    return (await source.get('/v1/exclusions')) as ExclusionsAnswer;
  } finally {
    await source.close();
  }
}

interface BlameOptions {
  from: string;
  to: string;
  source: string;
  json?: boolean;
}

function addBlame(sla: Command, context: () => Context): void {
  sla
    .command('blame')
    .description('record whose fault it was that requests never reached Kling; overrides the control checks')
    .addArgument(new Argument('<blame>', 'whose').choices(['upstream', 'local']))
    .requiredOption('--from <time>', `inclusive: ${TIME}`)
    .requiredOption('--to <time>', 'exclusive')
    .requiredOption('--source <text>', 'how it is known; kept as evidence and in the audit')
    .addOption(actorOption())
    .option('--json', 'print JSON')
    .action(async (blame: string, options: BlameOptions) => {
      const run = context();
      const { json, ...rest } = options;
      const body = { ...rest, blame };
      const answer = (await slaOrder(run, { method: 'POST', path: '/v1/blame', body })) as {
        id: string;
        attempts: number;
      };
      const text = `${answer.attempts} requests that never arrived are ${blame === 'local' ? 'our own' : 'Kling’s'} fault now.`;
      run.terminal.out(json ? `${JSON.stringify(answer, null, 2)}\n` : `${text}\n`);
    });
}

async function verify(context: Context, month: string | undefined, wantsJson: boolean): Promise<void> {
  const { terminal } = context;
  const { config } = context.loaded();
  const range = month === undefined ? { start: 0, end: terminal.clock.now() } : await spanOf(context, month);
  const [{ openStoreReadOnly }, { verifySla }] = await Promise.all([
    import('../store/sqlite/read-only-store.ts'),
    import('../sla/verify.ts'),
  ]);
  // Reading beside a running sidecar is harmless, and burdens no thread of its.
  const reader = new URL('../app/store-reader.ts', import.meta.url);
  const store = await openStoreReadOnly(config.store.path, { reader, clock: terminal.clock });
  try {
    const check = await verifySla(store, range);
    if (wantsJson) terminal.out(`${JSON.stringify(check, null, 2)}\n`);
    else printCheck(context, check);
    context.exit(check.differences.length === 0 ? 0 : 1);
  } finally {
    await store.close();
  }
}

async function spanOf(context: Context, month: string): Promise<{ start: number; end: number }> {
  const { servicePeriod } = await import('../sla/period.ts');
  const { timeZone } = context.loaded().config.sla;
  const { spans } = servicePeriod(monthArgument(context, month), timeZone, { source: 'none', terms: [] });
  return { start: spans[0]?.start ?? 0, end: spans.at(-1)?.end ?? 0 };
}

function printCheck({ terminal }: Context, check: SlaCheck): void {
  const { windows, attempts, differences, from, to } = check;
  if (from === null || to === null || from >= to) {
    terminal.out('The journal holds no calls of that time: there is nothing to compare.\n');
    return;
  }
  const verdict =
    differences.length === 0 ? paint(terminal, 'good', 'agree') : paint(terminal, 'bad', 'do not agree');
  terminal.out(`${windows} windows and ${attempts} calls of the journal ${verdict} (${from} to ${to}).\n`);
  for (const one of differences) {
    const what = `${one.windowStart} ${one.host} ${one.origin} ${one.class}`;
    terminal.out(`  ${what}: counted ${one.counted}, in the journal ${one.journalled}\n`);
  }
}
