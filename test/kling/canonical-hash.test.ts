import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalHash, canonicalNumber, HASH_INLINE_BYTES_MAX } from '../../src/kling/canonical-hash.ts';
import { scanBody } from '../../src/kling/strict-json.ts';
import type { Generation } from '../../src/kling/routes.ts';

interface Asked {
  generation?: Generation;
  path?: string;
}

function hashNow(text: string, { generation = 'legacy', path = '/v1/videos/text2video' }: Asked = {}) {
  const bytes = Buffer.from(text);
  return canonicalHash({ route: { generation }, method: 'POST', path, bytes, body: scanBody(bytes) });
}

const hashOf = async (text: string, asked?: Asked): Promise<string> => hashNow(text, asked);

/** A number as an exact decimal: `digits` times ten to the power of `exponent`. */
interface Decimal {
  digits: bigint;
  exponent: number;
}
type Model = null | boolean | string | Decimal | Model[] | { members: [string, Model][] };

const anyDecimal: fc.Arbitrary<Decimal> = fc.record({
  digits: fc.oneof(fc.bigInt({ min: -50n, max: 50n }), fc.bigInt({ min: -(10n ** 25n), max: 10n ** 25n })),
  exponent: fc.integer({ min: -12, max: 12 }),
});
const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom(
    'a cat',
    'a/b',
    '"',
    '\\',
    'é',
    '\u0000',
    '\u2028',
    '😀',
    '\ud800',
    '\udc00x',
    '#',
    '{}',
    '1',
  ),
);
/** Names without a rule of their own. */
const anyName = fc.stringMatching(/^x_[a-z]{1,2}$/);
const anyModel = fc.letrec<{ value: Model }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom(null, true, false),
    anyText,
    anyDecimal,
    fc.array(tie('value'), { maxLength: 4 }),
    fc
      .uniqueArray(fc.tuple(anyName, tie('value')), { maxLength: 4, selector: ([name]) => name })
      .map((members) => ({ members })),
  ),
})).value;
const anyBody = fc
  .uniqueArray(fc.tuple(anyName, anyModel), { maxLength: 5, selector: ([name]) => name })
  .map((members) => ({ members }));
/** Numbers from which a spelling is chosen. */
const anyChoices = fc.array(fc.nat({ max: 1000 }), { minLength: 40, maxLength: 40 });

/** Writes a model as JSON in one of its spellings. */
class Speller {
  readonly #choices: readonly number[];
  #at = 0;

  constructor(choices: readonly number[]) {
    this.#choices = choices;
  }

  #choose(count: number): number {
    this.#at += 1;
    return (this.#choices[this.#at % this.#choices.length] ?? 0) % count;
  }

  #space(): string {
    return ['', '', ' ', '\n', '\t', '\r\n  '][this.#choose(6)] ?? '';
  }

  spell(model: Model): string {
    const text = this.#bare(model);
    return this.#space() + text + this.#space();
  }

  #bare(model: Model): string {
    if (model === null || typeof model === 'boolean') return String(model);
    if (typeof model === 'string') return this.#text(model);
    if (Array.isArray(model)) return `[${model.map((item) => this.spell(item)).join() || this.#space()}]`;
    if ('digits' in model) return this.#number(model);
    const members = model.members
      .map(
        ([name, value]) =>
          [this.#choose(1000), `${this.#space()}"${name}"${this.#space()}:${this.spell(value)}`] as const,
      )
      .toSorted(([one], [other]) => one - other);
    return `{${members.map(([, text]) => text).join() || this.#space()}}`;
  }

