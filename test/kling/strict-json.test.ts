import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SidecarError } from '../../src/errors.ts';
import { aliasOf, fold, KNOWN_FIELDS, PRICED_FIELDS } from '../../src/kling/fields.ts';
import { firstControl, wordsOf } from '../../src/kling/control-bytes.ts';
import { memberOf, scanBody, textOf, type JsonNode, type JsonObject } from '../../src/kling/strict-json.ts';
import { Members, parseMembers, type Parsed, type ParserKind } from './lenient-parsers.ts';

const rule = (body: string | Uint8Array): string => {
  try {
    scanBody(Buffer.from(body));
  } catch (error) {
    if (error instanceof SidecarError && error.code === 'body_refused') return String(error.detail['rule']);
    throw error;
  }
  return 'accepted';
};

/** Rebuilds a value from the nodes alone. */
const rebuild = (bytes: Uint8Array, node: JsonNode): unknown => {
  if (node.kind === 'object') {
    return Object.fromEntries(
      node.names.map((name, at) => [name, rebuild(bytes, node.values[at] as JsonNode)]),
    );
  }
  if (node.kind === 'array') return node.values.map((item) => rebuild(bytes, item));
  const text = textOf(bytes, node);
  return node.kind === 'string' ? text : (JSON.parse(text) as unknown);
};

const nested = (levels: number): string => `{"a":${'['.repeat(levels - 1)}${']'.repeat(levels - 1)}}`;

describe('bodies that are refused, by rule', () => {
  it.each([
    ['bom', '\uFEFF{}'],
    ['utf8', Buffer.from([0x7b, 0x22, 0x61, 0x22, 0x3a, 0x22, 0xc0, 0xaf, 0x22, 0x7d])],
    [
      'utf8',
      Buffer.concat([
        Buffer.from(`{"a":"${'x'.repeat(500)}`),
        Buffer.from([0xed, 0xa0, 0x80]),
        Buffer.from('"}'),
      ]),
    ],
    ['not_object', ''],
    ['not_object', '[]'],
    ['not_object', '"{}"'],
    ['not_object', 'null'],
    ['not_object', Buffer.from('{"a":1}', 'utf16le').subarray(1)],
    ['syntax', Buffer.from('{"a":1}', 'utf16le')],
    ['duplicate_key', '{"duration":"5","duration":"10"}'],
    ['duplicate_key', '{"a":{"B":[{"c":1,"c":1}]}}'],
    ['duplicate_key', `{${Array.from({ length: 40 }, (_, i) => `"k${i}":1`).join()},"k33":2}`],
    ['escaped_key', '{"dur\\u0061tion":"10"}'],
    ['escaped_key', '{"a":{"b\\n":1}}'],
    ['alias_key', '{"Duration":"10"}'],
    ['alias_key', '{"modelName":"x"}'],
    ['alias_key', '{"model-name":"x"}'],
    ['alias_key', '{"modelname":"x"}'],
    ['alias_key', '{"_mode":"x"}'],
    ['alias_key', '{"ｄuration":"x"}'],
    ['alias_key', '{"settings":{"Audio":"native"}}'],
    ['alias_key', '{"contents":[{"Type":"base_video"}]}'],
    ['alias_key', '{"multi_prompt":[{"DURATION":1}]}'],
    ['alias_key', '{"options":{"watermark_info":{"Enabled":true}}}'],
    ['key_grammar', '{"Sparkle":1}'],
    ['key_grammar', '{"":1}'],
    ['key_grammar', '{"a b":1}'],
    ['key_grammar', '{"zero\u200bwidth":1}'],
    ['key_grammar', `{"${'k'.repeat(65)}":1}`],
    ['key_grammar', '{"input":{"Scene":1}}'],
    ['key_length', `{"a":{"${'k'.repeat(257)}":1}}`],
    ['forbidden_key', '{"__proto__":{}}'],
    ['forbidden_key', '{"camera_control":{"constructor":1}}'],
    ['forbidden_key', '{"a":[{"prototype":1}]}'],
    ['control', '{"a":"b\nc"}'],
    ['control', '{"a":"b\u0000"}'],
    ['control', `{"a":"${'x'.repeat(300)}\u001f${'x'.repeat(300)}"}`],
    ['control', '{"a\t":1}'],
    ['escape', '{"a":"\\x41"}'],
    ['escape', '{"a":"\\u12g4"}'],
    ['number', '{"a":1.}'],
    ['number', '{"a":1e+}'],
    ['syntax', '{"a":01}'],
    ['syntax', '{"a":+1}'],
    ['syntax', '{"a":.5}'],
    ['syntax', '{"a":NaN}'],
    ['syntax', '{"a":Infinity}'],
    ['syntax', "{'a':1}"],
    ['syntax', '{"a":1,}'],
    ['syntax', '{"a":[1,]}'],
    ['syntax', '{"a":1 /* b */}'],
    ['syntax', '{"a":1'],
    ['syntax', '{"a":"b'],
    ['syntax', '{"a'],
    ['syntax', '{"a" 1}'],
    ['syntax', '{"a":}'],
    ['syntax', '{"a":tru}'],
    ['syntax', '{"a":[1}'],
    ['trailing', '{}{}'],
    ['trailing', '{} x'],
    ['trailing', '{}\u00a0'],
    ['trailing', '{}\u0000'],
    ['lone_surrogate', '{"mode":"pro\\ud800"}'],
    ['lone_surrogate', '{"external_task_id":"\\udc00"}'],
    ['nul', '{"external_task_id":"scene\\u0000"}'],
    ['nul', '{"model_name":"kling-v1\\u0000"}'],
    ['too_deep', nested(33)],
    ['too_deep', `{"a":${'['.repeat(1_000_000)}`],
    ['too_many', `{"a":[${'1,'.repeat(100_000)}1]}`],
  ])('%s (body %#)', (expected, body) => {
    expect(rule(body)).toBe(expected);
  });

  it('names the rule, the path and the byte', () => {
    const attempt = (): unknown =>
      scanBody(Buffer.from('{"settings":{"resolution":"1080p","audio":"off","audio":"native"}}'));
    expect(attempt).toThrow(/this key twice.*settings\.audio.*byte 55/);
  });
});

