/** A real sidecar of this checkout, started from a folder before an upstream. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, start, type Started } from './processes.ts';
import { waitUntilAnswered } from './requests.ts';

export interface OwnSidecar {
  sidecar: Started;
  /** The origins of its planes. */
  data: string;
  control: string;
}

/** Starts it with the usual config and `more`, and waits until it is ready. */
export async function startOwnSidecar(
  folder: string,
  { baseUrl, key, more = {} }: { baseUrl: string; key: string; more?: Readonly<Record<string, unknown>> },
): Promise<OwnSidecar> {
  const [port, controlPort] = [await freePort(), await freePort()];
  const config = {
    listen: { host: '127.0.0.1', port },
    control: { host: '127.0.0.1', port: controlPort },
    upstream: { baseUrl },
    ...more,
  };
  writeFileSync(join(folder, 'sidecar.config.json'), JSON.stringify(config));
  const command = {
    file: process.execPath,
    args: [join(import.meta.dirname, '../src/main.ts'), 'start'],
    env: { KLING_API_KEY: key },
    cwd: folder,
  };
  const sidecar = start(command, join(folder, 'sidecar.log'));
  const control = `http://127.0.0.1:${controlPort}`;
  await waitUntilAnswered(`${control}/readyz`, {}, sidecar);
  return { sidecar, data: `http://127.0.0.1:${port}`, control };
}
