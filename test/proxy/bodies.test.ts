import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StartedApp } from '../app/start-app.ts';
import { ROUTES } from '../../src/kling/routes.ts';
import { BAD_BODIES } from './bad-bodies.ts';
import { startProxy } from './proxy-app.ts';
import { expectRefusal, nothingSent } from './refused.ts';
import { CREATE_BODY, CREATE_PATH, createText, exchange, requestText, Wire } from './wire.ts';

let started: StartedApp;
let url = '';
beforeAll(async () => {
  started = await startProxy();
  url = started.dataUrl;
});
afterAll(() => started.stop());

const refuse = <T>(act: () => Promise<T>): Promise<T> => nothingSent(started.emulator, act);
const utf8 = (text: string): string => Buffer.from(text).toString('latin1');
const withMember = (member: string): string => `${CREATE_BODY.slice(0, -1)},${member}}`;

describe('media types and codings', () => {
  it('takes application/json in UTF-8 alone', async () => {
    const wrong = [
      'text/plain',
      'text/json',
      'application/json-seq',
      'application/jsonp',
      'application/ld+json',
      'application/problem+json',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=b',
      'application/xml',
      'application/octet-stream',
      'application/json; charset=gbk',
      'application/json; charset=utf-16',
      'application/json; charset=utf-7',
      'application/json; charset=utf-8; charset=gbk',
      'application/json; charset=',
      'application/json; boundary=x',
      'application/json, text/plain',
      'application/json;text/plain',
      '"application/json"',
      'application/ json',
      'json',
      '',
      'application/json; charset=utf-8; profile=x',
      'application/json\t;charset=iso-8859-1',
    ];
    await refuse(async () => {
      for (const type of wrong) {
        const text = requestText(url, `POST ${CREATE_PATH}`, {
          headers: [`Content-Type: ${type}`],
          body: CREATE_BODY,
        });
        expectRefusal(await exchange(url, text), 'media_type_refused', 415, type);
      }
      const none = await exchange(url, requestText(url, `POST ${CREATE_PATH}`, { body: CREATE_BODY }));
      expectRefusal(none, 'media_type_refused', 415);
    });
    for (const type of [
      'Application/JSON',
      'application/json;charset=UTF-8',
      'application/json ; charset="utf-8"',
    ]) {
      const text = requestText(url, `POST ${CREATE_PATH}`, {
        headers: [`Content-Type: ${type}`],
        body: CREATE_BODY,
      });
      expect((await exchange(url, text)).status, type).toBe(200);
    }
  });

  it('takes no compressed body, in one layer or several', async () => {
    const gzip = gzipSync(CREATE_BODY).toString('latin1');
    await refuse(async () => {
      for (const coding of [
        'gzip',
        'x-gzip',
        'br',
        'zstd',
        'deflate',
        'gzip, gzip',
        'identity, gzip',
        'GZIP',
        'aes128gcm',
        '',
      ]) {
        const text = createText(url, { headers: [`Content-Encoding: ${coding}`], body: gzip });
        expectRefusal(await exchange(url, text), 'media_type_refused', 415, coding);
      }
      expectRefusal(
        await exchange(url, createText(url, { body: gzip })),
        'body_refused',
        400,
        'gzip unannounced',
      );
    });
    expect((await exchange(url, createText(url, { headers: ['Content-Encoding: identity'] }))).status).toBe(
      200,
    );
  });
});

