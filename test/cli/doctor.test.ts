import { chmod } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createManualClock, systemClock, type ManualClock } from '../../src/clock.ts';
import { runCli } from '../../src/cli/cli.ts';
import { packageVersion } from '../../src/cli/control-client.ts';
import { get, post, textToVideo, until } from '../app/calls.ts';
import { EMULATOR_KEY, startApp, type StartedApp } from '../app/start-app.ts';
import type { CliRun } from './run-cli.ts';

const HOUR = 3_600_000;
/** 20 October 2025, 08:00 in Shanghai. */
const START = Date.UTC(2025, 9, 20);

interface Check {
  name: string;
  level: string;
  finding: string;
  advice: string | null;
}

let app: StartedApp;
let clock: ManualClock;

/** Runs a command on the app's clock, or some hours ahead of it. */
async function run(args: string[], more: Record<string, string> = {}, laterMs = 0): Promise<CliRun> {
  const done: CliRun = { code: -1, out: '', err: '' };
  done.code = await runCli(args, {
    out: (text) => void (done.out += text),
    err: (text) => void (done.err += text),
    stdin: process.stdin,
    isTerminal: false,
    isErrTerminal: false,
    env: { KLING_SIDECAR__CONTROL__PORT: new URL(app.controlUrl).port, ...more },
    cwd: app.folder,
    clock: { ...systemClock, now: () => clock.now() + laterMs },
  });
  return done;
}

async function examine(more: Record<string, string> = {}, laterMs = 0): Promise<Map<string, Check[]>> {
  const { code, out } = await run(['doctor', '--json'], more, laterMs);
  const { checks, version } = JSON.parse(out) as { checks: Check[]; version: string };
  expect(version).toBe(packageVersion());
  expect(code).toBe(checks.some(({ level }) => level === 'fail') ? 1 : 0);
  for (const { level, advice, finding } of checks) {
    expect(finding).toMatch(/[.!?]$/);
    expect(advice === null).toBe(level === 'ok');
  }
  return Map.groupBy(checks, ({ name }) => name);
}

const only = (checks: Map<string, Check[]>, name: string): Check => {
  const found = checks.get(name) ?? [];
  expect([name, found.length]).toEqual([name, 1]);
  return found[0] as Check;
};

beforeAll(async () => {
  clock = createManualClock(START);
  app = await startApp({ clock, config: { account: { poll: true } }, emulator: { speed: 1 } });
});
afterAll(() => app.stop());

