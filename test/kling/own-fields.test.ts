import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  HEADROOM_BYTES,
  injectInPlace,
  isSameButOwn,
  readCallbackUrl,
  readExternalId,
  undoInPlace,
  type OwnFields,
} from '../../src/kling/own-fields.ts';
import { priceCreate } from '../../src/kling/price.ts';
import type { KlingRoute } from '../../src/kling/routes.ts';
import { scanBody, type JsonObject } from '../../src/kling/strict-json.ts';
import { ALL_CASES } from './price-cases.ts';
import { routeFor, VENDOR } from './pricing.ts';

const LEGACY = routeFor('/v1/videos/text2video');
const NEW = routeFor('/text-to-video/kling-3.0');
const TTS = routeFor('/v1/audio/tts');
const ID = 'ks_01k8zzzzzzzzzzzzzzzzzzzzzz';

const URL = `https://callbacks.example.com/c/hold_${'0'.repeat(26)}.${'t'.repeat(43)}`;
const BOTH: OwnFields = { external_task_id: ID, callback_url: URL };

/** A body before and after fields were written into it where it lies. */
function injected(text: string, route: KlingRoute, fields: OwnFields = { external_task_id: ID }) {
  const bytes = Buffer.from(text);
  const buffer = Buffer.concat([Buffer.alloc(HEADROOM_BYTES), bytes]);
  const before = scanBody(bytes);
  const place = { buffer, start: HEADROOM_BYTES, end: buffer.length, body: before, route, fields };
  const edited = injectInPlace(place);
  const after = buffer.subarray(edited.start, edited.end);
  const isSameAs = (body: JsonObject): boolean => isSameButOwn(before, body, { route, fields, edited });
  const undone = () => undoInPlace(buffer, edited);
  return { undone, bytes, before, after, isSameAs };
}

const read = (text: string, route = LEGACY): string | null =>
  readExternalId(Buffer.from(text), scanBody(Buffer.from(text)), route);
const inject = (text: string, route = LEGACY, fields: OwnFields = { external_task_id: ID }): string =>
  injected(text, route, fields).after.toString();

describe('the id in a body', () => {
  it('is read if the generation has it; absent, null and empty are none', () => {
    expect(read('{"external_task_id":"mine/é \\u00e9"}')).toBe('mine/é é');
    expect(read('{"options":{"external_task_id":"mine"}}', NEW)).toBe('mine');
    for (const none of [
      '{}',
      '{"external_task_id":null}',
      '{"external_task_id":""}',
      '{"options":{"external_task_id":"x"}}',
    ]) {
      expect(read(none)).toBeNull();
    }
    for (const none of [
      '{}',
      '{"options":null}',
      '{"options":{}}',
      '{"options":{"external_task_id":""}}',
      '{"external_task_id":"x"}',
    ]) {
      expect(read(none, NEW)).toBeNull();
    }
    expect(read('{"external_task_id":"x"}', TTS)).toBeNull();
  });

  it('must be a string, in options that are an object', () => {
    expect(() => read('{"external_task_id":12}')).toThrow(/external_task_id is of type number/);
    expect(() => read('{"options":[]}', NEW)).toThrow(/options is of type array/);
    expect(() => inject('{"options":"x"}', NEW)).toThrow(/options is of type string/);
  });

  it.each([
    ['{}', `{"external_task_id":"${ID}"}`],
    ['{ }', `{"external_task_id":"${ID}" }`],
    ['{"a":1}', `{"external_task_id":"${ID}","a":1}`],
    ['{"a":1,"external_task_id":""}', `{"a":1,"external_task_id":"${ID}"}`],
    ['{"external_task_id" : null , "a":1}', `{"external_task_id" : "${ID}" , "a":1}`],
  ])('is written into %s of the legacy generation', (before, after) => {
    expect(inject(before)).toBe(after);
  });

  it.each([
    ['{}', `{"options":{"external_task_id":"${ID}"}}`],
    ['{"prompt":"a"}', `{"options":{"external_task_id":"${ID}"},"prompt":"a"}`],
    ['{"options":null}', `{"options":{"external_task_id":"${ID}"}}`],
    ['{"options":{}}', `{"options":{"external_task_id":"${ID}"}}`],
    ['{"options":{"callback_url":"u"}}', `{"options":{"external_task_id":"${ID}","callback_url":"u"}}`],
    ['{"options":{"external_task_id":null}}', `{"options":{"external_task_id":"${ID}"}}`],
  ])('is written into %s of the new generation', (before, after) => {
    expect(inject(before, NEW)).toBe(after);
  });

  it.each([
    ['{}', `{"external_task_id":"${ID}","callback_url":"${URL}"}`],
    ['{"a":1}', `{"external_task_id":"${ID}","callback_url":"${URL}","a":1}`],
    ['{"callback_url":"mine","a":1}', `{"external_task_id":"${ID}","callback_url":"${URL}","a":1}`],
    [
      '{"callback_url":"mine","a":1,"external_task_id":null}',
      `{"callback_url":"${URL}","a":1,"external_task_id":"${ID}"}`,
    ],
  ])('is written with an address for callbacks into %s', (before, after) => {
    expect(inject(before, LEGACY, BOTH)).toBe(after);
    expect(inject(`{"options":${before}}`, NEW, BOTH)).toBe(`{"options":${after}}`);
    expect(inject('{"prompt":"a"}', NEW, BOTH)).toBe(
      `{"options":{"external_task_id":"${ID}","callback_url":"${URL}"},"prompt":"a"}`,
    );
    expect(inject(before, LEGACY, {})).toBe(before);
    expect(inject('{"prompt":"a"}', NEW, {})).toBe('{"prompt":"a"}');
  });

  it('refuses an id that would need escaping', () => {
    for (const id of ['', 'a"b', 'é', 'x'.repeat(65)])
      expect(() => inject('{}', LEGACY, { external_task_id: id })).toThrow(RangeError);
    for (const url of [
      '',
      'http://a"b',
      'http://a/\\',
      'http://é',
      'http://a b',
      `http://${'x'.repeat(320)}`,
    ])
      expect(() => inject('{}', LEGACY, { callback_url: url })).toThrow(RangeError);
  });
});

