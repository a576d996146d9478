/**
 * Reads one task of Kling's answers, of either generation, into a {@link TaskSighting}.
 *
 * **Invariant**: a sighting has a task id; a status word that is not documented counts as `processing`.
 */
import type { TaskResult, TaskSighting } from '../tasks/task.ts';
import type { Ms, Product } from '../units.ts';
import type { TaskState } from '../words.ts';
import type { CashPrice } from '../account/row-credits.ts';
import { deductionOf } from './deduction.ts';
import { fieldOf, nameOfValue, textOfValue } from './json-value.ts';

const STATES: Readonly<Record<string, TaskState>> = {
  submitted: 'submitted',
  processing: 'processing',
  succeed: 'succeeded',
  succeeded: 'succeeded',
  failed: 'failed',
};
/** Results kept of one task; Kling makes at most nine. */
const RESULTS_MAX = 64;

/** Gives the items of `data`: itself, its own list, or `data.result` of the cursor query. */
export function itemsOf(data: unknown): readonly unknown[] {
  if (Array.isArray(data)) return data;
  const result = fieldOf(data, 'result');
  return Array.isArray(result) ? result : [data];
}

/** Reads one task; null if the value has no task id. */
export function sightingOf(item: unknown, product: Product, price?: CashPrice): TaskSighting | null {
  const legacyId = nameOfValue(fieldOf(item, 'task_id'));
  const taskId = legacyId ?? nameOfValue(fieldOf(item, 'id'));
  if (taskId === null) return null;
  const of = (legacy: string, current: string): unknown =>
    fieldOf(item, legacyId === null ? current : legacy);
  const state = stateOf(of('task_status', 'status'));
  const deduction = deductionOf(item, product, price);
  const isOver = state === 'succeeded' || state === 'failed';
  return {
    taskId,
    externalTaskId:
      nameOfValue(fieldOf(fieldOf(item, 'task_info'), 'external_task_id')) ??
      nameOfValue(fieldOf(item, 'external_id')) ??
      nameOfValue(fieldOf(item, 'external_task_id')),
    state,
    statusMessage: textOfValue(of('task_status_msg', 'message')),
    updatedAt: instantOf(of('updated_at', 'update_time')),
    createdAt: instantOf(of('created_at', 'create_time')),
    // While a task runs, a zero means that Kling has not filled in the field yet.
    deduction: isOver || deduction?.credits !== 0 ? deduction : null,
    results: resultsOf(item),
  };
}

function stateOf(word: unknown): TaskState {
  if (typeof word !== 'string' || word === '') return 'submitted';
  return Object.hasOwn(STATES, word) ? (STATES[word] ?? 'processing') : 'processing';
}

/** Kling's times are milliseconds; other values are no times. */
function instantOf(value: unknown): Ms | null {
  const text = textOfValue(value);
  if (text === null || !/^\d{11,15}$/.test(text)) return null;
  return Number(text);
}

function resultsOf(item: unknown): TaskResult[] {
  const outputs = fieldOf(item, 'outputs');
  const found = Array.isArray(outputs)
    ? outputs.flatMap(outputOf)
    : legacyResults(fieldOf(item, 'task_result'));
  return found.slice(0, RESULTS_MAX);
}

const OUTPUT_KINDS: ReadonlySet<unknown> = new Set(['video', 'image', 'audio', 'voice', 'element']);

function outputOf(output: unknown): TaskResult[] {
  const kind = fieldOf(output, 'type');
  if (!OUTPUT_KINDS.has(kind)) return [];
  const text = (name: string): string | null => textOfValue(fieldOf(output, name));
  const main: TaskResult = {
    kind: kind as TaskResult['kind'],
    id: text('id'),
    url: text('url') ?? text('mp3_url') ?? text('watermark_url'),
    durationSeconds: text('duration') ?? text('mp3_duration'),
  };
  return [main, ...wavOf(main, text('wav_url'), text('wav_duration'))];
}

/** An audio comes in two files. */
function wavOf(main: TaskResult, url: string | null, durationSeconds: string | null): TaskResult[] {
  return url === null || url === main.url ? [] : [{ ...main, url, durationSeconds }];
}

const LEGACY_LISTS: readonly [name: string, kind: TaskResult['kind']][] = [
  ['videos', 'video'],
  ['images', 'image'],
  ['series_images', 'image'],
  ['audios', 'audio'],
  ['voices', 'voice'],
  ['elements', 'element'],
];
const URL_FIELDS = ['url', 'url_1', 'url_2', 'url_3', 'url_mp3', 'trial_url'] as const;

function legacyResults(result: unknown): TaskResult[] {
  return LEGACY_LISTS.flatMap(([name, kind]) => {
    const list = fieldOf(result, name);
    return Array.isArray(list) ? list.flatMap((entry) => legacyResult(entry, kind)) : [];
  });
}

/**
 * One entry has one address, except that AI multi-shot gives three in one, and an audio two. The address with a watermark counts
 * only where there is no other.
 */
function legacyResult(entry: unknown, kind: TaskResult['kind']): TaskResult[] {
  const id = textOfValue(fieldOf(entry, 'id')) ?? textOfValue(fieldOf(entry, `${kind}_id`));
  const durationSeconds =
    textOfValue(fieldOf(entry, 'duration')) ?? textOfValue(fieldOf(entry, 'duration_mp3'));
  const text = (name: string): string | null => textOfValue(fieldOf(entry, name));
  const found = URL_FIELDS.map(text).filter((url) => url !== null);
  const marked = text('watermark_url');
  const urls = found.length > 0 || marked === null ? found : [marked];
  const wav = text('url_wav');
  if (urls.length === 0 && wav === null) return id === null ? [] : [{ kind, id, url: null, durationSeconds }];
  const results = urls.map((url): TaskResult => ({ kind, id, url, durationSeconds }));
  if (wav === null || urls.includes(wav)) return results;
  return [...results, { kind, id, url: wav, durationSeconds: text('duration_wav') ?? durationSeconds }];
}
