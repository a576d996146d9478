/**
 * `npm run bench`: the sidecar with everything on beside its peers, before one instant upstream, in one run.
 *
 * Rounds go over all peers in turn, each started afresh, so that a drift of the machine meets all alike; the order
 * is turned by one from round to round. docs/benchmarks.md says how to read the output.
 *
 * **Invariant**: load goes to loopback only; with the default options the run ends within six minutes; whatever was
 * started is ended by pid, and the folder of work (bench/.work, on the project's disk so that fsync is real) is
 * removed, on success, failure and Ctrl-C.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { arch, cpus } from 'node:os';
import { join } from 'node:path';
import { measureLargeCreate } from './large-create.ts';
import { generatorName } from './load.ts';
import { measureTurn, type Turn } from './measure.ts';
import { readOptions, USAGE, type Options } from './options.ts';
import { PEERS, type Peer, type PeerName } from './peers.ts';
import { installPortkey } from './portkey.ts';
import { end, endAll } from './processes.ts';
import { formatReport, judge, peerFigures, type Report } from './report.ts';
import { startUpstream, type Upstream } from './upstream.ts';

const work = join(import.meta.dirname, '.work', `run-${process.pid}`);

/** One line that is overwritten, on a terminal only. */
function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}`);
}

function wanted(options: Options, name: PeerName): boolean {
  return options.only === null || name === 'direct' || options.only.includes(name);
}

interface Measured {
  turns: Map<PeerName, Turn[]>;
  missing: Report['missing'];
}

async function measureRounds(options: Options, peers: Peer[], upstream: Upstream): Promise<Measured> {
  const turns = new Map<PeerName, Turn[]>(peers.map((peer) => [peer.name, []]));
  const missing: Report['missing'] = [];
  let present = peers;
  for (let round = 1; round <= options.rounds; round += 1) {
    const shift = (round - 1) % present.length;
    for (const peer of [...present.slice(shift), ...present.slice(0, shift)]) {
      progress(`round ${round} of ${options.rounds}: ${peer.name}`);
      const folder = join(work, `${peer.name}-${round}`);
      try {
        turns.get(peer.name)?.push(await measureTurn(peer, upstream, folder, options.seconds));
      } catch (error) {
        if (peer.name === 'direct') throw error;
        missing.push({ name: peer.name, reason: `round ${round}: ${(error as Error).message}` });
        present = present.filter((each) => each !== peer);
        turns.delete(peer.name);
      }
    }
  }
  return { turns, missing };
}

/** Large creates through the bare forwarder and the sidecar, where both or either take part. */
async function measureLarge(
  peers: Peer[],
  upstream: Upstream,
): Promise<Pick<Report, 'largeCreates' | 'missing'>> {
  const largeCreates: Report['largeCreates'] = [];
  const missing: Report['missing'] = [];
  for (const peer of peers) {
    if (peer.name !== 'bare' && peer.name !== 'sidecar') continue;
    progress(`10 MiB creates: ${peer.name}`);
    const folder = join(work, `${peer.name}-large`);
    try {
      largeCreates.push({ name: peer.name, ...(await measureLargeCreate(peer, upstream, folder)) });
    } catch (error) {
      missing.push({ name: peer.name, reason: `10 MiB creates: ${(error as Error).message}` });
    }
  }
  return { largeCreates, missing };
}

async function bench(options: Options): Promise<Report> {
  mkdirSync(work, { recursive: true });
  const missing: Report['missing'] = [];
  if (wanted(options, 'portkey')) {
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
  const upstream = await startUpstream(work);
  const measured = await measureRounds(options, peers, upstream);
  const left = peers.filter((peer) => measured.turns.has(peer.name));
  const large = await measureLarge(left, upstream);
  await end(upstream.process.child);
  progress('');
  const directTurns = measured.turns.get('direct') ?? [];
  const figures = left.map(({ name, does }) =>
    peerFigures({ name, does, turns: measured.turns.get(name) ?? [], directTurns }),
  );
  return {
    at: new Date().toISOString(),
    machine: `${cpus().length} × ${cpus()[0]?.model.trim() ?? arch()}`,
    node: process.versions.node,
    upstream: upstream.name,
    generator: generatorName(),
    seconds: options.seconds,
    rounds: options.rounds,
    peers: figures,
    missing: [...missing, ...measured.missing, ...large.missing],
    largeCreates: large.largeCreates,
    goals: judge(figures, large.largeCreates),
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
