import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StartedApp } from '../app/start-app.ts';
import { get } from '../app/calls.ts';
import { startProxy } from './proxy-app.ts';
import { expectRefusal, nothingSent } from './refused.ts';
import { createText, exchange, requestText } from './wire.ts';

const KEYS = ['studio-key-aaaaaaaaaaaaaaaaaaaaaaaaaaaa', 'studio-key-bbbbbbbbbbbbbbbbbbbbbbbbbbbb'] as const;
const SECRET = 'batch-secret-0123456789abcdef0123456789abcdef';
let folder = '';
let started: StartedApp;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'kling-sidecar-apps-'));
  const file = async (name: string, text: string): Promise<string> => {
    const full = path.join(folder, name);
    await writeFile(full, text);
    await chmod(full, 0o600);
    return full;
  };
  started = await startProxy({
    apps: [
      { name: 'studio', keyFile: await file('studio', `${KEYS[0]}\n${KEYS[1]}\n`) },
      {
        name: 'batch',
        accessKey: 'batch-ak',
        secretKeyFile: await file('batch', SECRET),
        maxCreditsEach: 20,
      },
    ],
  });
});
afterAll(async () => {
  await started.stop();
  await rm(folder, { recursive: true, force: true });
});

interface Claims {
  iss?: string;
  exp?: number;
  nbf?: number;
}

const seconds = (): number => Math.floor(Date.now() / 1000);
const good = (): Claims => ({ iss: 'batch-ak', exp: seconds() + 1800, nbf: seconds() - 5 });
const sign = (claims: Claims, secret = SECRET, alg = 'HS256'): Promise<string> =>
  new SignJWT({ ...claims }).setProtectedHeader({ alg, typ: 'JWT' }).sign(Buffer.from(secret));
const withBearer = (bearer: string | null): string =>
  createText(started.dataUrl, { headers: bearer === null ? [] : [`Authorization: ${bearer}`] });

describe('apps', () => {
  it('are known by any of their keys, or by a token they signed, and bear their name', async () => {
    const { dataUrl, controlUrl, emulator } = started;
    for (const bearer of [`Bearer ${KEYS[0]}`, `Bearer ${KEYS[1]}`, `Bearer ${await sign(good())}`]) {
      const answer = await exchange(dataUrl, withBearer(bearer));
      expect(answer.status, bearer).toBe(200);
      expect(emulator.requests().at(-1)?.headers['authorization']).toBe('Bearer emulator-key');
    }
    const { json } = await get(`${controlUrl}/v1/holds`);
    const apps = (json as unknown as { holds: { app: string }[] }).holds.map(({ app }) => app);
    expect(apps.sort()).toEqual(['batch', 'studio', 'studio']);
  });

  it('cannot be taken for one another by a label', async () => {
    const answer = await exchange(
      started.dataUrl,
      createText(started.dataUrl, {
        headers: [`Authorization: Bearer ${await sign(good())}`, 'X-Kling-App: studio'],
        body: '{"model_name":"kling-v1","prompt":"x","duration":"10","mode":"pro"}',
      }),
    );
    expectRefusal(answer, 'task_too_expensive');
  });

  it('refuses every other bearer alike, before it reads a body and in observe mode too', async () => {
    const { dataUrl, emulator } = started;
    const bearers: (string | null)[] = [
      null,
      '',
      'Bearer',
      'Bearer ',
      `Bearer ${KEYS[0].slice(0, -1)}`,
      `Bearer ${KEYS[0]}x`,
      `Bearer  ${KEYS[0]}`,
      `bearer ${KEYS[0]}`,
      `Basic ${KEYS[0]}`,
      KEYS[0],
      `Bearer ${KEYS[0]} ${KEYS[1]}`,
      `Bearer ${KEYS[0].toUpperCase()}`,
      'Bearer emulator-key',
      'Bearer __proto__',
      'Bearer constructor',
      `Bearer ${'a'.repeat(9000)}`,
      'Bearer a.b.c',
      'Bearer ..',
      `Bearer ${await sign({ ...good(), iss: 'studio' })}`,
      `Bearer ${await sign({ ...good(), iss: '__proto__' })}`,
      `Bearer ${await sign(good(), 'another-secret-0123456789abcdef0123456789ab')}`,
      `Bearer ${await sign({ ...good(), exp: seconds() - 60 })}`,
      `Bearer ${await sign({ ...good(), nbf: seconds() + 600 })}`,
      `Bearer ${await sign(good(), `${SECRET}${SECRET}`, 'HS512')}`,
      `Bearer ${(await sign(good())).replace(/\.[^.]+$/, '.')}`,
      `Bearer ${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from(JSON.stringify(good())).toString('base64url')}.`,
    ];
    await nothingSent(emulator, async () => {
      const bodies = new Set<string>();
      for (const bearer of bearers) {
        const answer = await exchange(dataUrl, withBearer(bearer));
        expectRefusal(answer, 'unknown_app', 401, String(bearer).slice(0, 60));
        bodies.add(answer.json.message);
        expect(answer.body.toString()).not.toContain('studio-key');
      }
      expect(bodies.size).toBe(1);
      const read = await exchange(dataUrl, requestText(dataUrl, 'GET /tasks?task_ids=1'));
      expectRefusal(read, 'unknown_app', 401);
    });
    const { json } = await get(`${started.controlUrl}/v1/holds`);
    expect((json as unknown as { holds: unknown[] }).holds).toHaveLength(3);
  });
});