describe('bodies that are accepted', () => {
  it.each([
    ['{}'],
    [' \t\r\n{ "a" : [ ] , "b" : { } } \n'],
    ['{"prompt":"\\ud800 is half a pair, and nobody prices a prompt"}'],
    ['{"prompt":"日本語 🎬 \\u65e5\\"\\\\\\/\\b\\f\\n\\r\\t"}'],
    ['{"camera_control":{"type":"simple","config":{"Zoom":-1.5e3}}}'],
    ['{"dynamic_masks":[{"mask":"x","trajectories":[{"x":0,"y":-0}]}]}'],
    [nested(32)],
    [`{"a":[${'1,'.repeat(99_997)}1]}`],
    [`{"image":"${'/9j/4AAQ'.repeat(5_000)}==","duration":"5"}`],
  ])('body %#', (text) => {
    const bytes = Buffer.from(text);
    expect(rebuild(bytes, scanBody(bytes))).toEqual(JSON.parse(text));
    expect(rebuild(bytes, scanBody(bytes, { trusted: true }))).toEqual(JSON.parse(text));
  });

  it('gives offsets into the bytes and decodes nothing until asked', () => {
    const bytes = Buffer.from('{"mode":"pro","n":3}');
    const body = scanBody(bytes);
    const mode = memberOf(body, 'mode') as JsonNode;
    expect(bytes.subarray(mode.start, mode.end).toString()).toBe('"pro"');
    expect(textOf(bytes, memberOf(body, 'n') as JsonNode)).toBe('3');
    expect(memberOf(body, 'absent')).toBeUndefined();
  });

  it('reads a plain Uint8Array in the middle of a larger buffer', () => {
    const whole = Buffer.from(`xxx{"image":"${'A'.repeat(999)}"}yyy`);
    for (const shift of [0, 1, 2, 3]) {
      const copy = new Uint8Array(whole.length + shift);
      copy.set(whole, shift);
      const bytes = copy.subarray(3 + shift, copy.length - 3);
      expect(rebuild(bytes, scanBody(bytes))).toEqual({ image: 'A'.repeat(999) });
    }
  });
});

