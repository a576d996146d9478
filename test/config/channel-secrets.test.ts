import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { channelVariables } from '../../src/alerts/channel-configs.ts';
import { hiddenParts, isSameSecrets } from '../../src/config/channel-secrets.ts';
import { loadConfig } from '../../src/config/config.ts';
import { dropVariables, withoutSecrets } from '../../src/config/secret-variable.ts';
import { checkSecrets, loadSecrets, type Secrets } from '../../src/config/secrets.ts';
import { Secret } from '../../src/secret.ts';
import { createLog } from '../../src/telemetry/log.ts';

const HOOK = 'https://hooks.slack.com/services/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';
const ROUTING = 'canaryroutingkey0123456789abcdef';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'kling-channels-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function put(name: string, text: string, mode = 0o600): void {
  writeFileSync(path.join(folder, name), text);
  chmodSync(path.join(folder, name), mode);
}

const CHANNELS = [
  { name: 'ops', type: 'slack', webhookUrlFile: 'slack' },
  { name: 'pager', type: 'pagerduty', routingKeyEnv: 'PAGER_KEY' },
];

function optionsOf(env: Record<string, string>, channels: unknown[] = CHANNELS) {
  const readFile = (): string => JSON.stringify({ alerts: { channels } });
  const { config } = loadConfig({ env: {}, cwd: folder, readFile });
  return { config, env: { KLING_API_KEY: 'key', ...env }, cwd: folder };
}

function secretsOf(env: Record<string, string>, channels?: unknown[]): Promise<Secrets> {
  return loadSecrets(optionsOf(env, channels));
}

describe('secrets of alert channels', () => {
  it('are read from the files and variables that the config names', async () => {
    put('slack', `${HOOK}\n`);
    const { channels, files } = await secretsOf({ PAGER_KEY: ROUTING });
    expect(channels.get('ops')?.get('webhookUrl')?.reveal()).toBe(HOOK);
    expect(channels.get('pager')?.get('routingKey')?.reveal()).toBe(ROUTING);
    // A change of it is a reason to read again.
    expect(files).toContain(path.join(folder, 'slack'));
  });

  it('are all named where they are missing, with channel, type and key', () => {
    const { problems } = checkSecrets(optionsOf({}));
    expect(problems).toEqual([
      expect.stringMatching(
        /^alerts\.channels "ops" \(slack\): webhookUrlFile names .*slack, which cannot be/,
      ),
      expect.stringMatching(
        /^alerts\.channels "pager" \(pagerduty\): routingKeyEnv names the variable PAGER_K/,
      ),
    ]);
  });

  it('stop the start and the reload where one cannot be used', async () => {
    put('slack', HOOK);
    await expect(secretsOf({})).rejects.toMatchObject({ code: 'secret_invalid' });
    put('slack', HOOK, 0o644);
    await expect(secretsOf({ PAGER_KEY: ROUTING })).rejects.toThrow(/"ops" \(slack\).*others may read/);
    put('slack', `${HOOK}\n${HOOK}`);
    await expect(secretsOf({ PAGER_KEY: ROUTING })).rejects.toThrow(/"ops" \(slack\).*more than one line/);
    put('slack', 'https://elsewhere.example.com/services/x9Canary3');
    await expect(secretsOf({ PAGER_KEY: ROUTING })).rejects.toThrow(/"ops" \(slack\)/);
  });

  it('are in no message, with any fault', async () => {
    for (const text of [
      `${HOOK}\n${HOOK}`,
      ` ${HOOK}`,
      HOOK.replace('hooks.slack.com', 'evil.example.com'),
    ]) {
      put('slack', text);
      const error = await secretsOf({ PAGER_KEY: ROUTING }).catch((cause: unknown) => cause as Error);
      expect(String(error)).toContain('"ops" (slack)');
      expect(String(error)).not.toMatch(/anary/);
    }
  });

  it('leave the environment of the process and of programs that are started', () => {
    const { config } = optionsOf({});
    const names = channelVariables(config.alerts.channels);
    expect(names).toEqual(['PAGER_KEY']);
    const env = { PAGER_KEY: ROUTING, PATH: '/bin' };
    expect(withoutSecrets(env, names)).toEqual({ PATH: '/bin' });
    dropVariables(env, names);
    expect(env).toEqual({ PATH: '/bin' });
  });

  it('are hidden from the log in whole and in the parts that give them away', async () => {
    put('slack', HOOK);
    const { all } = await secretsOf({ PAGER_KEY: ROUTING });
    let written = '';
    const log = createLog({
      level: 'info',
      pretty: false,
      destination: { write: (text) => void (written += text) },
    });
    for (const secret of all) log.hide(secret);
    const { pathname } = new URL(HOOK);
    log.warn(`it failed at ${HOOK}, at ${pathname}, at ${HOOK.split('/').at(-1)} with ${ROUTING}`, {
      event: 'background_failed',
      services: 'services',
    });
    log.flush();
    expect(written).not.toMatch(/anary/i);
    expect(written).toContain('"services":"services"');
    const mail = hiddenParts(new Secret('smtps://me:pass%20word1@smtp.example.com'));
    expect(mail.map((part) => part.reveal())).toContain('pass word1');
  });

  it('are compared by their values, so that a reload opens channels anew only where one changed', async () => {
    put('slack', HOOK);
    const first = await secretsOf({ PAGER_KEY: ROUTING });
    const again = await secretsOf({ PAGER_KEY: ROUTING });
    expect(isSameSecrets(first.channels, again.channels)).toBe(true);
    const rotated = await secretsOf({ PAGER_KEY: ROUTING.replace('0', '9') });
    expect(isSameSecrets(first.channels, rotated.channels)).toBe(false);
    const fewer = await secretsOf({}, CHANNELS.slice(0, 1));
    expect(isSameSecrets(first.channels, fewer.channels)).toBe(false);
    expect(isSameSecrets(fewer.channels, first.channels)).toBe(false);
  });
});
