/** A real sidecar of this checkout, started from a folder before an upstream. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { NODE_FLAGS } from '../src/cli/init-files.ts';
import { freePort, start, type Started } from './processes.ts';
import { waitUntilAnswered } from './requests.ts';

export interface OwnSidecar {
  sidecar: Started;
  /** The origins of its planes. */
  data: string;
  control: string;
  /** From the spawn to the first 200 of `/readyz`. */
  readyMs: number;
}

interface OwnSidecarOptions {
  baseUrl: string;
  key: string;
  /** Added to the usual config. */
  more?: Readonly<Record<string, unknown>>;
  /** The script that is run, below the checkout. Default `src/main.ts`. */
  entry?: string;
}

/** Starts it with the usual config and `more`, and waits until it is ready. */
export async function startOwnSidecar(
  folder: string,
  { baseUrl, key, more = {}, entry = 'src/main.ts' }: OwnSidecarOptions,
): Promise<OwnSidecar> {
  const [port, controlPort] = [await freePort(), await freePort()];
  const config = {
    listen: { host: '127.0.0.1', port },
    control: { host: '127.0.0.1', port: controlPort },
    upstream: { baseUrl },
    // The upstream of the bench has no list of tasks.
    store: { adopt: false },
    ...more,
  };
  writeFileSync(join(folder, 'sidecar.config.json'), JSON.stringify(config));
  const command = {
    file: process.execPath,
    args: [...NODE_FLAGS.split(' '), join(import.meta.dirname, '..', entry), 'start'],
    env: { KLING_API_KEY: key },
    cwd: folder,
  };
  const sidecar = start(command, join(folder, 'sidecar.log'));
  const control = `http://127.0.0.1:${controlPort}`;
  const readyMs = await waitUntilAnswered(`${control}/readyz`, {}, sidecar);
  return { sidecar, data: `http://127.0.0.1:${port}`, control, readyMs };
}
