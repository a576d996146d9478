import { execFileSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { alikeIn } from '../../src/config/repository-literals.ts';
import { createEmulator } from '../../src/emulator/emulator.ts';
import { systemClock } from '../../src/clock.ts';
import { judge, type Judging } from './checklist-rig.ts';

const KEY = 'kling-4f9a7c21e6b8d035a1c2';
const DAY = 86_400_000;
/** Nobody listens at either. */
const NOWHERE = { dataUrl: 'http://127.0.0.1:1', controlUrl: 'http://127.0.0.1:2' };

let folder: string;
let repository: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'kling-checklist-'));
  repository = path.join(folder, 'app');
  await mkdir(repository);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const git = (...args: string[]): void => {
  const who = ['-c', 'user.name=test', '-c', 'user.email=test@example.com', '-c', 'commit.gpgsign=false'];
  execFileSync('git', [...who, ...args], { cwd: repository, stdio: 'ignore' });
};
const write = async (name: string, text: string, mode = 0o600): Promise<string> => {
  const file = path.join(repository, name);
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, text, { mode });
  return file;
};
const look = (env: Record<string, string>, args: string[] = ['--without-kling']): Promise<Judging> =>
  judge({ ...NOWHERE, folder: repository }, args, {
    env: { PATH: process.env['PATH'] ?? '', HOME: folder, ...env },
  });
const secrets = async (env: Record<string, string>): Promise<string> =>
  (await look(env)).line('secrets_manager');

