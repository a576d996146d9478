/**
 * Portkey's gateway, the one peer from npm: installed on demand from the lock file beside this one.
 *
 * **Invariant**: it never enters the project's own dependencies; its install scripts are not run (the published
 * build needs none). The lock overrides @hono/node-server: with 1.19 the gateway answers every proxied request with
 * "immutable" and 500 (1.13.8 was tried and forwards).
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const INSTALL_WAIT_MS = 120_000;

/** Gives the entry of the installed gateway, or the reason if it is not installed. */
export function portkeyEntry(folder: string): { path: string; missing: string | null } {
  const path = join(folder, 'node_modules/@portkey-ai/gateway/build/start-server.js');
  const missing = existsSync(path) ? null : '@portkey-ai/gateway is not installed in bench/ (npm ci failed)';
  return { path, missing };
}

/** Installs it with `npm ci` in `folder` unless the locked version is there; gives npm's output on failure. */
export function installPortkey(folder: string): string | null {
  if (isCurrent(folder)) return null;
  const npm = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: folder,
    encoding: 'utf8',
    timeout: INSTALL_WAIT_MS,
  });
  if (npm.status === 0) return null;
  const words = (npm.error?.message ?? npm.stderr).trim().split('\n').slice(-3).join(' ');
  return `npm ci in bench/ failed: ${words}`;
}

function isCurrent(folder: string): boolean {
  const { path, missing } = portkeyEntry(folder);
  if (missing !== null) return false;
  const wanted = readVersion(join(folder, 'package.json'), 'dependencies');
  const found = readVersion(join(path, '../../package.json'), 'version');
  return wanted !== null && wanted === found;
}

function readVersion(path: string, field: 'dependencies' | 'version'): string | null {
  const parsed = JSON.parse(readFileSync(path, 'utf8')) as {
    version?: string;
    dependencies?: Record<string, string>;
  };
  const version = field === 'version' ? parsed.version : parsed.dependencies?.['@portkey-ai/gateway'];
  return version ?? null;
}