  #text(text: string): string {
    const units = Array.from({ length: text.length }, (_, at) => text.charCodeAt(at));
    const isWhole = text.isWellFormed();
    const spelled = units.map((unit, at) => {
      const plain = text[at] ?? '';
      const isPlain = unit >= 0x20 && plain !== '"' && plain !== '\\' && (unit < 0xd800 || unit > 0xdfff);
      if (isPlain && this.#choose(3) > 0) return plain;
      if (plain === '/' && this.#choose(2) > 0) return '\\/';
      const hex = unit.toString(16).padStart(4, '0');
      return `\\u${this.#choose(2) > 0 ? hex.toUpperCase() : hex}`;
    });
    return isWhole && this.#choose(3) === 0 ? JSON.stringify(text) : `"${spelled.join('')}"`;
  }

  #number({ digits, exponent }: Decimal): string {
    const sign = digits < 0n ? '-' : '';
    const size = digits < 0n ? -digits : digits;
    if (exponent >= 0 && this.#choose(2) > 0) {
      const whole = String(size * 10n ** BigInt(exponent));
      return `${sign}${whole}${['', '.0', '.000', 'e0', 'E+0', '.0e-00'][this.#choose(6)]}`;
    }
    const by = this.#choose(4);
    const fraction = by === 0 ? '' : `.${'0'.repeat(by)}`;
    return `${sign}${size}${fraction}${this.#choose(2) > 0 ? 'e' : 'E'}${exponent < 0 ? '' : '+'}${exponent}`;
  }
}

/** The same for two models that are the same JSON. */
function identity(model: Model): unknown {
  if (model === null || typeof model !== 'object') return model;
  if (Array.isArray(model)) return model.map(identity);
  if ('digits' in model) {
    let { digits, exponent } = model;
    if (digits === 0n) return { number: '0' };
    while (digits % 10n === 0n) [digits, exponent] = [digits / 10n, exponent + 1];
    return { number: `${digits} ${exponent}` };
  }
  const members = model.members.map(([name, value]) => [name, identity(value)] as const);
  return { members: members.toSorted(([one], [other]) => (one < other ? -1 : 1)) };
}

describe('the hash of a body', () => {
  it('is the same in every order of keys, with any white space, escapes and spelling of numbers', async () => {
    await fc.assert(
      fc.asyncProperty(anyBody, anyChoices, anyChoices, async (body, one, other) => {
        const [first, second] = [one, other].map((choices) => new Speller(choices).spell(body));
        expect(await hashOf(second ?? '')).toBe(await hashOf(first ?? ''));
      }),
      { numRuns: 400 },
    );
  });

  it('differs if the bodies differ', async () => {
    await fc.assert(
      fc.asyncProperty(anyBody, anyBody, anyChoices, async (one, other, choices) => {
        const isSame = JSON.stringify(identity(one)) === JSON.stringify(identity(other));
        const [first, second] = [one, other].map((body) => new Speller(choices).spell(body));
        expect((await hashOf(first ?? '')) === (await hashOf(second ?? ''))).toBe(isSame);
      }),
      { numRuns: 400 },
    );
  });

  it('differs if one value deep inside differs', async () => {
    await fc.assert(
      fc.asyncProperty(anyModel, anyModel, anyChoices, async (one, other, choices) => {
        const isSame = JSON.stringify(identity(one)) === JSON.stringify(identity(other));
        const [first, second] = [one, other].map((value) =>
          new Speller(choices).spell({ members: [['extra', [{ members: [['deep', value]] }]]] }),
        );
        expect((await hashOf(first ?? '')) === (await hashOf(second ?? ''))).toBe(isSame);
      }),
      { numRuns: 400 },
    );
  });

  it.each([
    ['a text and a number', '{"seed":"5"}', '{"seed":5}'],
    ['an absent value and null', '{"seed":null}', '{}'],
    ['null and its name', '{"seed":null}', '{"seed":"null"}'],
    ['arrays in another order', '{"list":[1,2]}', '{"list":[2,1]}'],
    ['an array and its items one level deeper', '{"list":[[1],2]}', '{"list":[1,[2]]}'],
    ['long integers that a number cannot hold', '{"id":9007199254740993}', '{"id":9007199254740992}'],
    ['halves of surrogate pairs', '{"other":"\\ud800"}', '{"other":"\\ud801"}'],
    ['a half of a pair and the sign for it', '{"other":"\\ud800"}', '{"other":"\ufffd"}'],
    ['an escape and its text', '{"other":"\\u0041"}', '{"other":"\\\\u0041"}'],
    ['exponents of absurd size', '{"seed":1e1000000000000000000001}', '{"seed":1e1000000000000000000002}'],
  ])('differs for %s', async (_, one, other) => {
    expect(await hashOf(one)).not.toBe(await hashOf(other));
  });

  it('differs for another path', async () => {
    expect(await hashOf('{}', { path: '/v1/videos/text2video' })).not.toBe(
      await hashOf('{}', { path: '/v1/videos/image2video' }),
    );
  });
});

