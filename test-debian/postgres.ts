/** Debian's PostgreSQL in a folder of its own, reached only by a socket in that folder. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { debianProgram } from './debian-program.ts';

const PACKAGE = 'postgresql';
/** The database's superuser; nobody else reaches the socket's folder. */
const USER = 'sidecar';

/** The user that PostgreSQL runs as; it refuses to run as root. */
type Identity = { uid: number; gid: number } | Record<string, never>;

export interface Postgres {
  /** Runs a script that goes on after an error. Gives the errors by the line, from 1, of the statement's end. */
  run(script: string): Map<number, string>;
  stop(): Promise<void>;
}

/** Makes a database whose texts sort by their bytes, as SQLite's do, and waits until it takes connections. */
export async function startPostgres(): Promise<Postgres> {
  const programs = programFolder();
  const identity = unprivileged();
  const folder = mkdtempSync(join(tmpdir(), 'postgres-'));
  const data = join(folder, 'data');
  mkdirSync(data, { mode: 0o700 });
  if (identity.uid !== undefined)
    for (const path of [folder, data]) chownSync(path, identity.uid, identity.gid);
  const remove = (): void => rmSync(folder, { recursive: true });
  const made = spawnSync(
    join(programs, 'initdb'),
    ['-D', data, '-U', USER, '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'],
    { ...identity, cwd: folder, encoding: 'utf8' },
  );
  if (made.status !== 0) {
    remove();
    throw new Error(`initdb: ${made.stderr}`);
  }
  const server = spawn(
    join(programs, 'postgres'),
    ['-D', data, '-k', folder, '-c', 'listen_addresses=', '-c', 'fsync=off', '-c', 'shared_buffers=16MB'],
    {
      ...identity,
      cwd: folder,
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { PATH: process.env['PATH'], LC_ALL: 'C' },
    },
  );
  const ended = once(server, 'exit');
  const stop = async (): Promise<void> => {
    // A fast shutdown: connections are ended, the data is left whole.
    server.kill('SIGINT');
    await ended;
    remove();
  };
  try {
    await untilReady(server);
  } catch (error) {
    await stop();
    throw error;
  }
  return { run: (script) => runScript(join(programs, 'psql'), folder, script), stop };
}

/** The folder of PostgreSQL's programs, which Debian keeps off the PATH. */
function programFolder(): string {
  const asked = spawnSync(debianProgram('pg_config', PACKAGE), ['--bindir'], { encoding: 'utf8' });
  const folder = asked.stdout.trim();
  debianProgram('psql', PACKAGE);
  if (asked.status !== 0) throw new Error(`pg_config: ${asked.stderr}`);
  return folder;
}

function unprivileged(): Identity {
  if (process.getuid?.() !== 0) return {};
  for (const name of ['postgres', 'nobody']) {
    const [uid, gid] = ['-u', '-g'].map((option) => spawnSync('id', [option, name], { encoding: 'utf8' }));
    if (uid?.status === 0 && gid?.status === 0) return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
  }
  throw new Error('PostgreSQL refuses to run as root, and there is neither a user postgres nor nobody');
}

async function untilReady(server: ChildProcess): Promise<void> {
  const lines: string[] = [];
  if (!server.stderr) throw new Error('the server has no standard error');
  for await (const line of createInterface({ input: server.stderr })) {
    lines.push(line);
    if (!line.includes('ready to accept connections')) continue;
    server.stderr.resume();
    return;
  }
  throw new Error(`PostgreSQL did not start:\n${lines.join('\n')}`);
}

function runScript(psql: string, folder: string, script: string): Map<number, string> {
  const file = join(folder, 'script.sql');
  writeFileSync(file, script);
  const run = spawnSync(psql, ['-X', '-q', '-h', folder, '-U', USER, '-d', 'postgres', '-f', file], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], LC_ALL: 'C', PGOPTIONS: '-c client_min_messages=error' },
  });
  if (run.status !== 0) throw new Error(`psql ended with ${run.status}: ${run.stderr}`);
  const errors = new Map<number, string>();
  let line = 0;
  for (const text of run.stderr.split('\n')) {
    const error = /^psql:.*?\.sql:(\d+): (.*)$/.exec(text);
    if (error) line = Number(error[1]);
    if (text !== '')
      errors.set(line, `${errors.has(line) ? `${errors.get(line)}\n` : ''}${error?.[2] ?? text}`);
  }
  return errors;
}
