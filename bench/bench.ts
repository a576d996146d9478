/**
 * `npm run bench`: the sidecar with everything on beside its peers, before one instant upstream, in one run.
 *
 * Each round measures all peers in turn, each in a new process, so that a drift of the machine affects all equally; the
 * order moves by one from round to round. Separate measurements (ready, large creates, open tasks, a large store) follow
 * after the rounds. docs/benchmarks.md explains the output.
 *
 * **Invariant**: load goes only to loopback; every started process is ended by pid, and the folder of work
 * (bench/.work, on the project's disk so that fsync is real) is removed, on success, failure and Ctrl-C.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { arch, cpus } from 'node:os';
import { join } from 'node:path';
import { measureBesideTasks } from './beside-tasks.ts';
import { measureBigStore } from './big-store.ts';
import { peerFigures } from './figures.ts';
import { judge, type Findings } from './goals.ts';
import { measureLargeCreates } from './large-create.ts';
import { generatorName } from './load.ts';
import { watchMachine, type MachineWatch } from './machine.ts';
import { measureTurn, type Turn, type TurnPlan, type Works } from './measure.ts';
import { measureOpenTasks, measureScrape } from './open-tasks.ts';
import { readOptions, USAGE, type Options, type Section } from './options.ts';
import { measurePages } from './pages.ts';
import type { Peer, PeerName } from './peer.ts';
import { PEERS } from './peers.ts';
import { installPortkey } from './portkey.ts';
import { end, endAll } from './processes.ts';
import { measureReady } from './ready.ts';
import { formatReport, type Report } from './tables.ts';
import { startUpstream, type Upstream } from './upstream.ts';

const work = join(import.meta.dirname, '.work', `run-${process.pid}`);
const READY_REPEATS = 10;
const LARGE_REPEATS = 16;
const BIG_SLICES = 20;
/** Whole minutes: tasks of half an hour are asked for once a minute, all of them together since the start asked for all. */
/** Reads of the section `beside` through each sidecar. */
const BESIDE_READS = 10_000;
const IDLE_SECONDS = 60;
const IDLE_SECONDS_AFTER_LOAD = 3;
const SCRAPED_TASKS = 10;

/** One line that is overwritten, on a terminal only. */
function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}`);
}

function wanted(options: Options, name: PeerName): boolean {
  return options.only === null || name === 'direct' || options.only.includes(name);
}

/** The load of a peer: none if no section needs it. */
function worksOf({ isVariant, name }: Peer, { sections, isQuick }: Options): Works {
  const has = (section: Section): boolean => sections.includes(section);
  if (isVariant === true) return has('variants') ? { creates: [32] } : {};
  const isCompared = name === 'sidecar' && has('variants');
  return {
    ...(has('creates') ? { creates: [32, 16, 1] } : isCompared ? { creates: [32] } : {}),
    ...(has('reads') ? { reads: isQuick ? [32] : [32, 16, 1] } : {}),
    ...(has('lives') && (name === 'bare' || name === 'sidecar') ? { lives: [32] } : {}),
  };
}

interface Measured {
  turns: Map<PeerName, Turn[]>;
  missing: Report['missing'];
}

interface Run {
  options: Options;
  upstream: Upstream;
  watch: MachineWatch;
}

async function measureRounds({ options, upstream, watch }: Run, peers: readonly Peer[]): Promise<Measured> {
  const plans = peers.map((peer) => ({ peer, works: worksOf(peer, options) }));
  let present = plans.filter(({ works }) => Object.keys(works).length > 0);
  const turns = new Map<PeerName, Turn[]>(present.map(({ peer }) => [peer.name, []]));
  const missing: Report['missing'] = [];
  for (let round = 1; round <= options.rounds && present.length > 0; round += 1) {
    if (round > 1) await watch.look();
    const shift = (round - 1) % present.length;
    for (const each of [...present.slice(shift), ...present.slice(0, shift)]) {
      const { peer, works } = each;
      progress(`round ${round} of ${options.rounds}: ${peer.name}`);
      const { seconds, warmRequests } = options;
      const plan: TurnPlan = { works, seconds, warmRequests, idleSeconds: IDLE_SECONDS_AFTER_LOAD };
      try {
        turns
          .get(peer.name)
          ?.push(await measureTurn(peer, upstream, join(work, `${peer.name}-${round}`), plan));
      } catch (error) {
        if (peer.name === 'direct') throw error;
        missing.push({ name: peer.name, reason: `round ${round}: ${(error as Error).message}` });
        present = present.filter((other) => other !== each);
        turns.delete(peer.name);
      }
    }
  }
  return { turns, missing };
}

/** Runs a section if it is selected; a failure is reported and the others continue. */
async function measureSection<T>(
  name: Section,
  run: Run,
  missing: Report['missing'],
  measure: () => Promise<T>,
): Promise<T | null> {
  if (!run.options.sections.includes(name)) return null;
  progress(name);
  await run.watch.look();
  try {
    return await measure();
  } catch (error) {
    missing.push({ name, reason: (error as Error).message });
    return null;
  }
}

/** Makes the measurements that are separate from the rounds. */
async function measureApart(
  run: Run,
  peers: readonly Peer[],
  missing: Report['missing'],
): Promise<Omit<Findings, 'peers'>> {
  const { options, upstream } = run;
  const upstreamPort = upstream.port;
  const baseUrl = `http://127.0.0.1:${upstreamPort}`;
  const { isQuick, openTasks, rows, warmRequests } = options;
  const of = <T>(name: Section, measure: () => Promise<T>): Promise<T | null> =>
    measureSection(name, run, missing, measure);
  const pair = peers.filter(({ name }) => name === 'bare' || name === 'sidecar');
  return {
    readyMs: await of('ready', () =>
      measureReady(work, { repeats: isQuick ? READY_REPEATS / 2 : READY_REPEATS, upstreamPort }),
    ),
    largeCreates:
      (await of('large', () =>
        measureLargeCreates(pair, upstream, {
          folder: work,
          repeats: isQuick ? LARGE_REPEATS / 2 : LARGE_REPEATS,
        }),
      )) ?? [],
    idle: await of('idle', () =>
      measureOpenTasks({ folder: join(work, 'idle'), baseUrl, openTasks }, IDLE_SECONDS),
    ),
    beside: await of('beside', () =>
      measureBesideTasks(join(work, 'beside'), {
        baseUrl,
        openTasks,
        reads: isQuick ? BESIDE_READS / 5 : BESIDE_READS,
      }),
    ),
    scrape: await of('scrape', () =>
      measureScrape({ folder: join(work, 'scrape'), baseUrl, openTasks: openTasks * SCRAPED_TASKS }),
    ),
    pagesCost: await of('pages', () =>
      measurePages(join(work, 'pages'), {
        baseUrl,
        plan: { calls: options.calls, openTasks, slices: options.slices, warmRequests },
      }),
    ),
    bigStore: await of('big', () =>
      measureBigStore(work, { baseUrl, plan: { rows, slices: BIG_SLICES, warmRequests } }),
    ),
  };
}