describe('bodies', () => {
  it('refuses all but one plain object that all parsers read in the same way', async () => {
    await refuse(async () => {
      for (const [name, body] of BAD_BODIES) {
        const answer = await exchange(url, createText(url, { body }));
        expectRefusal(answer, 'body_refused', 400, name);
        expect(answer.json.message, name).not.toContain('paper boat');
      }
    });
  });

  it('refuses them on every create route, of either generation', async () => {
    const routes = ROUTES.filter(({ kind }) => kind === 'create' || kind === 'sync_create');
    await refuse(async () => {
      for (const { template } of [
        ...routes,
        { template: '/v1/brand/new' },
        { template: '/text-to-video/kling-9' },
      ]) {
        for (const body of [
          '{"prompt":"a","prompt":"b"}',
          '{"settings":{"duration":5,"duration":10}}',
          '{"Settings":{"duration":10}}',
          '{"settings":{"Resolution":"4k"}}',
          '{"options":{"external_task_id":"a","external_task_id":"b"}}',
          '[]',
          '{"a":1}{"a":1}',
        ]) {
          const answer = await exchange(url, createText(url, { path: template, body }));
          expectRefusal(answer, 'body_refused', 400, `${template} ${body}`);
        }
      }
    });
  });

  it('refuses generated bodies with a key that is another spelling of a priced one', async () => {
    const priced = [
      'model_name',
      'mode',
      'duration',
      'sound',
      'n',
      'resolution',
      'multi_shot',
      'voice_list',
      'external_task_id',
    ];
    const spell = fc.tuple(fc.constantFrom(...priced), fc.nat(), fc.nat(7)).map(([name, at, how]) => {
      const index = at % name.length;
      const char = name.charAt(index);
      const put = (text: string): string => name.slice(0, index) + text + name.slice(index + 1);
      const wide = /[a-z]/.test(char) ? String.fromCharCode(char.charCodeAt(0) + 0xfee0) : '＿';
      const spellings = [
        put(`\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`),
        put(char === '_' ? '-' : char.toUpperCase()),
        put(wide),
        `${name}_`,
        `_${name}`,
        name.toUpperCase(),
        name.replaceAll('_', '') + '-',
        name,
      ];
      return utf8(spellings[how] ?? name);
    });
    const value = fc
      .oneof(fc.json({ maxDepth: 1 }), fc.constantFrom('"10"', '"pro"', '9', 'true', '"4k"'))
      .map(utf8);
    const plainKey = fc.stringMatching(/^x[a-z0-9_]{1,12}$/);
    const members = fc.tuple(
      spell,
      value,
      fc.dictionary(plainKey, fc.jsonValue({ maxDepth: 2 }), { maxKeys: 4 }),
      fc.nat(4),
    );
    let wire: Wire | null = null;
    const before = started.emulator.requests().length;
    await fc.assert(
      fc.asyncProperty(members, async ([key, text, others, place]) => {
        const plain = Object.entries(others).filter(([name]) => name !== '__proto__');
        const list = plain.map(([name, given]) => utf8(`${JSON.stringify(name)}:${JSON.stringify(given)}`));
        const base = CREATE_BODY.slice(1, -1).split(',');
        const isBase = base.some((member) => member.startsWith(`"${key}":`));
        fc.pre(isBase || !priced.includes(key));
        list.push(...base);
        list.splice(place % (list.length + 1), 0, `"${key}":${text}`);
        if (wire === null || wire.isClosed) wire = await Wire.open(url);
        const answer = await wire.send(createText(url, { body: `{${list.join()}}` })).answer();
        expectRefusal(answer, 'body_refused', 400, list.join());
      }),
      { numRuns: 800 },
    );
    (wire as Wire | null)?.close();
    expect(started.emulator.requests().length).toBe(before);
  });

  it('sends the priced bytes, except for the id', async () => {
    const bodies = [
      ` \r\n\t${CREATE_BODY.replaceAll(',', ' ,\n').replaceAll(':', ' : ')}\n\n`,
      withMember('"x_unknown":{"deep":[1.50,1e2,-0,"\\u00e9\\/\\ud83d\\ude00",true,null,{}]}'),
      withMember(utf8('"negative_prompt":"雨，雪 – 🎬"')),
      withMember('"external_task_id":null'),
      withMember('"external_task_id":""'),
    ];
    for (const body of bodies) {
      const answer = await exchange(url, createText(url, { body }));
      expect(answer.status, answer.body.toString()).toBe(200);
      const id = answer.header('x-kling-external-task-id') ?? '';
      const sent = started.emulator.requests().at(-1)?.body.toString('latin1') ?? '';
      const isThere = body.includes('external_task_id');
      expect(
        isThere
          ? sent.replace(`"${id}"`, body.includes(':null') ? 'null' : '""')
          : sent.replace(`"external_task_id":"${id}",`, ''),
      ).toBe(body);
    }
    const own = withMember('"external_task_id":"mine-1"');
    expect((await exchange(url, createText(url, { body: own }))).header('x-kling-external-task-id')).toBe(
      'mine-1',
    );
    expect(started.emulator.requests().at(-1)?.body.toString('latin1')).toBe(own);
  });

  it('never holds less than Kling charges, however a number or a word is spelt', async () => {
    const spellings = [
      '5',
      '10',
      '"10"',
      '10.0',
      '1e1',
      '"1e1"',
      '" 10"',
      '"10 "',
      '"10s"',
      '[10]',
      '["5","10"]',
      '{"a":1}',
      'true',
      'null',
      '""',
      '0',
      '-5',
      '-0',
      '1e400',
      '10000000000000000999',
      '"１０"',
      '"010"',
      '"0xA"',
      '"15"',
      '3.5',
    ].map(utf8);
    for (const spelling of spellings) {
      for (const member of ['duration', 'mode', 'model_name', 'sound']) {
        const base = JSON.parse(CREATE_BODY) as Record<string, unknown>;
        delete base[member];
        const body = `${JSON.stringify(base).slice(0, -1)},"${member}":${spelling}}`;
        const charges = started.emulator.book().charges.length;
        const answer = await exchange(url, createText(url, { body }));
        const [charge] = started.emulator.book().charges.slice(charges);
        const held = Number(answer.header('x-kling-credits-held') ?? 0);
        if (charge) expect(held, body).toBeGreaterThanOrEqual(charge.units * 10);
        else expect([400, 404], body).toContain(answer.status);
      }
    }
  });
});
