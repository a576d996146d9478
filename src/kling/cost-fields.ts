/**
 * Finds the fields of a create that Kling does not document, and those of them that may raise its price.
 *
 * So far Kling ignores unknown fields, but it does not promise it, and may sell a new feature under such a name. An
 * unknown field is forwarded and adds nothing to the price. If its name looks as if it costs money (sound, model, length,
 * quality, number), the price is unsure.
 *
 * **Invariant**: only names are read. The words of a name decide whether it looks costly; a wrong guess makes a price
 * `assumed` and never a refusal. At most {@link FIELDS_MAX} are named.
 */
import type { BodyFields } from './body-fields.ts';
import { LEGACY_FIELDS, NEW_FIELDS, NEW_OPTIONS, PRICED_FIELDS, settingsOf } from './fields.ts';
import type { KlingRoute } from './routes.ts';
import { memberOf, textOf, type JsonNode } from './strict-json.ts';

/** Fields that are named; a body may hold any number of them. */
const FIELDS_MAX = 20;
/** The most values that are searched, and how deep: fields below are not found. */
const VALUES_MAX = 2_000;
const DEPTH_MAX = 6;
/** Longest name that is shown, in characters. */
const NAME_CHARS_MAX = 80;

/** Gives the fields that Kling does not document for the route; those of sub-objects as `settings.fps`. */
export function unknownFields(route: KlingRoute, { root }: BodyFields): string[] {
  const top = route.generation === 'new' ? NEW_FIELDS : LEGACY_FIELDS[route.operation];
  if (top === undefined) return [];
  const unknown = root.names.filter((name) => !top.has(name));
  if (route.generation !== 'new') return unknown.filter((name) => name !== 'model').slice(0, FIELDS_MAX);
  const below = (name: string, known: ReadonlySet<string>): string[] =>
    (memberOf(root, name)?.names ?? []).filter((it) => !known.has(it)).map((it) => `${name}.${it}`);
  return [
    ...unknown,
    ...below('settings', settingsOf(route.operation)),
    ...below('options', NEW_OPTIONS),
  ].slice(0, FIELDS_MAX);
}

/** Gives the undocumented fields that may raise the price, at any depth; `ask.ts` reads `model` and `model_name`. */
export function costFields(route: KlingRoute, fields: BodyFields): string[] {
  const top = route.generation === 'new' ? NEW_FIELDS : LEGACY_FIELDS[route.operation];
  if (top === undefined) return [];
  const search = new Search(fields.bytes);
  for (const [at, name] of fields.root.names.entries()) {
    const value = fields.root.values[at];
    if (value === undefined || OLD_MODEL_FIELDS.has(name)) continue;
    const isDocumented = top.has(name);
    if (!isDocumented) search.test(name, name, value, PRICED_FIELDS.has(name));
    search.below(name, isDocumented ? documentedBelow(name, route) : NONE, value);
  }
  return [...search.found].slice(0, FIELDS_MAX);
}

function documentedBelow(name: string, route: KlingRoute): ReadonlySet<string> {
  return name === 'settings' ? settingsOf(route.operation) : (DOCUMENTED[name] ?? NONE);
}

const OLD_MODEL_FIELDS: ReadonlySet<string> = new Set(['model', 'model_name']);
const NONE: ReadonlySet<string> = new Set();
/** Names inside documented fields whose words look costly, and which Kling documents. */
const DOCUMENTED: Readonly<Record<string, ReadonlySet<string>>> = {
  options: NEW_OPTIONS,
  contents: new Set(['voice_id', 'keep_original_sound', 'audio_type', 'audio_url', 'audio_file', 'images']),
  multi_prompt: new Set(['duration']),
  video_list: new Set(['keep_original_sound']),
  voice_list: new Set(['voice_id']),
  face_choose: new Set([
    'audio_id',
    'sound_file',
    'sound_start_time',
    'sound_end_time',
    'sound_insert_time',
    'sound_volume',
    'original_audio_volume',
  ]),
  input: new Set([
    'mode',
    'voice_id',
    'voice_language',
    'voice_speed',
    'audio_type',
    'audio_file',
    'audio_url',
    'audio_id',
    'images',
    'model_name',
    'duration',
  ]),
};

/** Searches values for names that may cost. */
class Search {
  readonly found = new Set<string>();
  readonly #bytes: Uint8Array;
  #left = VALUES_MAX;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Notes a field at `path` if its name looks costly, or is one that costs elsewhere. */
  test(path: string, name: string, value: JsonNode, isPriced = false): void {
    const isAbsent = value.kind === 'null' || (value.kind === 'string' && value.end - value.start === 2);
    if (isAbsent || this.found.size >= FIELDS_MAX) return;
    const isCount = COUNT_WORDS.some((word) => wordsOf(name).includes(word)) && this.#isNumber(value);
    if (isPriced || isCount || looksCostly(name)) this.found.add(path.slice(0, NAME_CHARS_MAX));
  }

  /** Searches below a value; `documented` are the names that Kling documents there. */
  below(path: string, documented: ReadonlySet<string>, value: JsonNode, depth = 1): void {
    if (depth > DEPTH_MAX) return;
    for (const [at, child] of value.values.entries()) {
      this.#left -= 1;
      if (this.#left < 0) return;
      const name = value.names[at];
      const where = name === undefined ? `${path}[]` : `${path}.${name}`;
      if (name !== undefined && !documented.has(name)) this.test(where, name, child);
      this.below(where, name === undefined ? documented : NONE, child, depth + 1);
    }
  }

  #isNumber(value: JsonNode): boolean {
    if (value.kind === 'number') return true;
    return (
      value.kind === 'string' && value.end - value.start <= 12 && /^\d+$/.test(textOf(this.#bytes, value))
    );
  }
}

/** Words that look costly at any place in a name. */
const COST_WORDS: ReadonlySet<string> = new Set(
  (
    'audio audios sound sounds music bgm sfx voice voices speech tts dub dubbing dubbed lip lipsync mute muted silent ' +
    'model models version engine variant ' +
    'duration durations length len seconds second secs sec minutes ' +
    'quality resolution resolutions definition hd fhd uhd upscale upscaled upscaler upscaling enhance enhanced ' +
    'enhancement dpi megapixels width height ' +
    'fps framerate ' +
    'n num number count amount quantity batch ' +
    'mode tier priority speed fast turbo pro premium professional master ' +
    'extend extended extension multi'
  ).split(' '),
);
/** Words that look costly if their value is a number: `images: 4`. */
const COUNT_WORDS = [
  'images',
  'videos',
  'outputs',
  'results',
  'samples',
  'copies',
  'variations',
  'shots',
  'frames',
];
/** Parts that look costly also in a name without separators: `generateaudio`. */
const COST_PARTS =
  /audio|sound|music|voice|model|duration|second|quality|resolution|upscal|enhanc|framerate|lipsync/;
const COST_NUMBER = /^\d+(k|p|fps|s|sec)$/;

/** Returns whether a field's name looks as if its value may cost. */
export function looksCostly(name: string): boolean {
  const words = wordsOf(name);
  if (words.some((word) => COST_WORDS.has(word) || COST_NUMBER.test(word))) return true;
  return COST_PARTS.test(words.join(''));
}

/** Splits a name into its words: at `_`, `-` and other signs, and between a small letter and a capital. */
function wordsOf(name: string): string[] {
  return name
    .slice(0, NAME_CHARS_MAX)
    .normalize('NFKC')
    .replaceAll(/([a-z\d])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .split(/[^a-z\d]+/)
    .filter((word) => word !== '');
}