describe('ids and callbacks', () => {
  const PLAIN = '{"prompt":"a cat","options":{"seed":1}}';

  it.each<[Generation, string]>([
    ['legacy', '{"external_task_id":"a","prompt":"a cat","options":{"seed":1}}'],
    ['legacy', '{"prompt":"a cat","callback_url":"https://a","external_task_id":null,"options":{"seed":1}}'],
    ['new', '{"prompt":"a cat","options":{"external_task_id":"a","seed":1}}'],
    ['new', '{"prompt":"a cat","options":{"seed":1,"callback_url":"https://a","external_task_id":""}}'],
    ['new', '{"callback_url":"https://a","prompt":"a cat","options":{"seed":1}}'],
  ])('make no difference in the %s generation: %s', async (generation, text) => {
    expect(await hashOf(text, { generation })).toBe(await hashOf(PLAIN, { generation }));
  });

  it.each(['{}', '{"options":null}', '{"options":{}}', '{"options":{"external_task_id":"a"}}'])(
    'leave no empty options behind: %s',
    async (text) => {
      expect(await hashOf(text, { generation: 'new' })).toBe(await hashOf('{}', { generation: 'new' }));
    },
  );

  it.each<[Generation, string]>([
    ['legacy', '{"prompt":"a cat","options":{"seed":1,"external_task_id":"a"}}'],
    ['new', '{"prompt":"a cat","options":{"seed":1},"extra":{"external_task_id":"a"}}'],
    ['new', '{"prompt":"a cat","options":{"seed":1,"options":{"external_task_id":"a"}}}'],
  ])('count at other places of the %s generation: %s', async (generation, text) => {
    const without = text.replace('"external_task_id":"a"', '').replace(',}', '}');
    expect(await hashOf(text, { generation })).not.toBe(await hashOf(without, { generation }));
  });
});

describe('long strings', () => {
  const image = 'QUJD/+'.repeat(20_000);
  const large = image.repeat(4);

  it('are hashed at once in a body of usual size, and later in a large one', () => {
    expect(hashNow(JSON.stringify({ image }))).toBeTypeOf('string');
    expect(large.length).toBeGreaterThan(HASH_INLINE_BYTES_MAX);
    expect(hashNow(JSON.stringify({ image: large }))).toBeInstanceOf(Promise);
  });

  it.each([
    ['of usual size', image],
    ['that is large', large],
  ])('have one hash in every spelling, in a body %s', async (_, text) => {
    const plain = JSON.stringify({ image: text });
    expect(await hashOf(plain.replaceAll('/', '\\/'))).toBe(await hashOf(plain));
    expect(await hashOf(plain.replaceAll('/', '\\u002F'))).toBe(await hashOf(plain));
    expect(await hashOf(JSON.stringify({ image: `${text.slice(0, -1)}-` }))).not.toBe(await hashOf(plain));
  });

  it('have the same hash in a small body and in a large one, whose size comes from white space', async () => {
    const plain = JSON.stringify({ image });
    expect(await hashOf(plain + ' '.repeat(HASH_INLINE_BYTES_MAX))).toBe(await hashOf(plain));
  });
});

it.each([
  ['0', '0'],
  ['-0', '0'],
  ['0.000e5', '0'],
  ['5', '5'],
  ['5.0', '5'],
  ['5e0', '5'],
  ['50e-1', '5'],
  ['0.05E+2', '5'],
  ['-5', '-5'],
  ['1200', '12e2'],
  ['1.5', '15e-1'],
  ['0.0015', '15e-4'],
])('gives the number %s one spelling', (text, spelled) => {
  expect(canonicalNumber(text)).toBe(spelled);
});
