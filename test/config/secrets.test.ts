import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
  renameSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createManualClock } from '../../src/clock.ts';
import { loadConfig } from '../../src/config/config.ts';
import { takeEnvironment } from '../../src/config/secret-variable.ts';
import { WATCH_MS, watchSecrets } from '../../src/config/secret-watch.ts';
import { checkSecrets, loadSecrets, readControlToken, type Secrets } from '../../src/config/secrets.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'kling-secrets-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function put(name: string, text: string, mode = 0o600): string {
  const file = path.join(folder, name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, text);
  chmodSync(file, mode);
  return file;
}

function optionsOf(file: unknown, env: Record<string, string>) {
  const { config } = loadConfig({ env: {}, cwd: folder, readFile: () => JSON.stringify(file) });
  return { config, env, cwd: folder };
}

function secretsOf(env: Record<string, string>, file: unknown = {}): Promise<Secrets> {
  return loadSecrets(optionsOf(file, env));
}

function keyOf({ kling }: Secrets): string {
  return kling.kind === 'api_key' ? kling.key.reveal() : `${kling.accessKey}+${kling.secretKey.reveal()}`;
}

describe('Kling’s credentials', () => {
  it('are the first found: the file before the variable, KLING_ before KLINGAI_', async () => {
    const names = ['KLING_API_KEY_FILE', 'KLING_API_KEY', 'KLINGAI_API_KEY_FILE', 'KLINGAI_API_KEY'];
    const values = [put('one', 'key-1\n'), 'key-2', put('three', 'key-3'), 'key-4'];
    for (let from = 0; from < names.length; from += 1) {
      const env = Object.fromEntries(names.slice(from).map((name, at) => [name, values[from + at] ?? '']));
      const secrets = await secretsOf(env);
      expect(keyOf(secrets)).toBe(`key-${from + 1}`);
      expect(secrets.klingOrigin).toBe(names[from]);
    }
  });

  it('that disagree are reported without being shown, and the first one counts', async () => {
    const differing = await secretsOf({ KLING_API_KEY: 'key-1', KLINGAI_API_KEY: 'key-2' });
    expect(differing.warnings).toEqual([
      'KLINGAI_API_KEY differs from KLING_API_KEY, which comes first: KLINGAI_API_KEY is not used.',
    ]);
    const agreeing = await secretsOf({ KLING_API_KEY: 'key-1', KLINGAI_API_KEY: 'key-1' });
    expect(agreeing.warnings).toEqual([]);
  });

  it('are a pair where there is no API key, both halves of one prefix', async () => {
    const sk = put('sk', 'sk-value\r\n');
    expect(keyOf(await secretsOf({ KLING_ACCESS_KEY: 'ak', KLING_SECRET_KEY_FILE: sk }))).toBe('ak+sk-value');
    const both = { KLING_API_KEY: 'key', KLING_ACCESS_KEY: 'ak', KLING_SECRET_KEY: 'sk' };
    expect(keyOf(await secretsOf(both))).toBe('key');
    expect(keyOf(await secretsOf(both, { auth: { mode: 'ak_sk' } }))).toBe('ak+sk');
    await expect(secretsOf({ KLING_ACCESS_KEY: 'ak', KLINGAI_SECRET_KEY: 'sk' })).rejects.toThrow(
      /KLING_ACCESS_KEY is set without KLING_SECRET_KEY; KLINGAI_SECRET_KEY is set without KLINGAI_ACCESS_KEY/,
    );
    await expect(
      secretsOf({ KLING_ACCESS_KEY: 'ak', KLING_SECRET_KEY: 'sk' }, { auth: { mode: 'api_key' } }),
    ).rejects.toThrow(/set KLING_API_KEY_FILE or KLING_API_KEY,/);
  });

  it('that are missing are refused with what to set', async () => {
    await expect(secretsOf({})).rejects.toMatchObject({ code: 'secret_invalid' });
    await expect(secretsOf({})).rejects.toThrow(/KLING_API_KEY_FILE.*KLING_ACCESS_KEY.*auth\.command/);
  });

  it('come from a command when nothing else gives them, without a shell and without our secrets', async () => {
    const program = put(
      'manager.mjs',
      'console.log(JSON.stringify({ apiKey: process.argv[2], env: process.env }))',
    );
    const command = [process.execPath, program, 'from $HOME'];
    await expect(secretsOf({}, { auth: { command } })).rejects.toThrow(/auth\.command holds a blank/);
    const shown = put(
      'env.mjs',
      'console.log(JSON.stringify({ apiKey: Object.keys(process.env).filter((n) => /KEY/.test(n)).join("-") || "none" }))',
    );
    const env = { PATH: '/bin', KLING_SECRET_KEY: '', KLINGAI_API_KEY: '' };
    const secrets = await secretsOf(env, { auth: { command: [process.execPath, shown] } });
    expect(keyOf(secrets)).toBe('none');
    const first = await secretsOf({ KLING_API_KEY: 'key' }, { auth: { command: 'false' } });
    expect(first.warnings).toEqual(['auth.command is not run: KLING_API_KEY comes first.']);
  });

  it('are refused from a command that fails or prints something else, whose output is not shown', async () => {
    const cases: [script: string, message: RegExp][] = [
      ['console.error("leak-me"); console.log("leak-me"); process.exit(3)', /failed \(3\)/],
      ['console.log("leak-me")', /not JSON/],
      ['console.log(JSON.stringify({ accessKey: "leak-me" }))', /without credentials/],
      ['console.log(JSON.stringify({ apiKey: "leak-me\\nx" }))', /more than one line/],
    ];
    for (const [index, [script, message]] of cases.entries()) {
      const command = [process.execPath, put(`bad${index}.mjs`, script)];
      const failure = secretsOf({}, { auth: { command } });
      await expect(failure).rejects.toThrow(message);
      await expect(failure).rejects.not.toThrow(/leak-me/);
    }
    await expect(secretsOf({}, { auth: { command: ['/no/such/program'] } })).rejects.toThrow(/ENOENT/);
  });
});

