/** Debian's Alertmanager on loopback, and its amtool. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { debianProgram } from './debian-program.ts';

const PACKAGE = 'prometheus-alertmanager';

export interface QueriedAlert {
  labels: Record<string, string>;
  annotations: Record<string, string>;
  startsAt: string;
  endsAt: string;
}

export interface Alertmanager {
  url: string;
  /** What `amtool alert query` shows. */
  query(): QueriedAlert[];
  stop(): Promise<void>;
}

/** Starts Alertmanager on a port that the system chooses, in a folder of its own, and waits until it listens. */
export async function startAlertmanager(): Promise<Alertmanager> {
  const folder = mkdtempSync(join(tmpdir(), 'alertmanager-'));
  const config = join(folder, 'alertmanager.yml');
  writeFileSync(config, 'route:\n  receiver: nobody\nreceivers:\n  - name: nobody\n');
  const program = spawn(
    debianProgram('prometheus-alertmanager', PACKAGE),
    [
      `--config.file=${config}`,
      `--storage.path=${join(folder, 'data')}`,
      '--web.listen-address=127.0.0.1:0',
      '--cluster.listen-address=',
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const ended = once(program, 'exit');
  const stop = async (): Promise<void> => {
    program.kill();
    await ended;
    rmSync(folder, { recursive: true });
  };
  const lines: string[] = [];
  for await (const line of createInterface({ input: program.stderr })) {
    lines.push(line);
    const address = /msg="Listening on" address=(127\.0\.0\.1:\d+)/.exec(line)?.[1];
    if (address === undefined) continue;
    program.stderr.resume();
    const url = `http://${address}`;
    return { url, query: () => query(url), stop };
  }
  await stop();
  throw new Error(`Alertmanager did not start:\n${lines.join('\n')}`);
}

function query(url: string): QueriedAlert[] {
  const amtool = debianProgram('amtool', PACKAGE);
  const run = spawnSync(amtool, [`--alertmanager.url=${url}`, 'alert', 'query', '-o', 'json'], {
    encoding: 'utf8',
  });
  if (run.status !== 0) throw new Error(`amtool: ${run.stderr}`);
  return JSON.parse(run.stdout) as QueriedAlert[];
}
