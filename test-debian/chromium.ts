/**
 * A real Chromium, headless, on one page until the test has what it wants.
 *
 * **Invariant**: a profile of its own, made new and removed; nothing of Chromium talks to the network by itself; the
 * walls that Chromium has of its own between the web and loopback are switched off, so that ours must hold alone.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { debianProgram } from './debian-program.ts';

export interface Browser {
  /** What it printed, for the message of a failed test. */
  output(): string;
  close(): Promise<void>;
}

const END_GRACE_MS = 5_000;

/** Opens `url`, with host names resolved by `resolverRules` (`MAP evil.test 127.0.0.1`). */
export function openBrowser(url: string, resolverRules: string): Browser {
  const profile = mkdtempSync(join(tmpdir(), 'kling-sidecar-chromium-'));
  const child = spawn(
    debianProgram('chromium', 'chromium'),
    [
      '--headless=new',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--disable-dev-shm-usage',
      '--no-first-run',
      '--no-proxy-server',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--disable-popup-blocking',
      '--disable-features=LocalNetworkAccessChecks,LocalNetworkAccessChecksWebSockets,HttpsUpgrades,HttpsFirstBalancedMode',
      `--host-resolver-rules=${resolverRules}`,
      `--user-data-dir=${profile}`,
      url,
    ],
    { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, HOME: profile } },
  );
  let output = '';
  const keep = (chunk: Buffer): void => void (output = (output + chunk.toString()).slice(-4_000));
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  return {
    output: () => output,
    async close() {
      const killer = setTimeout(() => child.kill('SIGKILL'), END_GRACE_MS);
      child.kill('SIGTERM');
      await ended;
      clearTimeout(killer);
      rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
    },
  };
}