describe('a secret’s file', () => {
  it('is refused where others may write or read it', async () => {
    for (const mode of [0o602, 0o620, 0o666, 0o604, 0o640, 0o644]) {
      const file = put(`m${mode}`, 'key', mode);
      const failure = secretsOf({ KLING_API_KEY_FILE: file });
      await expect(failure).rejects.toThrow(mode & 0o022 ? /others may write/ : /others may read/);
      await expect(failure).rejects.toThrow(`chmod 600 ${file}`);
    }
    for (const mode of [0o600, 0o400]) {
      expect(keyOf(await secretsOf({ KLING_API_KEY_FILE: put(`o${mode}`, 'key', mode) }))).toBe('key');
    }
  });

  it('may be readable by others below a trusted folder, with a warning, and never writable', async () => {
    const file = put('mounted/..2026_11_21/key', 'key', 0o444);
    symlinkSync('..2026_11_21/key', path.join(folder, 'mounted/key'));
    const trusting = { auth: { trustedDirectories: ['mounted'] } };
    const secrets = await secretsOf({ KLING_API_KEY_FILE: path.join(folder, 'mounted/key') }, trusting);
    expect(secrets.warnings).toEqual([
      expect.stringMatching(/others may read \(mode 0444\); its folder is trusted/),
    ]);
    const systemd = { KLING_API_KEY_FILE: file, CREDENTIALS_DIRECTORY: path.join(folder, 'mounted') };
    expect(keyOf(await secretsOf(systemd))).toBe('key');
    chmodSync(file, 0o666);
    await expect(secretsOf({ KLING_API_KEY_FILE: file }, trusting)).rejects.toThrow(/others may write/);
  });

  it('is judged by where a link leads, not by where it lies', async () => {
    const outside = put('outside', 'key', 0o644);
    mkdirSync(path.join(folder, 'mounted'));
    symlinkSync(outside, path.join(folder, 'mounted/key'));
    const trusting = { auth: { trustedDirectories: ['mounted'] } };
    await expect(
      secretsOf({ KLING_API_KEY_FILE: path.join(folder, 'mounted/key') }, trusting),
    ).rejects.toThrow(/others may read/);
  });

  it('loses one newline at its end and is refused for anything else that a secret cannot hold', async () => {
    const cases: [text: string, message: RegExp][] = [
      ['', /is empty/],
      ['\n', /is empty/],
      ['key\n\n', /more than one line/],
      ['a\rb', /more than one line/],
      ['Bearer key', /begins with a scheme/],
      ['"key"', /is in quotes/],
      ['ke y', /a blank/],
      ['schlüssel', /beyond ASCII/],
      [`${'x'.repeat(70_000)}`, /larger than/],
    ];
    for (const [text, message] of cases) {
      await expect(secretsOf({ KLING_API_KEY_FILE: put('key', text) })).rejects.toThrow(message);
    }
    await expect(secretsOf({ KLING_API_KEY_FILE: folder })).rejects.toThrow(/is no file/);
    await expect(secretsOf({ KLING_API_KEY_FILE: 'nope' })).rejects.toThrow(/cannot be opened \(ENOENT\)/);
    await expect(secretsOf({ KLING_API_KEY: 'Bearer canary-123' })).rejects.not.toThrow(/canary-123/);
  });

  it('counts as not set where the variable is empty', async () => {
    const secrets = await secretsOf({ KLING_API_KEY: '', KLINGAI_API_KEY: 'key' });
    expect(keyOf(secrets)).toBe('key');
    expect(secrets.warnings).toEqual(['KLING_API_KEY is empty and counts as not set.']);
  });
});

