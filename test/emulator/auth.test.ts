import { SignJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { START, startRig } from './client.ts';

const SECRET = 'emulator-sk-0123456789abcdef0123456789abcdef';
const now = START / 1000;

interface TokenOptions {
  secret?: string;
  iss?: string;
  nbf?: number;
  exp?: number | null;
  alg?: string;
}

function token({
  secret = SECRET,
  iss = 'emulator-ak',
  nbf = now - 5,
  exp = now + 1800,
  alg = 'HS256',
}: TokenOptions) {
  const claims = { iss, nbf, ...(exp === null ? {} : { exp }) };
  return new SignJWT(claims).setProtectedHeader({ alg, typ: 'JWT' }).sign(new TextEncoder().encode(secret));
}

const bearer = (value: string) => ({ authorization: `Bearer ${value}` });
const COSTS = `/account/costs?start_time=0&end_time=${START}`;
const BODY = { prompt: 'a cat' };

describe('credentials', () => {
  it('takes the API key on legacy, new and account paths', async () => {
    const rig = await startRig();
    for (const answer of [
      await rig.post('/v1/videos/text2video', BODY),
      await rig.post('/text-to-video/kling-3.0', BODY),
      await rig.get(COSTS),
    ]) {
      expect(answer).toMatchObject({ status: 200, code: 0, message: 'SUCCEED' });
    }
  });

  it('takes a JWT signed with the secret key on legacy and account paths alone', async () => {
    const rig = await startRig();
    const headers = bearer(await token({}));
    expect(await rig.post('/v1/videos/text2video', BODY, headers)).toMatchObject({ status: 200, code: 0 });
    expect(await rig.get(COSTS, headers)).toMatchObject({ status: 200, code: 0 });
    for (const answer of [
      await rig.post('/text-to-video/kling-3.0', BODY, headers),
      await rig.get('/tasks?task_ids=1', headers),
    ]) {
      expect(answer).toMatchObject({ status: 401, code: 1002 });
      expect(answer.message).toContain('not supported');
    }
    expect(rig.emulator.book().charges).toHaveLength(1);
  });

  it('answers 1001 without a header and 1002 to a credential that is not its own', async () => {
    const rig = await startRig();
    expect(await rig.get(COSTS, { authorization: '' })).toMatchObject({ status: 401, code: 1001 });
    const wrong = [
      'garbage',
      'a.b.c',
      'emulator-key2',
      await token({ secret: 'x'.repeat(40) }),
      await token({ iss: 'other' }),
    ];
    for (const value of wrong) {
      expect(await rig.get(COSTS, bearer(value)), value).toMatchObject({ status: 401, code: 1002 });
    }
    expect(await rig.get(COSTS, { authorization: 'Basic emulator-key' })).toMatchObject({
      status: 401,
      code: 1002,
    });
    expect(await rig.get(COSTS, bearer(await token({ alg: 'HS512' })))).toMatchObject({
      status: 401,
      code: 1002,
    });
    expect((await rig.get(COSTS, bearer('garbage'))).message).toContain(
      'token should have 3 parts, but got 0',
    );
    expect((await rig.get('/tasks', bearer('garbage'))).message).not.toContain('3 parts');
  });

  it('judges nbf and exp by its own clock, to the second', async () => {
    const rig = await startRig();
    expect(await rig.get(COSTS, bearer(await token({ nbf: now + 1 })))).toMatchObject({
      status: 401,
      code: 1003,
    });
    expect(await rig.get(COSTS, bearer(await token({ nbf: now })))).toMatchObject({ status: 200 });
    expect(await rig.get(COSTS, bearer(await token({ exp: now })))).toMatchObject({
      status: 401,
      code: 1004,
    });
    expect(await rig.get(COSTS, bearer(await token({ exp: null })))).toMatchObject({
      status: 401,
      code: 1000,
    });
    const headers = bearer(await token({}));
    await rig.clock.advance(1_799_000);
    expect(await rig.get(COSTS, headers)).toMatchObject({ status: 200 });
    await rig.clock.advance(1000);
    expect(await rig.get(COSTS, headers)).toMatchObject({ status: 401, code: 1004 });
  });

  it('keeps tokens good when tasks are made older, and judges them by the skewed clock when that is ordered', async () => {
    const rig = await startRig();
    const headers = bearer(await token({}));
    await rig.post('/_emulator/clock', { advanceMs: 86_400_000 });
    expect(await rig.get(COSTS, headers)).toMatchObject({ status: 200 });
    await rig.post('/_emulator/clock', { skewMs: -60_000 });
    const early = await rig.get(COSTS, headers);
    expect(early).toMatchObject({ status: 401, code: 1003 });
    expect(early.headers.get('date')).toBe(new Date(START - 60_000).toUTCString());
  });

  it('takes other credentials when it is given them', async () => {
    const rig = await startRig({
      apiKey: 'mine',
      accessKey: 'ak',
      secretKey: 'sk-sk-sk-sk-sk-sk-sk-sk-sk-sk-sk-sk',
    });
    expect(await rig.get(COSTS)).toMatchObject({ status: 401, code: 1002 });
    expect(await rig.get(COSTS, bearer('mine'))).toMatchObject({ status: 200 });
    const jwt = await token({ iss: 'ak', secret: 'sk-sk-sk-sk-sk-sk-sk-sk-sk-sk-sk-sk' });
    expect(await rig.get(COSTS, bearer(jwt))).toMatchObject({ status: 200 });
  });

  it('gives every answer a request id and its own Date', async () => {
    const rig = await startRig();
    const answers = [
      await rig.get(COSTS),
      await rig.get('/nowhere'),
      await rig.get(COSTS, { authorization: '' }),
    ];
    const ids = answers.map((answer) => answer.requestId);
    expect(new Set(ids).size).toBe(3);
    for (const answer of answers) {
      expect(answer.requestId).toMatch(/^[0-9a-f-]{36}$/);
      expect(answer.headers.get('date')).toBe('Sat, 21 Nov 2026 12:00:00 GMT');
    }
  });
});
