import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cli, type CliRun } from './run-cli.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'start-check-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const put = (name: string, text: string, mode = 0o600): void =>
  writeFileSync(path.join(folder, name), text, { mode });
const config = (values: object): void => put('sidecar.config.json', JSON.stringify(values));
const KEY = { KLING_API_KEY: 'a-key-of-kling' };
const run = (args: string[], env: Record<string, string> = KEY): Promise<CliRun> =>
  cli(args, { cwd: folder, env });

/** The problems that a check or a start names, without the words around them. */
const problemsIn = (text: string): string[] =>
  text
    .split('\n')
    .filter((line) => /^(problem: | {2})/.test(line))
    .map((line) => line.replace(/^(problem: | {2})/, ''));

describe('config check', () => {
  it('is good where a start would be, and leaves nothing behind', async () => {
    put(
      'calendar.json',
      readFileSync(new URL('../../docs/run/calendar.example.json', import.meta.url), 'utf8'),
    );
    config({ claims: { calendarFile: 'calendar.json' } });
    const before = readdirSync(folder);
    expect(await run(['config', 'check'])).toMatchObject({
      code: 0,
      err: '',
      out: expect.stringMatching(/^The config is good: .* Kling credentials: KLING_API_KEY\.\n$/),
    });
    expect(readdirSync(folder)).toEqual(before);
  });

  it.each([
    ['no credentials', {}, {}, [/^No Kling credentials were found: set KLING_API_KEY_FILE/]],
    [
      'key files that are gone, all of them',
      {
        apps: [
          { name: 'a', keyFile: 'a.key' },
          { name: 'b', keyFile: 'b.key' },
        ],
      },
      KEY,
      [/apps\[0\]\.keyFile names .*a\.key/, /apps\[1\]\.keyFile names .*b\.key/],
    ],
    [
      'a certificate that is gone, and its key',
      { listen: { tls: { port: 0, certFile: 'x.crt', keyFile: 'x.key' } } },
      KEY,
      [/certFile names .*x\.crt/, /keyFile names .*x\.key/],
    ],
    [
      'an app key of five letters',
      { apps: [{ name: 'a', keyFile: 'short.key' }] },
      KEY,
      [/is 5 characters long/],
    ],
    [
      'a calendar file that is gone',
      { claims: { calendarFile: 'gone.json' } },
      KEY,
      [/^claims\.calendarFile: .*gone\.json cannot be read: there is no such file: correct the path/],
    ],
    [
      'a calendar file of another shape',
      { claims: { calendarFile: 'short.key' } },
      KEY,
      [/short\.key cannot be read: .*JSON/],
    ],
    [
      'everything at once',
      { apps: [{ name: 'a', keyFile: 'a.key' }], claims: { calendarFile: 'gone.json' } },
      {},
      [/^No Kling credentials/, /apps\[0\]/, /calendarFile/],
    ],
  ] as [string, object, Record<string, string>, RegExp[]][])(
    'names %s, as a start does',
    async (_what, values, env, shapes) => {
      put('short.key', 'hello');
      config(values);
      const checked = await run(['config', 'check'], env);
      const problems = problemsIn(checked.err);
      expect(problems).toHaveLength(shapes.length);
      for (const [index, shape] of shapes.entries()) expect(problems[index]).toMatch(shape);
      expect(checked).toMatchObject({ code: 2, out: '' });
      expect(JSON.parse((await run(['config', 'check', '--json'], env)).out)).toMatchObject({
        ok: false,
        problems,
      });

      const started = await run(['start'], env);
      expect(started.code).toBe(2);
      expect(started.err).toContain('The sidecar cannot start');
      expect(problemsIn(started.err)).toEqual(problems);
    },
  );

  it('tries the folders that are written to later', async () => {
    put('a-file', '');
    config({ claims: { directory: 'a-file/claims' }, store: { path: 'a-file/sidecar.db' } });
    const { code, err } = await run(['config', 'check']);
    expect(code).toBe(2);
    expect(problemsIn(err)).toEqual([
      expect.stringMatching(/^The control token names .*ENOTDIR/),
      expect.stringMatching(
        /^store\.path: a file is in the way of .*a-file: the store and the control token could not/,
      ),
      expect.stringMatching(
        /^claims\.directory: a file is in the way of .*a-file\/claims: drafts of claims could not/,
      ),
      expect.stringMatching(
        /^jobs\.backupDir: a file is in the way of .*a-file\/backups: backups of the store/,
      ),
    ]);
  });

  it('leaves secrets out with its option', async () => {
    config({ apps: [{ name: 'a', keyFile: 'a.key' }] });
    expect(await run(['config', 'check', '--without-secrets'], {})).toMatchObject({
      code: 0,
      out: expect.stringContaining('Kling credentials: not checked.'),
    });
    config({ claims: { calendarFile: 'gone.json' } });
    expect((await run(['config', 'check', '--without-secrets'], {})).code).toBe(2);
  });
});

describe('doctor', () => {
  it('fails for a folder that cannot be written, and for a calendar file that is gone', async () => {
    put('a-file', '');
    config({ claims: { directory: 'a-file/claims', calendarFile: 'gone.json' } });
    const { code, out } = await run(['doctor']);
    expect(code).toBe(1);
    expect(out).toMatch(/^FAIL +folders +claims\.directory: a file is in the way of /m);
    expect(out).toMatch(/^FAIL +calendar +claims\.calendarFile: .*there is no such file/m);
  });

  it('says that a file could be created where it could', async () => {
    config({});
    expect((await run(['doctor'])).out).toMatch(
      /^ok {4}folders +A file could be created in \S+data and \S+claims and \S+backups\.$/m,
    );
    expect(readdirSync(folder)).toEqual(['sidecar.config.json']);
  });
});
