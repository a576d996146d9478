/**
 * A real Prometheus over what was scraped on a moved clock: the scrapes become blocks with their own instants, by
 * promtool, and the server answers questions about them.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer } from 'node:net';
import type { Scrape } from './story.ts';

export const INSTANCE = 'sidecar:5565';
export const JOB = 'kling-sidecar';

export interface Sample {
  metric: Record<string, string>;
  /** Seconds and value. */
  values: [number, number][];
}

export interface Prometheus {
  url: string;
  /** Gives the value of every series at an instant (ms). @throws Error with Prometheus's own words. */
  instant(expr: string, at: number): Promise<Sample[]>;
  /** Gives series between two instants (ms), a point each `stepSeconds`. */
  range(expr: string, span: { from: number; to: number; stepSeconds: number }): Promise<Sample[]>;
  /** Gives the values of a label. */
  labelValues(label: string, match: string): Promise<string[]>;
  stop(): Promise<void>;
}

export interface PrometheusOptions {
  prometheus: string;
  promtool: string;
  scrapes: readonly Scrape[];
  /** Rule files whose records are computed over the scrapes. */
  rules: readonly string[];
}

/** Starts Prometheus over scrapes, with the records and alerts that its rules make of them. */
export async function startPrometheus(options: PrometheusOptions): Promise<Prometheus> {
  const folder = mkdtempSync(join(tmpdir(), 'kling-prometheus-'));
  const server = new Server(options.prometheus, folder, await freePort());
  const span = { first: options.scrapes[0]?.at ?? 0, last: options.scrapes.at(-1)?.at ?? 0 };
  const ruleFiles = options.rules.map((rule) => `  - ${rule}\n`).join('');
  writeFileSync(
    join(folder, 'prometheus.yml'),
    `global:\n  scrape_interval: 1m\n${ruleFiles === '' ? '' : `rule_files:\n${ruleFiles}`}`,
  );
  makeBlocks(options.promtool, server, scrapedLines(options.scrapes));
  // New blocks are found when the server starts: the records need the scrapes, the alerts need the records.
  await server.start();
  if (options.rules.length > 0) {
    // Records that are made of records need those first.
    for (let level = 0; level < 2; level += 1) {
      backfillRules(options, server, span);
      await server.restart();
    }
    makeBlocks(options.promtool, server, await alertLines(server.url, span));
    await server.restart();
  }
  return { url: server.url, ...questions(server.url, span), stop: () => server.stop() };
}

/** The first and the last scrape (ms). */
interface Lived {
  first: number;
  last: number;
}

function questions(
  url: string,
  { first, last }: Lived,
): Pick<Prometheus, 'instant' | 'range' | 'labelValues'> {
  return {
    instant: (expr, at) => ask(url, 'query', { query: expr, time: String(at / 1000) }),
    range: (expr, { from, to, stepSeconds }) =>
      ask(url, 'query_range', {
        query: expr,
        start: String(from / 1000),
        end: String(to / 1000),
        step: String(stepSeconds),
      }),
    async labelValues(label, match) {
      const query = new URLSearchParams({
        'match[]': match,
        start: String(first / 1000),
        end: String(last / 1000),
      });
      const answer = await fetch(`${url}/api/v1/label/${label}/values?${query.toString()}`);
      return ((await answer.json()) as { data: string[] }).data;
    },
  };
}

/** The process, over one folder of data. */
class Server {
  readonly url: string;
  readonly folder: string;
  readonly data: string;
  readonly #program: string;
  readonly #port: number;
  #child: ChildProcess | null = null;

  constructor(program: string, folder: string, port: number) {
    this.#program = program;
    this.#port = port;
    this.folder = folder;
    this.data = join(folder, 'data');
    this.url = `http://127.0.0.1:${port}`;
  }

