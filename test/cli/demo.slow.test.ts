import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { launch } from './launch.ts';

const BIN = path.resolve(import.meta.dirname, '../../bin/kling-sidecar.js');

it('the demo on a pipe prints its steps and the letter, and names no address or folder that is gone at its end', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'kling-demo-test-'));
  const demo = launch([process.execPath, BIN, 'demo'], { cwd: folder, env: { TMPDIR: folder } });
  expect(await demo.exit).toBe(0);
  const text = demo.text();
  expect(text).toMatch(/the ledger settled 52: they agree/);
  expect(text).toMatch(/ticket +credits_refused +Creates of app default are refused/);
  expect(text).toMatch(/ {2}\| # Claim for compensation/);
  expect(text).toMatch(/ {2}\| ## What we ask/);
  expect(text).not.toMatch(/https?:\/\/|127\.0\.0\.1|kling-sidecar-demo-/);
  expect(readdirSync(folder)).toEqual([]);
  rmSync(folder, { recursive: true });
  expect(
    Math.max(
      ...text
        .split('\n')
        .filter((line) => line.startsWith('  | '))
        .map((line) => line.length),
    ),
  ).toBeLessThan(81);
});