describe('the control token', () => {
  const env = { KLING_API_KEY: 'key' };

  it('is made at the first start, private and whole, and stays', async () => {
    const made = await secretsOf(env);
    const file = path.join(folder, 'data/control.token');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readFileSync(file, 'utf8')).toMatch(/^[A-Za-z0-9_-]{43}\n$/);
    expect(made.controlToken.reveal()).toBe(readFileSync(file, 'utf8').trim());
    expect(readdirSync(path.dirname(file))).toEqual(['control.token']);
    const again = await Promise.all([secretsOf(env), secretsOf(env)]);
    for (const { controlToken } of again) expect(controlToken.equals(made.controlToken)).toBe(true);
  });

  it('is one and the same for two first starts at once', async () => {
    const starts = await Promise.all(Array.from({ length: 8 }, () => secretsOf(env)));
    expect(new Set(starts.map(({ controlToken }) => controlToken.reveal())).size).toBe(1);
  });

  it('comes from the environment first, and is not made by commands that only read it', async () => {
    expect(readControlToken(optionsOf({}, {}))).toBeUndefined();
    expect(readdirSync(folder)).toEqual([]);
    const given = await secretsOf({ ...env, KLING_SIDECAR_CONTROL_TOKEN: 'a-token-of-my-own' });
    expect(given.controlToken.reveal()).toBe('a-token-of-my-own');
    expect(readdirSync(folder)).toEqual([]);
    const file = put('token', 'filed\n');
    expect(readControlToken(optionsOf({}, { KLING_SIDECAR_CONTROL_TOKEN_FILE: file }))?.reveal()).toBe(
      'filed',
    );
  });

  it('is not made where the store must exist and does not', async () => {
    await expect(secretsOf(env, { store: { requireExisting: true } })).rejects.toMatchObject({
      code: 'store_missing',
    });
    expect(readdirSync(folder)).toEqual([]);
  });

  it('is refused where others may read its file', async () => {
    put('data/control.token', 'shared', 0o644);
    await expect(secretsOf(env)).rejects.toThrow(/The control token names .* others may read/);
  });
});

describe('apps’ keys', () => {
  const env = { KLING_API_KEY: 'key' };

  it('may be several in a file during rotation, and belong to one app alone', async () => {
    put('studio', 'new-key-of-studio\nold-key-of-studio\n');
    put('signer', 'a-signing-secret\n');
    const file = {
      apps: [
        { name: 'studio', keyFile: 'studio' },
        { name: 'signer', accessKey: 'ak', secretKeyFile: 'signer' },
      ],
    };
    const { apps, files, all } = await secretsOf(env, file);
    const [studio, signer] = apps;
    expect(studio?.kind === 'key' && studio.keys.map((key) => key.reveal())).toEqual([
      'new-key-of-studio',
      'old-key-of-studio',
    ]);
    expect(signer?.kind === 'ak_sk' && [signer.accessKey, signer.secretKey.reveal()]).toEqual([
      'ak',
      'a-signing-secret',
    ]);
    expect(files).toEqual(expect.arrayContaining([path.join(folder, 'studio'), path.join(folder, 'signer')]));
    expect(all).toHaveLength(5);
    put('copy', 'old-key-of-studio');
    const shared = {
      apps: [
        { name: 'studio', keyFile: 'studio' },
        { name: 'other-app', keyFile: 'copy' },
      ],
    };
    await expect(secretsOf(env, shared)).rejects.toThrow(
      /apps\[1\]\.keyFile holds a key of the app "studio"/,
    );
  });
});

describe('other files', () => {
  const env = { KLING_API_KEY: 'key' };

  it('of TLS must fit together, and of authorities hold certificates', async () => {
    put('cert.pem', 'no certificate');
    put('key.pem', 'no key');
    const tls = { listen: { tls: { certFile: 'cert.pem', keyFile: 'key.pem' } } };
    await expect(secretsOf(env, tls)).rejects.toThrow(
      /listen\.tls has a certificate and key that cannot be used/,
    );
    chmodSync(path.join(folder, 'key.pem'), 0o644);
    await expect(secretsOf(env, tls)).rejects.toThrow(/listen\.tls\.keyFile names .* others may read/);
    await expect(secretsOf(env, { upstream: { caFile: 'cert.pem' } })).rejects.toThrow(/no PEM certificate/);
    await expect(secretsOf(env, { upstream: { caFile: 'gone.pem' } })).rejects.toThrow(
      /upstream\.caFile .*ENOENT/,
    );
  });
});