describe('injection into any body', () => {
  const name = fc.stringMatching(/^z[a-z0-9]{0,9}$/);
  const rest = fc.dictionary(
    name,
    fc.oneof(fc.string(), fc.integer(), fc.constant(null), fc.constant([1, { a: 'b' }])),
    {
      noNullPrototype: true,
      maxKeys: 6,
    },
  );
  const none = fc.constantFrom('absent', null, '');
  const body = fc.tuple(
    rest,
    none,
    fc.constantFrom('absent', 'null', 'object'),
    fc.constantFrom(undefined, 1, '\t'),
    fc.boolean(),
  );

  const build = (
    isNew: boolean,
    [members, id, options, indent, isFirst]: typeof body extends fc.Arbitrary<infer T> ? T : never,
  ): string => {
    const field = id === 'absent' ? {} : { external_task_id: id };
    const holder =
      options === 'absent' ? {} : { options: options === 'null' ? null : { ...field, callback_url: 'u' } };
    const extra = isNew ? holder : field;
    return JSON.stringify(isFirst ? { ...extra, ...members } : { ...members, ...extra }, null, indent);
  };

  it.each([
    ['legacy', LEGACY],
    ['new', NEW],
  ])('gives the same object plus the id (%s)', (generation, route) => {
    fc.assert(
      fc.property(body, fc.nat({ max: 40 }), (given, slack) => {
        const text = build(generation === 'new', given);
        const bytes = Buffer.from(text);
        const expected = JSON.parse(text) as Record<string, unknown>;
        if (generation === 'new')
          expected['options'] = { ...(expected['options'] as object | null), external_task_id: ID };
        else expected['external_task_id'] = ID;

        const copied = Buffer.from(inject(text, route));
        expect(JSON.parse(copied.toString())).toEqual(expected);
        expect(readExternalId(copied, scanBody(copied), route)).toBe(ID);

        const start = HEADROOM_BYTES + slack;
        const buffer = Buffer.alloc(start + bytes.length + slack, 0x7e);
        bytes.copy(buffer, start);
        const end = start + bytes.length;
        const edited = injectInPlace({
          buffer,
          start,
          end,
          body: scanBody(bytes),
          route,
          fields: { external_task_id: ID },
        });
        expect(buffer.subarray(edited.start, edited.end).equals(copied)).toBe(true);
        expect(edited.end).toBe(end);
        expect(buffer.subarray(end).every((byte) => byte === 0x7e)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    ['legacy', LEGACY],
    ['new', NEW],
  ])('gives the same object plus both fields, and back (%s)', (generation, route) => {
    const isNew = generation === 'new';
    const own = fc.constantFrom('absent', null, '', 'https://app.example.com/x', 'é'.repeat(400));
    fc.assert(
      fc.property(body, own, fc.boolean(), (given, url, isLast) => {
        const parsed = JSON.parse(build(isNew, given)) as Record<string, unknown>;
        const holder = (isNew ? parsed['options'] : parsed) as Record<string, unknown> | null | undefined;
        if (holder) delete holder['callback_url'];
        if (holder && url !== 'absent') {
          const others = { ...holder };
          for (const each of Object.keys(holder)) delete holder[each];
          Object.assign(holder, isLast ? { ...others, callback_url: url } : { callback_url: url, ...others });
        }
        const text = JSON.stringify(parsed);
        const { after, isSameAs, undone } = injected(text, route, BOTH);
        const scanned = scanBody(after);
        const expected = isNew ? { ...parsed, options: { ...holder, ...BOTH } } : { ...parsed, ...BOTH };
        expect(JSON.parse(after.toString())).toEqual(expected);
        expect([readExternalId(after, scanned, route), readCallbackUrl(after, scanned, route)]).toEqual([
          ID,
          URL,
        ]);
        expect(isSameAs(scanned)).toBe(!isNew || given[2] === 'object');
        expect(undone().toString()).toBe(text);
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    ['legacy', LEGACY],
    ['new', NEW],
  ])('leaves every other name and value in its place (%s)', (generation, route) => {
    const isNew = generation === 'new';
    fc.assert(
      fc.property(body, (given) => {
        const { after, isSameAs } = injected(build(isNew, given), route);
        const isOptionsAdded = isNew && given[2] !== 'object';
        expect(isSameAs(scanBody(after))).toBe(!isOptionsAdded);
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    `{"external_task_id":"${ID}","mode":"std","n":[1,{"a":"b"}]}`,
    `{"external_task_id":"${ID}","mode":"pro","n":[1,{"a":"b"}],"c":1}`,
    `{"external_task_id":"${ID}","mode":"pro"}`,
    `{"external_task_id":"${ID}","mode":"pro","n":[1,{"a":"b","c":1}]}`,
    `{"external_task_id":"${ID}","mode":"pro","n":[1,{"a":null}]}`,
    `{"external_task_id":"${ID}","mode":"pro","n":[1 ,{"a":"b"}]}`,
    `{"external_task_id":"${ID}","mode":true ,"n":[1,{"a":"b"}]}`,
    `{"external_task_id":"${ID}","made":"pro","n":[1,{"a":"b"}]}`,
    `{"external_task_id":"${ID}","n":[1,{"a":"b"}],"mode":"pro"}`,
  ])('is not taken for %s', (other) => {
    const { after, isSameAs } = injected('{"mode":"prof","n":[1,{"a":"b"}]}', LEGACY);
    expect(isSameAs(scanBody(after))).toBe(true);
    expect(isSameAs(scanBody(Buffer.from(other)))).toBe(false);
  });

  it('changes no price of a body that stays the same but for the id', () => {
    let compared = 0;
    for (const { path, body: asked } of ALL_CASES) {
      const route = routeFor(path);
      if (!route.knowsExternalId) continue;
      for (const own of [
        {},
        { external_task_id: '' },
        { options: {} },
        { options: { external_task_id: null } },
      ]) {
        const { bytes, before, after, isSameAs } = injected(JSON.stringify({ ...asked, ...own }), route);
        const scanned = scanBody(after);
        if (!isSameAs(scanned)) continue;
        const priced = (of: Uint8Array, scan: JsonObject) =>
          priceCreate({ route, bytes: of, body: scan, options: VENDOR, expectedSeconds: null });
        expect(priced(after, scanned)).toEqual(priced(bytes, before));
        compared += 1;
      }
    }
    expect(compared).toBeGreaterThan(ALL_CASES.length);
  });

  it('says how much room it needs', () => {
    const buffer = Buffer.from('{"a":1}');
    const given = {
      buffer,
      start: 0,
      end: buffer.length,
      body: scanBody(buffer),
      route: LEGACY,
      fields: BOTH,
    };
    expect(() => injectInPlace(given)).toThrow(/512 free bytes/);
  });
});
