import { describe, expect, it } from 'vitest';
import { Fields } from '../../src/emulator/fields.ts';
import { readFields, type FieldTable } from '../../src/emulator/field-table.ts';
import { KlingRefusal } from '../../src/emulator/replies.ts';

const TABLE = {
  model_name: { is: 'model', of: ['new', 'old'], known: ['new', 'old', 'other'], default: 'old' },
  mode: { is: 'choice', of: ['std', '4k'], default: 'std', modelsOf: { '4k': ['new'] } },
  shots: { is: 'flag', default: false, models: ['new'] },
  duration: { is: 'seconds', of: [5], ofModel: { new: [5, 7] }, wanted: 'string' },
  n: { is: 'whole', min: 1, max: 9, default: 1 },
  scale: { is: 'number', min: 0, max: 1 },
  images: { is: 'list', min: 1, max: 2, of: { url: { is: 'url', required: true } } },
  mark: { is: 'object', of: { enabled: { is: 'flag', default: false } } },
} as const satisfies FieldTable;
const images = [{ url: 'https://cdn.example/a.png' }];

const bodyOf = (body: object): Fields => new Fields(body, () => undefined);
function refusal(body: object): string {
  try {
    readFields(bodyOf(body), TABLE);
  } catch (error) {
    if (error instanceof KlingRefusal) return `${error.code}: ${error.message}`;
    throw error;
  }
  return 'accepted';
}

describe('a table of fields', () => {
  it('reads each field by its row, with its default', () => {
    expect(readFields(bodyOf({ images, ignored: 1 }), TABLE)).toEqual({
      model_name: 'old',
      mode: 'std',
      shots: false,
      duration: 5,
      n: 1,
      scale: undefined,
      images,
      mark: undefined,
    });
  });

  it('refuses a value that only another model accepts', () => {
    expect(refusal({ images, mode: '4k' })).toBe("1201: mode value '4k' is not supported by old");
    expect(refusal({ images, shots: true })).toBe('1201: shots is not supported by old');
    expect(refusal({ images, duration: '7' })).toBe("1201: duration value '7' is invalid, allowed: 5");
    expect(refusal({ images, model_name: 'new', mode: '4k', shots: true, duration: '7' })).toBe('accepted');
  });

  it('distinguishes an unknown model from one that the path lacks', () => {
    expect(refusal({ images, model_name: 'none' })).toBe('1203: model none does not exist');
    expect(refusal({ images, model_name: 'other' })).toBe(
      "1201: model_name value 'other' is invalid, allowed: new, old",
    );
  });

  it('refuses the first field that is wrong, by its full name', () => {
    expect(refusal({ n: 0, images: [{}] })).toBe('1201: n must be within [1, 9]');
    expect(refusal({ images: [...images, {}] })).toBe('1200: Missing Request Parameter: images[1].url');
    expect(refusal({})).toBe('1200: Missing Request Parameter: images');
    expect(refusal({ images, mark: { enabled: 'yes' } })).toBe('1201: mark.enabled must be a boolean');
  });
});
