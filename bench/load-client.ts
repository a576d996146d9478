/**
 * The load generator if wrk is not installed: as many requests in flight as connections, for a time.
 *
 * Arguments: origin, connections, seconds, `plain` or `lives`, method, file of paths, file of the body or `-`, then header names and
 * values in pairs. Prints one line, `RESULT {…}`, with the fields of `LoadResult`. It costs more CPU than wrk, so
 * requests/s are lower; compare only figures made with the same generator.
 */
import { readFileSync } from 'node:fs';
import { Pool, type Dispatcher } from 'undici';
import { withNumber } from './requests.ts';

const [
  origin = '',
  connections = '1',
  seconds = '1',
  kind = 'plain',
  method = 'GET',
  pathsFile = '',
  bodyFile = '-',
  ...pairs
] = process.argv.slice(2);
const paths = readFileSync(pathsFile, 'utf8').trim().split('\n');
const body = bodyFile === '-' ? null : readFileSync(bodyFile, 'utf8');
const headers: Record<string, string> = {};
for (let i = 0; i + 1 < pairs.length; i += 2) headers[pairs[i] ?? ''] = pairs[i + 1] ?? '';

const pool = new Pool(origin, { connections: Number(connections), pipelining: 1 });
const latenciesUs: number[] = [];
let badStatuses = 0;
let socketErrors = 0;
let next = 0;
let number = 0;
const made: string[] = [];
const from = performance.now();
const until = from + Number(seconds) * 1e3;

function nextRequest(): Dispatcher.RequestOptions {
  const task = made.pop();
  if (task !== undefined) return { path: `${paths[0]}/${task}`, method: 'GET', headers };
  next = (next + 1) % paths.length;
  number += 1;
  const own = Object.entries(headers).map(([name, value]) => [name, withNumber(value, number)]);
  return {
    path: paths[next] ?? '/',
    method: method as 'GET',
    headers: Object.fromEntries(own) as Record<string, string>,
    body: body === null ? null : withNumber(body, number),
  };
}

function keepTask(answer: string): void {
  const id = /"task_id":"(\d+)","task_status":"submitted"/.exec(answer)?.[1];
  if (id !== undefined) made.push(id);
}

async function worker(): Promise<void> {
  while (performance.now() < until) {
    const sentAt = performance.now();
    try {
      const answer = await pool.request(nextRequest());
      if (kind === 'lives') keepTask(await answer.body.text());
      else await answer.body.dump();
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