describe('secrets', () => {
  it('are taken out of the process’s environment, and the copy still has them', () => {
    const processEnv: NodeJS.ProcessEnv = {
      KLING_API_KEY: 'a',
      KLINGAI_SECRET_KEY: 'b',
      KLING_SIDECAR_CONTROL_TOKEN: 'c',
      PATH: '/bin',
    };
    const copy = takeEnvironment(processEnv);
    expect(processEnv).toEqual({ PATH: '/bin' });
    expect(copy['KLING_API_KEY']).toBe('a');
  });

  it('show in no form of the value that holds them', async () => {
    const secrets = await secretsOf({
      KLING_ACCESS_KEY: 'ak',
      KLING_SECRET_KEY: 'canary-777',
      KLING_SIDECAR_CONTROL_TOKEN: 'canary-778-of-the-token',
    });
    const shown = `${JSON.stringify(secrets)}${inspect(secrets, { depth: 9 })}${String(secrets.controlToken)}`;
    expect(shown).not.toMatch(/canary-77/);
  });

  it('are checked without making anything, running anything or needing credentials', () => {
    expect(checkSecrets(optionsOf({}, {}))).toEqual({ credentials: null, warnings: [], problems: [] });
    expect(checkSecrets(optionsOf({ auth: { command: 'false' } }, {})).credentials).toBe('auth.command');
    expect(checkSecrets(optionsOf({}, { KLING_API_KEY: 'key' })).credentials).toBe('KLING_API_KEY');
    expect(readdirSync(folder)).toEqual([]);
    expect(checkSecrets(optionsOf({}, { KLING_API_KEY: 'a b' })).problems).toEqual([
      expect.stringMatching(/a blank/),
    ]);
  });

  it('are refused together, each with what is wrong', () => {
    put('short', 'hello\n');
    put('signer', 'fifteen-letters\n');
    const file = {
      apps: [
        { name: 'a', keyFile: 'gone-1' },
        { name: 'b', keyFile: 'gone-2' },
        { name: 'c', keyFile: 'short' },
        { name: 'd', accessKey: 'ak', secretKeyFile: 'signer' },
      ],
      listen: { tls: { certFile: 'gone.crt', keyFile: 'gone.key' } },
      upstream: { caFile: 'gone.pem' },
    };
    const env = { KLING_ACCESS_KEY: 'ak', KLING_SIDECAR_CONTROL_TOKEN: 'abc' };
    const { problems } = checkSecrets(optionsOf(file, env));
    const wanted = [
      /KLING_ACCESS_KEY is set without KLING_SECRET_KEY/,
      /control token \(KLING_SIDECAR_CONTROL_TOKEN\) is 3 characters long, and at least 16/,
      /apps\[0\]\.keyFile names .*gone-1, which cannot be opened \(ENOENT\)/,
      /apps\[1\]\.keyFile names .*gone-2/,
      /A key in apps\[2\]\.keyFile \(.*short\) is 5 characters long, and at least 16 are needed: make one/,
      /The secret in apps\[3\]\.secretKeyFile \(.*signer\) is 15 characters long/,
      /listen\.tls\.certFile names .*gone\.crt/,
      /listen\.tls\.keyFile names .*gone\.key/,
      /upstream\.caFile names .*gone\.pem/,
    ];
    expect(problems).toHaveLength(wanted.length);
    for (const [index, shape] of wanted.entries()) expect(problems[index]).toMatch(shape);
    expect(problems.join()).not.toMatch(/hello|fifteen-letters|\babc\b/);
  });
});

describe('watching', () => {
  it('reports a rewritten or replaced file once, and never a missing one', async () => {
    const clock = createManualClock(0);
    const [one, two] = [put('one', 'a'), put('two', 'b')];
    const told: (readonly string[])[] = [];
    const watch = watchSecrets([one, two], { clock, onChange: (paths) => told.push(paths) });
    const look = (): Promise<void> => clock.advance(WATCH_MS);
    await look();
    expect(told).toEqual([]);

    put('draft', 'a2');
    renameSync(path.join(folder, 'draft'), one);
    await look();
    await look();
    expect(told).toEqual([[one]]);

    rmSync(two);
    await look();
    expect(told).toHaveLength(1);
    put('two', 'b again');
    await look();
    expect(told[1]).toEqual([two]);

    watch.files([two]);
    utimesSync(one, 1, 1);
    await look();
    expect(told).toHaveLength(2);
    watch.close();
    utimesSync(two, 1, 1);
    await look();
    expect(told).toHaveLength(2);
  });
});