describe('beside a running sidecar', () => {
  it('has a line for each thing, with what to do', async () => {
    const { code, out, err } = await run(['doctor'], { KLING_API_KEY: 'a-key-of-doctors-own' });
    expect([code, err]).toEqual([0, '']);
    const lines = out.trimEnd().split('\n');
    for (const line of lines) expect(line).toMatch(/^(ok {2}|note|warn) {2}[a-z ]+ {2}\S.*[.]$/);
    expect(out).toMatch(/^ok {4}node +Node 2\d\.\S+ runs kling-sidecar 0\./);
    expect(out).toMatch(/^ok {4}credentials +An API key, from KLING_API_KEY\.$/m);
    expect(out).toMatch(/^ok {4}control token +\S+control\.token is private \(mode 0600\)\.$/m);
    expect(out).toMatch(/^ok {4}store +\S+sidecar\.db is private, \d+\.\d MiB\.$/m);
    expect(out).toMatch(/^ok {4}disk +\d+\.\d GiB are free/m);
    expect(out).toMatch(/^ok {4}ledger .* agree\.$/m);
    expect(out).toMatch(
      /^warn {2}sidecar +Version 0\.0\.0-test runs at http:\/\/127\.0\.0\.1:\d+, and this/m,
    );
    expect(out).toMatch(/^ok {4}ready +It can do its work\.$/m);
    expect(out).toMatch(/^note {2}upstream +http:\/\/127\.0\.0\.1:\d+ is this machine: this is no Kling/m);
    expect(out).toMatch(
      /^note {2}account +Kling has not been asked yet for the list of packs, the ledger of/m,
    );
    expect(out).toMatch(/^note {2}claimant .*claims\.claimant\.accountId/m);
    expect(out).toMatch(
      /^ok {4}jobs +(?:\d of the \d jobs that are on have run, each well the last time|None of the \d jobs that are on has run yet)\.$/m,
    );
    expect(out).toMatch(/^note {2}backup +There is no verified backup in \S+backups\. The job backup makes/m);
    expect(out).not.toContain('a-key-of-doctors-own');
  });

  it('finds what another program spent, and knows its own creates without a task id', async () => {
    const { dataUrl } = app;
    expect((await post(`${dataUrl}/v1/videos/text2video`, textToVideo())).status).toBe(200);
    const presets = await get(`${dataUrl}/v1/general/presets-voices`);
    const [voice] = presets.json.data as unknown as { task_result: { voices: { voice_id: string }[] } }[];
    const speech = { text: 'hello', voice_id: voice?.task_result.voices[0]?.voice_id, voice_language: 'en' };
    expect((await post(`${dataUrl}/v1/audio/tts`, speech)).status).toBe(200);
    const { upstream } = (await get(`${app.controlUrl}/v1/status`)).json as unknown as { upstream: string };
    const authorization = `Bearer ${EMULATOR_KEY}`;
    const taken = await post(`${upstream}/v1/videos/text2video`, textToVideo({ mode: 'pro' }), {
      authorization,
    });
    expect(taken.status).toBe(200);
    await until('the account is asked for', async () => {
      await clock.advance(1000);
      return (
        app.emulator.requests().filter((asked) => asked.path === '/account/billing/balance').length === 3
      );
    });
    await until('the last page is kept', async () => only(await examine(), 'account').level === 'ok');

    const young = only(await examine(), 'other spending');
    expect(young).toMatchObject({ level: 'note', finding: expect.stringMatching(/too young/) as string });
    const later = await examine({}, 2 * HOUR);
    expect(only(later, 'account')).toMatchObject({ level: 'ok' });
    expect(only(later, 'packs').finding).toMatch(/^2 packs with units left: .* with 99\d\.\d+ of 1000 units/);
    const found = only(later, 'other spending');
    expect(found.level).toBe('warn');
    expect(found.finding).toMatch(
      /^Kling charged 3\.5 video units for 1 task from .* that this store does not know/,
    );
    expect(found.finding).toContain(String(taken.json.data['task_id']));
    expect(found.advice).toMatch(/point it at this sidecar/);
    const stale = await examine({}, 20 * HOUR);
    expect(stale.get('account')).toHaveLength(3);
    expect(stale.get('account')?.[1]).toMatchObject({
      level: 'warn',
      finding: 'What is known of the ledger of units is old: it was last read 20 hours ago.',
    });
  });

  it('shows the share of idle windows like the report, and the setting that switches it off', async () => {
    const report = await fetch(`${app.controlUrl}/v1/sla/2025-10`);
    const { windows } = (await report.json()) as { windows: { elapsed: number; withTraffic: number } };
    const share = (((windows.elapsed - windows.withTraffic) / windows.elapsed) * 100).toFixed(1);
    const off = only(await examine(), 'availability');
    expect(off.level).toBe('note');
    expect(off.finding).toContain(`${share} % of the ${windows.elapsed} windows`);
    expect(off.finding).toMatch(/sla\.probeIdleWindows is off\.$/);
    const on = only(await examine({ KLING_SIDECAR__SLA__PROBEIDLEWINDOWS: 'true' }), 'availability');
    expect(on).toMatchObject({ level: 'ok', finding: expect.stringMatching(/is on\.$/) as string });
  });

  it('says what does not fit: mode, budgets, freeze, key pair, another upstream, an open token', async () => {
    const token = path.join(app.folder, 'data/control.token');
    expect((await run(['freeze', '--reason', 'look'])).code).toBe(0);
    const checks = await examine({
      KLING_ACCESS_KEY: 'an-access-key-of-doctors',
      KLING_SECRET_KEY: 'a-secret-key-of-doctors-that-is-long',
      KLING_SIDECAR__BUDGETS: '[{"name":"a","credits":5,"mode":"shadow"}]',
      KLING_SIDECAR__UPSTREAM__BASEURL: 'https://api-beijing.klingai.com',
      KLING_SIDECAR__ACCOUNT__POLL: 'false',
    });
    expect(only(checks, 'budgets')).toMatchObject({
      level: 'warn',
      finding: expect.stringMatching(/Nothing limits/) as string,
    });
    expect(only(checks, 'freeze')).toMatchObject({
      level: 'warn',
      finding: expect.stringMatching(/by .+: look\.$/) as string,
    });
    expect(checks.get('credentials')?.map(({ level }) => level)).toEqual(['ok', 'note']);
    expect(checks.get('sidecar')?.[1]?.finding).toMatch(/the config here says https:\/\/api-beijing/);
    expect(only(checks, 'account')).toMatchObject({
      level: 'note',
      finding: expect.stringMatching(/is off/) as string,
    });
    expect((await run(['unfreeze', '--reason', 'fine'])).code).toBe(0);

    await chmod(token, 0o644);
    const open = await examine();
    expect(only(open, 'control token')).toMatchObject({ level: 'fail', advice: `Run chmod 600 ${token}.` });
    expect(only(open, 'credentials').level).toBe('note');
    await chmod(token, 0o600);
    const part = { KLING_SIDECAR__BUDGETS: '[{"name":"a","credits":5,"per":"app"}]' };
    expect(only(await examine(part), 'budgets')).toMatchObject({ level: 'note' });
    expect(await run(['doctor'], { KLING_SIDECAR__MODE: 'none' })).toMatchObject({ code: 2, out: '' });
  });
});