describe('credentials', () => {
  it('are well in a private file outside of git, or with a secrets manager', async () => {
    const outside = path.join(folder, 'kling-api-key');
    await writeFile(outside, KEY, { mode: 0o600 });
    expect(await secrets({ KLING_API_KEY_FILE: outside })).toBe(
      `ok: KLING_API_KEY_FILE names ${outside}, whose mode is checked at each start. The folders are in no git repository.`,
    );
    await chmod(outside, 0o644);
    expect(await secrets({ KLING_API_KEY_FILE: outside })).toMatch(
      /^fail: .* which others may read \(mode 0644\)/,
    );
    const command = path.join(folder, 'manager');
    await writeFile(command, `#!/bin/sh\necho '{"apiKey":"${KEY}"}'\n`, { mode: 0o755 });
    const managed = await look({ KLING_SIDECAR__AUTH__COMMAND: `["${command}"]` });
    expect(managed.line('secrets_manager')).toMatch(/^ok: auth\.command prints the credentials/);
    expect(managed.fingerprint).toMatch(/^key-[0-9a-f]{16}$/);
  });

  it('are seen by other programs in a variable, and are not known where there are none', async () => {
    expect(await secrets({ KLING_API_KEY: KEY })).toMatch(
      /^warn: KLING_API_KEY holds the credentials: .* → Name a private file/,
    );
    expect(await secrets({})).toMatch(/^fail: None are set: a start would be refused\./);
  });

  it('of a key pair need tokens, which are renewed in time', async () => {
    const pair = {
      KLING_ACCESS_KEY: 'an-access-key-of-kling',
      KLING_SECRET_KEY: 'a-secret-key-of-kling-that-is-long',
    };
    const { line, fingerprint } = await look(pair);
    expect(line('jwt_refresh')).toBe(
      'ok: Tokens live 30 min and are renewed 5 min before they end; one that Kling calls early or expired is signed anew, once.',
    );
    expect(fingerprint).toMatch(/^ak-/);
    expect((await look({ KLING_API_KEY: KEY })).line('jwt_refresh')).toMatch(/^ok: An API key is in use/);
    expect((await look({})).line('jwt_refresh')).toMatch(
      /^warn: Which kind of credentials is in use is not known/,
    );
  });

  it('are as old as their file, where no sidecar has run with them', async () => {
    const file = path.join(folder, 'key');
    await writeFile(file, KEY, { mode: 0o600 });
    const at = (systemClock.now() - 100 * DAY) / 1000;
    await utimes(file, at, at);
    expect((await look({ KLING_API_KEY_FILE: file })).line('key_rotation')).toMatch(
      /, 100 days: longer than a quarter\./,
    );
    expect((await look({ KLING_API_KEY: KEY })).line('key_rotation')).toMatch(
      /^warn: How old the key is, is not known/,
    );
  });

  it('are tried with one free read, straight at Kling, where no sidecar runs', async () => {
    const emulator = createEmulator({ clock: systemClock, port: 0, apiKey: KEY });
    const { url } = await emulator.start();
    const env = { KLING_SIDECAR__UPSTREAM__BASEURL: url };
    const { line } = await look({ ...env, KLING_API_KEY: KEY }, []);
    expect(line('kling')).toMatch(/ takes the credentials, with the credentials at hand; it lists 2 packs/);
    expect(line('clock')).toMatch(/^ok: /);
    expect(line('doctor')).toMatch(/^warn: .*sidecar: None answers/);
    expect(emulator.requests().map(({ path: target }) => target.split('?')[0])).toEqual(['/account/costs']);
    const wrong = await look({ ...env, KLING_API_KEY: `${KEY}-wrong` }, []);
    expect(wrong.line('bearer')).toMatch(/^fail: Kling refused the credentials at \S+ with code 1002/);
    await emulator.stop();
    const gone = await look({ ...env, KLING_API_KEY: KEY }, []);
    expect(gone.line('kling')).toMatch(/^fail: Kling could not be reached \(refused: .*ECONNREFUSED/);
    expect((await look(env, [])).line('kling')).toMatch(
      /^warn: No sidecar runs, and there are no credentials here to ask with\./,
    );
  });
});

describe('in a git repository', () => {
  beforeEach(() => git('init', '-q'));

  it('a key file is well where git ignores it, and not where it could be added or is tracked', async () => {
    const file = await write('keys/kling.txt', KEY);
    const env = { KLING_API_KEY_FILE: file };
    expect(await secrets(env)).toMatch(
      new RegExp(
        `^warn: .* ${file} holds secrets, and git does not ignore it: the next git add takes it\\. → Add the name`,
      ),
    );
    await write('.gitignore', 'keys/\n');
    git('add', '.gitignore');
    expect(await secrets(env)).toMatch(
      new RegExp(`^ok: .* No secret is in git: ${repository} was searched\\.$`),
    );
    git('add', '--force', 'keys/kling.txt');
    expect(await secrets(env)).toMatch(
      /^fail: .* A secret of this sidecar is in \S+keys\/kling\.txt:1, which git tracks\. git tracks \S+kling\.txt, which holds secrets\. → Make a new key/,
    );
  });

  it('a .env with a key is wrong, tracked, open or ignored; a template is none', async () => {
    const env = { KLING_API_KEY: KEY };
    const line = 'export KLING_API_KEY="some-other-key-4711"\n';
    await write('.env.example', 'KLING_API_KEY=your-key-0001-goes-here\n');
    await write('.env', 'PORT=3000\n');
    git('add', '.');
    expect(await secrets(env)).not.toMatch(/\.env/);
    await write('.env', line);
    expect(await secrets(env)).toMatch(/^fail: .* git tracks \S+\/\.env, which holds secrets\./);
    git('rm', '--cached', '--force', '-q', '.env');
    expect(await secrets(env)).toMatch(/^warn: .*\/\.env holds secrets, and git does not ignore it/);
    await write('.gitignore', '.env\n');
    expect(await secrets(env)).toMatch(
      /^warn: .*\/\.env holds credentials of Kling’s\. .*Move them to a secrets manager/,
    );
  });

  it('a secret of the sidecar is found in tracked text by its value, also in base64, and never shown', async () => {
    const env = { KLING_API_KEY: KEY };
    await write('src/client.py', `# a client\n\nclient = Client(key="${KEY}")\n`);
    await write('ci.yaml', `auth: ${Buffer.from(`user:${KEY}`).toString('base64')}\n`);
    await write('untracked.py', KEY);
    git('add', 'src', 'ci.yaml');
    const said = await secrets(env);
    expect(said).toMatch(/^fail: .* is in \S+app\/ci\.yaml:1, \S+app\/src\/client\.py:3, which git tracks\./);
    expect(said).not.toContain(KEY);
    expect(said).not.toContain('untracked');
  });

  it('what is written like a secret is worth a look; placeholders, hashes and binaries are not', async () => {
    await write(
      'config.js',
      `const ak = 'AK7f3Kq9Zx2Wv8Lm4Np6';\nconst other = process.env.KLING_API_KEY;\n`,
    );
    await write('lock.json', `"integrity": "sha512-AKx7f3Kq9Zx2Wv8Lm4Np6/AK9f3Kq9Zx2Wv8Lm4Np6=="\n`);
    await write('README.md', 'KLING_API_KEY=your-key-goes-here-0001\nsk-xxxxxxxxxxxxxxxxxxxxxxxx\n');
    await write('binary', '\0AK7f3Kq9Zx2Wv8Lm4Np6');
    git('add', '.');
    expect(await secrets({ KLING_API_KEY: KEY })).toMatch(
      /^warn: .* What is written in \S+app\/config\.js:1 looks like a secret\. .* If it is one, take it out/,
    );
  });

  it('that cannot be searched is a warning', async () => {
    expect(await secrets({ KLING_API_KEY: KEY, PATH: folder })).toMatch(
      /^warn: .* A repository could not be searched: \S+: git is not installed\./,
    );
  });
});

describe('what looks like a secret', () => {
  it.each([
    ['accessKey: "AKLTYTQ0ZDY2ZDk3M2U4NDRi"', true],
    ['AKLTYTQ0ZDY2ZDk3M2U4NDRi', true],
    ['Authorization: Bearer sk-proj-9fK2mQ7xT4vB8nL1cW6z', true],
    [`secret_key = "9fK2mQ7xT4vB8nL1cW6zR3yH"`, true],
    ['KLING_SECRET_KEY=9fK2mQ7xT4vB8nL1cW6zR3yH', true],
    ['"KLINGAI_ACCESS_KEY": "9fK2mQ7xT4vB8nL1"', true],
    ['whsec_9fK2mQ7xT4vB8nL1cW6zR3yHj5dS', true],
    ['xoxb-2048573910-9fK2mQ7xT4vB', true],
    ['https://hooks.slack.com/services/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', true],
    ['AKADEMIEVERZEICHNIS', false],
    ['task-sk-estimates-of-the-next-week', false],
    ['KLING_SECRET_KEY=${SECRET_FROM_THE_MANAGER_1}', false],
    ['KLING_API_KEY=emulator-key-0123456789', false],
    ['api_key = os.environ["KLING_API_KEY"]', false],
    ['https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX', false],
    ['secret_key: "emulator-sk-0123456789abcdef0123456789abcdef"', false],
  ])('%s: %s', (text, isAlike) => {
    expect(alikeIn(`first\n${text}\n`)).toEqual(isAlike ? [2] : []);
  });
});
