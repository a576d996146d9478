import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/config.ts';
import { checkSecrets, loadSecrets, type SecretOptions } from '../../src/config/secrets.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'kling-pair-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function optionsOf(env: Record<string, string>): SecretOptions {
  const { config } = loadConfig({ env: {}, cwd: folder, readFile: () => '{}' });
  return { config, env, cwd: folder };
}

describe('an access key and a secret key in one string', () => {
  it('is recognised and explained, without showing it', async () => {
    const [ak, sk] = ['A'.repeat(32), 'b9'.repeat(16)];
    const file = path.join(folder, 'pair');
    writeFileSync(file, `${ak}|${sk}\n`, { mode: 0o600 });
    for (const [env, origin] of [
      [{ KLING_API_KEY: `${ak}|${sk}` }, 'KLING_API_KEY'],
      [{ KLING_API_KEY_FILE: file }, 'KLING_API_KEY_FILE'],
      [{ KLINGAI_API_KEY: `${ak}:${sk}` }, 'KLINGAI_API_KEY'],
      [{ KLING_ACCESS_KEY: `${ak},${sk}`, KLING_SECRET_KEY: sk }, 'KLING_ACCESS_KEY'],
    ] as const) {
      const error = await loadSecrets(optionsOf(env)).catch((caught: unknown) => caught as Error);
      expect(error).toMatchObject({ code: 'secret_invalid' });
      const { message } = error as Error;
      expect(message).toMatch(
        new RegExp(`^${origin} holds two values .*KLING_ACCESS_KEY .*KLING_SECRET_KEY`),
      );
      expect(message).not.toContain(ak);
      expect(checkSecrets(optionsOf(env)).problems).toContain(message);
    }
    const plain = 'api-key-with-dashes-0123456789';
    const { kling } = await loadSecrets(optionsOf({ KLING_API_KEY: plain }));
    expect(kling.kind === 'api_key' && kling.key.reveal()).toBe(plain);
  });
});
