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
  expect(text).toMatch(/the ledger settled 76: they agree/);
  expect(text).toMatch(/6 requests of 3 pictures at once, and the pack has 9 slots: [1-5] wait\n/);
  expect(text).toMatch(/6 of them made, after .* ms; Kling answered 1303 never\n/);
  for (const code of [1302, 1303]) {
    expect(text).toMatch(new RegExp(`^${code} .* 200 after \\d+ ms, sent again `, 'm'));
  }
  for (const code of [1100, 1101, 1102, 1304]) {
    const row = `^${code} .* 429 code ${code} +403 account_refused, not sent +200 after \\d+ ms$`;
    expect(text).toMatch(new RegExp(row, 'm'));
  }
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
