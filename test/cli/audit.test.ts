import { userInfo } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemUser } from '../../src/cli/system-user.ts';
import { startApp, type StartedApp } from '../app/start-app.ts';
import { cli, type CliRun } from './run-cli.ts';

let app: StartedApp;
beforeAll(async () => {
  app = await startApp({});
});
afterAll(() => app.stop());

function run(...args: string[]): Promise<CliRun> {
  const { port } = new URL(app.controlUrl);
  return cli(args, { cwd: app.folder, env: { KLING_SIDECAR__CONTROL__PORT: port } });
}

describe('the audit', () => {
  it('names who ordered a change: the system’s user, or the one that --actor names', async () => {
    expect((await run('freeze', '--reason', 'a loop')).code).toBe(0);
    expect((await run('unfreeze', '--reason', 'fixed', '--actor', 'anna')).code).toBe(0);
    const { code, out } = await run('audit', '--format', 'jsonl', '--limit', '2');
    expect(code).toBe(0);
    const rows = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(rows).toMatchObject([
      { actor: 'anna', action: 'spending.unfreeze', reason: 'fixed' },
      { actor: userInfo().username, action: 'spending.freeze', reason: 'a loop' },
    ]);
  });

  it('is printed as a table, JSON and CSV, from the store too while nothing runs', async () => {
    expect((await run('audit')).out).toMatch(/^time +who +action .*\n(.*\n)*.* anna +spending\.unfreeze +/);
    const { audit } = JSON.parse((await run('audit', '--json')).out) as { audit: unknown[] };
    expect(audit.length).toBeGreaterThan(2);
    const offline = await cli(['audit', '--format', 'csv'], {
      cwd: app.folder,
      env: { KLING_SIDECAR__CONTROL__PORT: '1' },
    });
    expect(offline.out).toMatch(
      /^id,at,actor,action,subject,before,after,reason\r\n(.*\r\n)*.*,anna,spending\.unfreeze,/,
    );
  });

  it('takes no name that is empty or longer than 64 characters', async () => {
    for (const name of ['', '  ', 'x'.repeat(65)]) {
      const { code, err } = await run('freeze', '--reason', 'r', '--actor', name);
      expect(code).toBe(2);
      expect(err).toMatch(/1 to 64 characters/);
    }
  });
});

it('under sudo the name says who ran it', () => {
  const { uid, name } = systemUser({ SUDO_USER: 'anna\n' });
  expect(name).toBe(uid === 0 ? `anna? (as ${userInfo().username})` : userInfo().username);
});
