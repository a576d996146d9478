/**
 * The load generator used where wrk is not installed: as many requests in flight as connections, for a time.
 *
 * Arguments: origin, connections, seconds, method, file of paths, file of the body or `-`, then header names and
 * values in pairs. Prints one line, `RESULT {…}`, with the fields of `LoadResult`. It costs more CPU than wrk, so
 * requests/s are lower; compare only figures made with the same generator.
 */
import { readFileSync } from 'node:fs';
import { Pool } from 'undici';

const [
  origin = '',
  connections = '1',
  seconds = '1',
  method = 'GET',
  pathsFile = '',
  bodyFile = '-',
  ...pairs
] = process.argv.slice(2);
const paths = readFileSync(pathsFile, 'utf8').trim().split('\n');
const body = bodyFile === '-' ? null : readFileSync(bodyFile);
const headers: Record<string, string> = {};
for (let i = 0; i + 1 < pairs.length; i += 2) headers[pairs[i] ?? ''] = pairs[i + 1] ?? '';

const pool = new Pool(origin, { connections: Number(connections), pipelining: 1 });
const latenciesUs: number[] = [];
let badStatuses = 0;
let socketErrors = 0;
let next = 0;
const from = performance.now();
const until = from + Number(seconds) * 1e3;

async function worker(): Promise<void> {
  while (performance.now() < until) {
    const sentAt = performance.now();
    next = (next + 1) % paths.length;
    try {
      const answer = await pool.request({ path: paths[next] ?? '/', method: method as 'GET', headers, body });
      await answer.body.dump();
      latenciesUs.push((performance.now() - sentAt) * 1e3);
      if (answer.statusCode >= 400) badStatuses += 1;
    } catch {
      socketErrors += 1;
    }
  }
}

await Promise.all(Array.from({ length: Number(connections) }, worker));
const durationUs = Math.round((performance.now() - from) * 1e3);
await pool.close();
latenciesUs.sort((a, b) => a - b);
const percentile = (share: number): number =>
  Math.round(latenciesUs[Math.min(latenciesUs.length - 1, Math.floor(latenciesUs.length * share))] ?? 0);
const result = {
  requests: latenciesUs.length,
  durationUs,
  badStatuses,
  socketErrors,
  p50Us: percentile(0.5),
  p99Us: percentile(0.99),
};
process.stdout.write(`RESULT ${JSON.stringify(result)}\n`);