describe('agreement with JSON.parse', () => {
  it('holds for every document that is accepted, and everything JSON.parse refuses is refused', () => {
    const noise = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ':',
      ',',
      '"',
      '\\',
      '0',
      '1',
      '.',
      'e',
      '-',
      't',
      'null',
      ' ',
      '\n',
      '\u0000',
      'é',
      '\\u00e9',
      '"a"',
    );
    const mutated = fc
      .tuple(fc.json({ maxDepth: 4 }), fc.nat(), fc.nat({ max: 3 }), noise)
      .map(([json, where, cut, text]) => {
        const at = where % (json.length + 1);
        return json.slice(0, at) + text + json.slice(at + cut);
      });
    const bare = fc.array(noise, { maxLength: 14 }).map((parts) => `{"a":${parts.join('')}}`);
    const any = fc.oneof(fc.json({ maxDepth: 5 }), mutated, bare);
    let accepted = 0;
    fc.assert(
      fc.property(any, (text) => {
        const bytes = Buffer.from(`{"camera_control":${text}}`);
        let parsed: unknown;
        try {
          parsed = JSON.parse(bytes.toString());
        } catch {
          expect(rule(bytes)).not.toBe('accepted');
          return;
        }
        if (rule(bytes) !== 'accepted') return;
        accepted += 1;
        expect(rebuild(bytes, scanBody(bytes))).toEqual(parsed);
      }),
      { numRuns: 6_000 },
    );
    expect(accepted).toBeGreaterThan(1_000);
  });

  it('holds the other way round: plain objects of plain keys are never refused', () => {
    const key = fc.stringMatching(/^[a-z0-9_]{1,20}$/).filter((name) => aliasOf(name) === null);
    const safe = key.filter((name) => !['__proto__', 'constructor', 'prototype'].includes(name));
    const isPlain = (value: unknown): boolean => {
      if (typeof value !== 'object' || value === null) return true;
      if (Array.isArray(value)) return value.every(isPlain);
      const names = Object.keys(value);
      const banned = ['__proto__', 'constructor', 'prototype'];
      return (
        Object.values(value).every(isPlain) &&
        names.every((name) => JSON.stringify(name) === `"${name}"` && !banned.includes(name))
      );
    };
    const value = fc.jsonValue({ maxDepth: 3 }).filter(isPlain);
    fc.assert(
      fc.property(fc.dictionary(safe, value, { noNullPrototype: true }), (object) => {
        const known = Object.keys(object).some((name) => KNOWN_FIELDS.has(name));
        const bytes = Buffer.from(JSON.stringify({ ...object }));
        if (known) return;
        expect(rebuild(bytes, scanBody(bytes))).toEqual(JSON.parse(bytes.toString()));
      }),
      { numRuns: 2_000 },
    );
  });

  it('finds control characters at any place in a long string', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 0, maxLength: 9_000 }),
        fc.nat({ max: 7 }),
        fc.nat(),
        (raw, shift, cut) => {
          const bytes = new Uint8Array(raw.length + shift).subarray(shift);
          raw.forEach((byte, at) => (bytes[at] = cut % 3 === 0 ? byte : (byte % 0xe0) + 0x20));
          const from = raw.length === 0 ? 0 : cut % raw.length;
          const walked = bytes.findIndex((byte, at) => at >= from && byte < 0x20);
          expect(firstControl(bytes, wordsOf(bytes), from, bytes.length)).toBe(walked);
        },
      ),
      { numRuns: 600 },
    );
  });

  it('refuses a control character at any offset of a long string', () => {
    for (let at = 0; at < 200; at += 1) {
      const text = Buffer.alloc(200, 'é'.repeat(1)).fill('a');
      text[at] = 0x1f;
      expect(rule(Buffer.concat([Buffer.from('{"a":"'), text, Buffer.from('"}')]))).toBe('control');
    }
  });
});