  async start(): Promise<void> {
    this.#child = serve(this.#program, this.folder, this.data, this.#port);
    await ready(this.url, this.#child);
  }

  async restart(): Promise<void> {
    await this.#end('SIGTERM');
    await this.start();
  }

  async stop(): Promise<void> {
    await this.#end('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await gone;
  }
}

function serve(program: string, folder: string, data: string, port: number): ChildProcess {
  return spawn(
    program,
    [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${data}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--storage.tsdb.retention.time=10y',
      '--query.lookback-delta=2m',
      '--log.level=error',
    ],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
}

/** Lets promtool make blocks of OpenMetrics lines with their instants. */
function makeBlocks(promtool: string, { folder, data }: Server, lines: readonly string[]): void {
  if (lines.length === 0) return;
  const file = join(folder, 'lines.txt');
  writeFileSync(file, `${lines.join('\n')}\n# EOF\n`);
  run(promtool, ['tsdb', 'create-blocks-from', 'openmetrics', '-q', file, data]);
}

function scrapedLines(scrapes: readonly Scrape[]): string[] {
  const lines: string[] = [];
  for (const { at, text } of scrapes) {
    lines.push(`up{job="${JOB}",instance="${INSTANCE}"} 1 ${at / 1000}`);
    for (const line of text.split('\n'))
      if (line !== '' && !line.startsWith('#')) lines.push(stamped(line, at));
  }
  return lines;
}

interface AlertRule {
  type: string;
  name: string;
  query: string;
  /** Seconds that it must hold before it fires. */
  duration: number;
  labels: Record<string, string>;
}

const ALERT_STEP_SECONDS = 60;

/** Reads the alert rules that a server has loaded. */
async function alertRules(url: string): Promise<AlertRule[]> {
  const answer = await fetch(`${url}/api/v1/rules?type=alert`);
  const { data } = (await answer.json()) as { data: { groups: { rules: AlertRule[] }[] } };
  return data.groups.flatMap(({ rules }) => rules);
}

/** Evaluates the alert rules over the day, as a server would have done: promtool makes records only. */
async function alertLines(url: string, { first, last }: Lived): Promise<string[]> {
  const { range } = questions(url, { first, last });
  const lines: string[] = [];
  for (const rule of await alertRules(url)) {
    const span = { from: first, to: last, stepSeconds: ALERT_STEP_SECONDS };
    for (const { metric, values } of await range(rule.query, span)) {
      const { __name__: _, ...labels } = { ...metric, ...rule.labels };
      const all = { alertname: rule.name, alertstate: 'firing', ...labels };
      const text = Object.entries(all).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
      let since = 0;
      let before = -Infinity;
      for (const [at] of values) {
        if (at - before > ALERT_STEP_SECONDS) since = at;
        before = at;
        if (at - since >= rule.duration) lines.push(`ALERTS{${text.join(',')}} 1 ${at}`);
      }
    }
  }
  return lines;
}

/** Gives a sample the labels of its target, and its instant. */
function stamped(line: string, at: number): string {
  const end = line.lastIndexOf(' ');
  const series = line.slice(0, end);
  const brace = series.indexOf('{');
  const own = `job="${JOB}",instance="${INSTANCE}"`;
  const named =
    brace === -1 ? `${series}{${own}}` : `${series.slice(0, -1)}${series.at(-2) === '{' ? '' : ','}${own}}`;
  return `${named} ${line.slice(end + 1)} ${at / 1000}`;
}

function backfillRules(
  { promtool, rules }: PrometheusOptions,
  { url, data }: Server,
  { first, last }: Lived,
): void {
  const span = [`--start=${Math.floor(first / 1000)}`, `--end=${Math.floor(last / 1000)}`];
  run(promtool, [
    'tsdb',
    'create-blocks-from',
    'rules',
    `--url=${url}`,
    ...span,
    '--eval-interval=30s',
    `--output-dir=${data}`,
    ...rules,
  ]);
}

function run(program: string, args: readonly string[]): void {
  const done = spawnSync(program, args, { encoding: 'utf8' });
  if (done.status !== 0) throw new Error(`${program} ${args.join(' ')}: ${done.stdout}${done.stderr}`);
}

async function ask(url: string, kind: string, query: Record<string, string>): Promise<Sample[]> {
  const answer = await fetch(`${url}/api/v1/${kind}`, { method: 'POST', body: new URLSearchParams(query) });
  const body = (await answer.json()) as {
    status: string;
    error?: string;
    data: { resultType: string; result: unknown };
  };
  if (body.status !== 'success') throw new Error(`${query['query']}: ${body.error}`);
  const { result, resultType } = body.data;
  if (resultType === 'scalar') {
    const [at, value] = result as [number, string];
    return [{ metric: {}, values: [[at, Number(value)]] }];
  }
  const series = result as {
    metric: Record<string, string>;
    value?: [number, string];
    values?: [number, string][];
  }[];
  return series.map(({ metric, value, values }) => ({
    metric,
    values: (values ?? (value ? [value] : [])).map(([at, text]) => [at, Number(text)]),
  }));
}

/** Asks until the server says that it is ready, or has ended. */
async function ready(url: string, child: ChildProcess): Promise<void> {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`Prometheus ended with ${child.exitCode}`);
    const isReady = await fetch(`${url}/-/ready`).then(
      (answer) => answer.ok,
      () => false,
    );
    if (isReady) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