async function bench(options: Options): Promise<Report> {
  mkdirSync(work, { recursive: true });
  const missing: Report['missing'] = [];
  if (wanted(options, 'portkey') && options.sections.some((name) => name === 'creates' || name === 'reads')) {
    progress('installing @portkey-ai/gateway in bench/ where it is missing');
    const failure = installPortkey(import.meta.dirname);
    if (failure !== null) process.stderr.write(`${failure}\n`);
  }
  const peers: Peer[] = [];
  for (const peer of PEERS.filter((each) => wanted(options, each.name))) {
    const reason = peer.missing();
    if (reason === null) peers.push(peer);
    else missing.push({ name: peer.name, reason });
  }
  const watch = await watchMachine();
  const upstream = await startUpstream(work);
  const run: Run = { options, upstream, watch };
  const measured = await measureRounds(run, peers);
  missing.push(...measured.missing);
  const apart = await measureApart(run, peers, missing);
  await end(upstream.process.child);
  const load = await watch.stop();
  progress('');
  const directTurns = measured.turns.get('direct') ?? [];
  const figures = peers.flatMap(({ name, does }) => {
    const turns = measured.turns.get(name);
    return turns === undefined ? [] : [peerFigures({ name, does, turns, directTurns })];
  });
  const findings: Findings = { ...apart, peers: figures };
  return {
    ...findings,
    at: new Date().toISOString(),
    machine: `${cpus().length} × ${cpus()[0]?.model.trim() ?? arch()}`,
    load,
    node: process.versions.node,
    upstream: upstream.name,
    generator: generatorName(),
    sections: options.sections,
    seconds: options.seconds,
    rounds: options.rounds,
    missing,
    goals: judge(findings, load.isBusy),
  };
}

async function cleanUp(): Promise<void> {
  await endAll();
  rmSync(work, { recursive: true, force: true });
}

async function main(): Promise<number> {
  let options: Options;
  try {
    options = readOptions(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${USAGE}`);
    return 2;
  }
  if (options.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  try {
    const report = await bench(options);
    const json = JSON.stringify(report, null, 2) + '\n';
    process.stdout.write(options.json ? json : formatReport(report));
    if (options.output !== null) writeFileSync(options.output, json);
    return 0;
  } catch (error) {
    process.stderr.write(`\nthe benchmark failed: ${(error as Error).message}\n`);
    return 1;
  } finally {
    await cleanUp();
  }
}

for (const [signal, number] of [
  ['SIGINT', 2],
  ['SIGTERM', 15],
  ['SIGHUP', 1],
] as const) {
  process.once(signal, () => void cleanUp().finally(() => process.exit(128 + number)));
}
process.exitCode = await main();