describe('parsers that differ', () => {
  const kinds: ParserKind[] = ['first', 'last', 'any_case'];
  const at = (value: Parsed | undefined, path: string[], kind: ParserKind): Parsed | undefined => {
    let found: Parsed | undefined = value;
    for (const name of path) found = found instanceof Members ? found.get(name, kind) : undefined;
    return found;
  };
  const spellings = [...PRICED_FIELDS].flatMap((name) => [
    name,
    name.toUpperCase(),
    name.replaceAll('_', ''),
    name.replaceAll('_', '-'),
    `_${name}`,
    name.replace(/_(.)/, (_, letter: string) => letter.toUpperCase()),
    `\\u00${name.charCodeAt(0).toString(16)}${name.slice(1)}`,
    name.replace('o', 'ｏ'),
  ]);

  it('see the same priced fields in every body that is accepted', () => {
    const key = fc.constantFrom(...spellings, 'x', 'sparkle');
    const leaf = fc.constantFrom('"5"', '10', '"pro"', 'true', 'null', '""', '[]', '"\\u0070ro"');
    const flat = fc
      .array(fc.tuple(key, leaf), { maxLength: 5 })
      .map((pairs) => `{${pairs.map(([name, value]) => `"${name}":${value}`).join(',')}}`);
    const body = fc
      .array(
        fc.tuple(
          key,
          fc.oneof(
            leaf,
            flat,
            flat.map((item) => `[${item}]`),
          ),
        ),
        { maxLength: 5 },
      )
      .map((pairs) => `{${pairs.map(([name, value]) => `"${name}":${value}`).join(',')}}`);
    let accepted = 0;
    fc.assert(
      fc.property(body, (text) => {
        if (rule(text) !== 'accepted') return;
        accepted += 1;
        const parsed = parseMembers(text);
        const paths = [...PRICED_FIELDS].flatMap((name) => [
          [name],
          ['settings', name],
          ['options', name],
          ['input', name],
        ]);
        for (const path of paths) {
          const seen = kinds.map((kind) => JSON.stringify(at(parsed, path, kind)));
          expect(new Set(seen).size, `${text} at ${path.join('.')}`).toBe(1);
        }
      }),
      { numRuns: 5_000 },
    );
    expect(accepted).toBeGreaterThan(100);
  });
});

describe('the documented names', () => {
  it('are each found under their own fold, and under no other', () => {
    const folds = [...KNOWN_FIELDS].map(fold);
    expect(new Set(folds).size).toBe(folds.length);
    for (const name of KNOWN_FIELDS) {
      expect(aliasOf(name)).toBeNull();
      expect(name).toMatch(/^[a-z0-9_]{1,64}$/);
    }
  });
});

describe('large bodies', () => {
  // Twice the length would take four times as long where a scan is not linear: these would then not end within a test.
  it('are scanned in time that grows only with their length, with any strings', () => {
    const mebibyte = 1_048_576;
    const shapes = ['A', '\\/', 'é', `${'x'.repeat(70)}\\n`, '日'];
    for (const shape of shapes) {
      const text = shape.repeat(Math.ceil((16 * mebibyte) / Buffer.byteLength(shape)));
      const bytes = Buffer.from(`{"image":"${text}"}`);
      const body: JsonObject = scanBody(bytes);
      expect(body.values[0]?.end).toBe(bytes.length - 1);
    }
  });
});
