/**
 * Load from a separate process: wrk if it is installed, else a small client of ours on undici.
 *
 * **Invariant**: one point is one method (`lives`: creates and the reads of their tasks), one body, one number of connections and one length of time; both
 * generators report the same fields, and the one used is printed with the results.
 */
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram, track } from './processes.ts';
import { nextPoint, withPoint } from './requests.ts';

const WARM_UP_MS_MAX = 120_000;

export interface LoadPoint {
  origin: string;
  method: 'GET' | 'POST';
  paths: string[];
  body: string | null;
  headers: Record<string, string>;
  connections: number;
  seconds: number;
  /** `lives`: each create is followed by one read of its task. */
  kind?: 'plain' | 'lives';
}

export interface LoadResult {
  requests: number;
  durationUs: number;
  badStatuses: number;
  socketErrors: number;
  p50Us: number;
  p99Us: number;
}

/** Names the generator that {@link runLoad} will use. */
export function generatorName(): string {
  return findProgram('wrk') === null ? 'the built-in undici client' : 'wrk';
}

/** Runs one point to its end; `folder` takes its input files. */
export async function runLoad(point: LoadPoint, folder: string): Promise<LoadResult> {
  const pathsFile = join(folder, 'paths.txt');
  const bodyFile = join(folder, 'body.json');
  writeFileSync(pathsFile, point.paths.join('\n') + '\n');
  const number = nextPoint();
  const headers = Object.entries(point.headers).map(([name, value]) => [name, withPoint(value, number)]);
  if (point.body !== null) writeFileSync(bodyFile, withPoint(point.body, number));
  const script = [
    point.kind ?? 'plain',
    point.method,
    pathsFile,
    point.body === null ? '-' : bodyFile,
    ...headers.flat(),
  ];
  const wrk = findProgram('wrk');
  const sizes = [String(point.connections), String(point.seconds)] as const;
  const output =
    wrk === null
      ? await run(process.execPath, [
          join(import.meta.dirname, 'load-client.ts'),
          point.origin,
          ...sizes,
          ...script,
        ])
      : await run(
          wrk,
          ['-t', '1', '-c', sizes[0], '-d', `${sizes[1]}s`, '--timeout', '10s'].concat(
            ['-s', join(import.meta.dirname, 'wrk/load.lua'), point.origin, '--'],
            script,
          ),
        );
  const line = /^RESULT (\{.*\})$/m.exec(output)?.[1];
  if (line === undefined) throw new Error(`the load generator printed no result:\n${output}`);
  return JSON.parse(line) as LoadResult;
}

/**
 * Sends at least `requests` requests, a second at a time, without measuring, and gives their number: a compiler needs
 * requests, not time.
 * @throws Error when that takes more than two minutes.
 */
export async function warmUp(
  load: Omit<LoadPoint, 'seconds'>,
  { requests, folder }: { requests: number; folder: string },
): Promise<number> {
  const from = performance.now();
  let served = 0;
  while (served < requests) {
    if (performance.now() - from > WARM_UP_MS_MAX) {
      throw new Error(`only ${served} of ${requests} requests of the warm-up were served in two minutes`);
    }
    const { requests: more, badStatuses, socketErrors } = await runLoad({ ...load, seconds: 1 }, folder);
    if (badStatuses + socketErrors > 0)
      throw new Error(`${badStatuses + socketErrors} requests of the warm-up failed`);
    served += more;
  }
  return served;
}

function run(file: string, args: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    track(child);
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.once('error', reject);
    child.once('close', (code) =>
      code === 0 ? resolve(output) : reject(new Error(`${file} ended with ${String(code)}:\n${output}`)),
    );
  });
}
