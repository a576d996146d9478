/**
 * The cost of something for a create and a read: two sidecars with one upstream, one without it and one with it. They are loaded in
 * turn in short slices, so that other work of the machine affects both equally.
 *
 * Run by `node bench/side-by-side.ts traced|limited [slices]`. A figure is the CPU of a whole process during its own slices.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Pool } from 'undici';
import { startPeer } from './measure.ts';
import type { Peer, PeerName } from './peer.ts';
import { cpuMicroseconds, endAll } from './processes.ts';
import { CREATE_BODY, CREATE_PATH, createTasks } from './requests.ts';
import { LIMITED, SIDECAR, TRACED } from './sidecar-peers.ts';
import { startUpstream } from './upstream.ts';

const other = process.argv[2] === 'limited' ? LIMITED : TRACED;
const slices = Number(process.argv[3] ?? 40);
const REQUESTS = 400;
const CONNECTIONS = 16;
const WARM_SLICES = 6;
const folder = mkdtempSync(join(import.meta.dirname, '.side-'));

interface Side {
  name: PeerName;
  pid: number;
  pool: Pool;
  headers: Record<string, string>;
  path: string;
}

async function startSide(peer: Peer, upstreamPort: number): Promise<Side> {
  const { name } = peer;
  const { started, origin, headers } = await startPeer(peer, join(folder, name), upstreamPort);
  const [id = ''] = await createTasks(origin, headers, { count: 1 });
  const pool = new Pool(origin, { connections: CONNECTIONS });
  return { name, pid: started?.pid ?? 0, pool, headers, path: `${CREATE_PATH}/${id}` };
}

/** Makes one slice's requests; gives the CPU of each in µs. */
async function slice({ pid, pool, headers, path }: Side, work: 'creates' | 'reads'): Promise<number> {
  const before = cpuMicroseconds(pid);
  let left = REQUESTS;
  const lane = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const request =
        work === 'creates'
          ? ({ method: 'POST', path: CREATE_PATH, headers, body: CREATE_BODY } as const)
          : ({ method: 'GET', path, headers } as const);
      const { statusCode, body } = await pool.request(request);
      await body.dump();
      if (statusCode !== 200) throw new Error(`${work} were answered with ${statusCode}`);
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, lane));
  return (cpuMicroseconds(pid) - before) / REQUESTS;
}

/** A slice is measured in ticks of 10 ms, 25 µs a request: a mean of many says less than that, a median does not. */
function meanOf(figures: readonly number[]): number {
  return figures.reduce((sum, figure) => sum + figure, 0) / figures.length;
}

try {
  const upstream = await startUpstream(folder);
  const sides = [await startSide(SIDECAR, upstream.port), await startSide(other, upstream.port)];
  for (const work of ['creates', 'reads'] as const) {
    const figures = new Map<PeerName, number[]>(sides.map(({ name }) => [name, []]));
    for (let round = 0; round < WARM_SLICES + slices; round += 1) {
      for (const side of round % 2 === 0 ? sides : sides.toReversed()) {
        const used = await slice(side, work);
        if (round >= WARM_SLICES) figures.get(side.name)?.push(used);
      }
    }
    const [without = 0, having = 0] = sides.map(({ name }) => meanOf(figures.get(name) ?? []));
    const percent = ((having / without - 1) * 100).toFixed(1);
    console.log(
      `${work}: ${without.toFixed(0)} µs alone, ${having.toFixed(0)} µs ${other.name}: ${percent} % more`,
    );
  }
  for (const { pool } of sides) await pool.close();
} finally {
  await endAll();
  rmSync(folder, { recursive: true, force: true });
}
