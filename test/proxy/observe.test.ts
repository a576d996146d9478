import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RefusalWord } from '../../src/errors.ts';
import { get, until } from '../app/calls.ts';
import type { StartedApp } from '../app/start-app.ts';
import { BAD_BODIES } from './bad-bodies.ts';
import { holdsOf } from './holds.ts';
import { BAD_FRAMING } from './malformed.ts';
import { startProxy } from './proxy-app.ts';
import { expectRefusal, nothingSent } from './refused.ts';
import { CREATE_BODY, CREATE_PATH, createText, exchange, requestText } from './wire.ts';

let started: StartedApp;
let url = '';
beforeAll(async () => {
  started = await startProxy({
    mode: 'observe',
    budgets: [{ name: 'tiny', credits: 1, window: 'total' }],
    creates: { unknownRoute: 'refuse', maxCreditsEach: 1, unknownRouteCredits: 450 },
    limits: { concurrency: { video: 1 }, requestsPerMinute: 1, queueWaitMsMax: 0, queueLengthMax: 0 },
  });
  url = started.dataUrl;
});
afterAll(() => started.stop());

interface Refusal {
  word: RefusalWord;
  count: number;
}

async function wouldHave(): Promise<Map<string, number>> {
  const { json } = await get(`${started.controlUrl}/v1/status`);
  const list = (json as unknown as { wouldHave: Refusal[] }).wouldHave;
  return new Map(list.map(({ word, count }) => [word, count]));
}

/** Sends a create; gives the body that reached Kling, and fails if none or several did. */
async function arrived(text: string, about = ''): Promise<{ body: string; path: string; status: number }> {
  const before = started.emulator.requests().length;
  const answer = await exchange(url, text);
  expect(answer.header('x-kling-sidecar'), `${about} ${answer.body.toString()}`).toBeNull();
  const [sent, ...more] = started.emulator.requests().slice(before);
  expect(more, about).toEqual([]);
  return { body: sent?.body.toString('latin1') ?? '', path: sent?.path ?? '', status: answer.status };
}

describe('observe mode', () => {
  it('forwards creates that money, bodies and media types would refuse, byte for byte, and counts them', async () => {
    const spaced = ` ${CREATE_BODY} \n`;
    expect((await arrived(createText(url, { body: spaced }))).body).toBe(spaced);
    for (const [name, body] of BAD_BODIES) {
      const sent = await arrived(createText(url, { body }), name);
      expect(sent.body === body, name).toBe(true);
    }
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/json; charset=gbk']) {
      for (const path of [CREATE_PATH, '/v1/general/delete-voices', '/tasks', '/v1/brand/new']) {
        const text = requestText(url, `POST ${path}`, { headers: [`Content-Type: ${type}`], body: 'x=1' });
        expect(await arrived(text, `${path} ${type}`)).toMatchObject({ body: 'x=1', path });
      }
    }
    const counted = await until('all is counted', async () => {
      const words = await wouldHave();
      return words.size >= 5 && words;
    });
    expect([...counted.keys()].sort()).toEqual(
      expect.arrayContaining([
        'body_refused',
        'budget_exceeded',
        'media_type_refused',
        'route_not_priced',
        'task_too_expensive',
      ]),
    );
    expect(counted.get('body_refused')).toBe(BAD_BODIES.length);
  });

  it('holds the price of a create, and a flat sum without a price', async () => {
    const before = (await holdsOf(started)).length;
    const priced = await exchange(url, createText(url));
    expect(priced.header('x-kling-credits-held')).toBe('10');
    expect(priced.header('x-kling-external-task-id')).toBeNull();
    const broken = await exchange(url, createText(url, { body: '{"a":1,"a":2}' }));
    expect(broken.header('x-kling-credits-held')).toBe('450');
    expect((await holdsOf(started)).length - before).toBe(2);
  });

  it('still refuses requests that are not safe to forward: framing, targets, hosts and browsers', async () => {
    const host = new URL(url).host;
    const cases: [string, RefusalWord][] = [
      [createText(url, { host: 'evil.example' }), 'host_refused'],
      [createText(url, { headers: ['Origin: http://evil.example'] }), 'browser_refused'],
      [createText(url, { headers: ['Sec-Fetch-Site: cross-site'] }), 'browser_refused'],
      [createText(url, { path: `//${host}${CREATE_PATH}` }), 'target_refused'],
      [createText(url, { path: `http://${host}${CREATE_PATH}` }), 'target_refused'],
      [createText(url, { path: `${CREATE_PATH}?duration=10` }), 'target_refused'],
      [createText(url, { path: `${CREATE_PATH}/../x` }), 'target_refused'],
      [createText(url, { path: '/V1/videos/text2video' }), 'target_refused'],
      [createText(url, { headers: ['Expect: x'] }), 'target_refused'],
      [requestText(url, `DELETE ${CREATE_PATH}`), 'target_refused'],
      [createText(url, { headers: ['Content-Length: 999999999999'], body: '' }), 'body_too_large'],
    ];
    await nothingSent(started.emulator, async () => {
      for (const [text, word] of cases)
        expect((await exchange(url, text)).header('x-kling-sidecar')).toBe(word);
      for (const { name, bytes } of BAD_FRAMING) {
        expectRefusal(await exchange(url, bytes.replace('HOST', host)), 'target_refused', 400, name);
      }
    });
  });

  it('forwards a compressed body with its coding, without which Kling could not read it', async () => {
    const body = gzipSync(CREATE_BODY).toString('latin1');
    const sent = await arrived(createText(url, { headers: ['Content-Encoding: gzip'], body }));
    expect(sent.body === body).toBe(true);
    expect(started.emulator.requests().at(-1)?.headers['content-encoding']).toBe('gzip');
  });
});
