/**
 * Calls that answer at once: speech, recognition, selection helpers, and the voice and element libraries.
 *
 * **Invariant**: a call with a price is charged in the same turn in which it is answered, or refused before. These calls have
 * no external task id and no callback (kling-api.md, sections 3.2 and 9.2).
 */
import { bodyFields, type KlingAccount, type Route, type RouteRequest } from './account.ts';
import type { Deduction } from './ledger-rows.ts';
import { readFields, type FieldTable } from './field-table.ts';
import { sourceVideo } from './legacy-media.ts';
import type { LibraryItem } from './media-library.ts';
import { EACH } from './prices.ts';
import { success, type Json, type JsonObject } from './replies.ts';
import { judge, pageOf } from './task-routes.ts';
import { legacyCosts, secondsText } from './task-views.ts';

/** Judges and charges a synchronous call (video units); refuses with 400/1301 or 429/1102 before the charge. */
function pay(request: RouteRequest, { book }: KlingAccount, taskId: string, listMilli: number): Deduction[] {
  judge(request.body);
  const { path, apiKeyName, orders } = request;
  const milli = orders.chargeMilli ?? listMilli;
  book.wallet.check('video', milli);
  return book.charge({ taskId, externalTaskId: null, path, product: 'video', milli, apiKeyName });
}

const SPEECH = {
  text: { is: 'text', max: 1000, required: true },
  voice_id: { is: 'id', required: true },
} as const satisfies FieldTable;
const SPOKEN = {
  voice_language: { is: 'choice', of: ['zh', 'en'] },
  voice_speed: { is: 'number', min: 0.8, max: 2 },
} as const satisfies FieldTable;

const tts: Route = (request, account) => {
  const body = bodyFields(request, account);
  const { text, voice_id: voice } = readFields(body, SPEECH);
  account.library.checkVoice(voice);
  readFields(body, SPOKEN);
  const { tasks, files, time, library } = account;
  const [taskId, id] = [tasks.newId(), tasks.newId()];
  const deductions = pay(request, account, taskId, EACH.tts);
  // A fifth of a second for each character, and never under the two seconds that other calls need.
  const durationMs = Math.max(2000, [...text].length * 200);
  const url = files.url(taskId, '0-0.mp3', time.ageMs());
  library.addMedia({ id, kind: 'audio', url, durationMs, readyAgeMs: time.ageMs() });
  const now = time.wallMs();
  return success({
    task_id: taskId,
    task_status: 'succeed',
    task_status_msg: '',
    task_result: { audios: [{ id, url, duration: secondsText(durationMs) }] },
    ...legacyCosts(deductions),
    created_at: now,
    updated_at: now,
  });
};

const identifyFace: Route = (request, account) => {
  const body = bodyFields(request, account);
  const { item, durationMs } = sourceVideo(body, account.library);
  if (durationMs < 2000 || durationMs > 60_000) body.refuse('video_url', 'must last 2 s to 60 s');
  const { tasks, files, time, library } = account;
  const id = tasks.newId();
  const deductions = pay(request, account, id, EACH.identifyFace);
  library.addSession({ id, kind: 'face', durationMs, parent: item });
  const image = files.url(id, 'face-0.png', time.ageMs());
  const face = { face_id: '0', face_image: image, start_time: 0, end_time: durationMs };
  return success({ session_id: id, ...legacyCosts(deductions), face_data: [face] });
};

const imageRecognize: Route = (request, account) => {
  readFields(bodyFields(request, account), { image: { is: 'media', required: true } });
  const { tasks, files, time } = account;
  const id = tasks.newId();
  const deductions = pay(request, account, id, EACH.imageRecognize);
  const images = ['object_seg', 'head_seg', 'face_seg', 'cloth_seg'].map((type) => ({
    type,
    is_contain: true,
    url: files.url(id, `${type}.png`, time.ageMs()),
  }));
  return success({ task_result: { images }, ...legacyCosts(deductions) });
};

const initSelection: Route = (request, account) => {
  const body = bodyFields(request, account);
  const { item, durationMs } = sourceVideo(body, account.library);
  const { tasks, files, time, library } = account;
  const id = tasks.newId();
  library.addSession({ id, kind: 'elements', durationMs, parent: item });
  return success({
    status: 0,
    session_id: id,
    ...legacyCosts([]),
    fps: 24,
    original_duration: durationMs,
    width: 1280,
    height: 720,
    total_frame: Math.floor((durationMs * 24) / 1000),
    normalized_video: files.url(id, 'normalized.mp4', time.ageMs()),
  });
};

/** A share of the frame's width or height. */
const SHARE = { is: 'number', min: 0, max: 1, required: true } as const;
const MARKS = {
  frame_index: { is: 'whole', min: 0, max: 100_000, required: true },
  points: { is: 'list', min: 1, max: 10, of: { x: SHARE, y: SHARE } },
} as const satisfies FieldTable;

/** Adding and deleting mark one frame; clearing and previewing need only the session. */
function selection(
  answer: (frame: number, id: string, account: KlingAccount) => JsonObject,
  marks: boolean,
): Route {
  return (request, account) => {
    const body = bodyFields(request, account);
    const { session_id: session } = readFields(body, { session_id: { is: 'text', required: true } });
    const { id } = account.library.session(session, 'elements');
    const frame = marks ? readFields(body, MARKS).frame_index : 0;
    return success({ status: 0, session_id: id, ...legacyCosts([]), ...answer(frame, id, account) });
  };
}

const mask = (frame: number): JsonObject => ({
  res: {
    frame_index: frame,
    rle_mask_list: [{ object_id: 0, rle_mask: { size: [720, 1280], counts: 'XYZ' } }],
  },
});
const preview = (_frame: number, id: string, { files, time }: KlingAccount): JsonObject => ({
  res: {
    video: files.url(id, 'preview.mp4', time.ageMs()),
    video_cover: files.url(id, 'cover.png', time.ageMs()),
    tracking_output: files.url(id, 'tracking.mp4', time.ageMs()),
  },
});

const OLD_ELEMENT = {
  element_name: { is: 'text', max: 20, required: true },
  element_description: { is: 'text', max: 100 },
} as const satisfies FieldTable;

const addOldElement: Route = (request, account) => {
  const body = bodyFields(request, account);
  const { element_name: name, element_description: description = '' } = readFields(body, OLD_ELEMENT);
  judge(request.body);
  const item: LibraryItem = {
    id: account.tasks.newId(),
    kind: 'old-element',
    name,
    description,
    readyAgeMs: account.time.ageMs(),
    ownedBy: 'emulator',
  };
  account.library.addItem(item);
  return success(itemView(item));
};

function itemView({ id, kind, name, description, ownedBy }: LibraryItem): JsonObject {
  return kind === 'voice'
    ? { voice_id: id, voice_name: name, trial_url: '', owned_by: ownedBy, status: 'succeed' }
    : {
        element_id: id,
        element_name: name,
        element_description: description,
        owned_by: ownedBy,
        status: 'succeed',
      };
}

/** Lists library items of a kind; presets have the form of finished tasks, the old library has bare items. */
function listItems(kind: LibraryItem['kind'], ownedBy: LibraryItem['ownedBy'], pageSizeMax: number): Route {
  return ({ query }, { library, time }) => {
    const page = pageOf(library.items(kind, ownedBy), query, pageSizeMax);
    const field = kind === 'voice' ? 'voices' : 'elements';
    const data: Json = page.map((item) =>
      ownedBy === 'emulator'
        ? itemView(item)
        : {
            task_id: item.id,
            task_status: 'succeed',
            task_result: { [field]: [itemView(item)] },
            created_at: time.wallMs(),
            updated_at: time.wallMs(),
          },
    );
    return success(data);
  };
}

function removal(field: 'voice_id' | 'element_id', kinds: readonly LibraryItem['kind'][]): Route {
  return (request, account) => {
    const body = bodyFields(request, account);
    account.library.remove(body.id(field) ?? body.missing(field), kinds);
    return success();
  };
}

/** The synchronous POSTs by path. */
export const SYNC_POSTS: Readonly<Record<string, Route>> = {
  '/v1/audio/tts': tts,
  '/v1/videos/identify-face': identifyFace,
  '/v1/videos/image-recognize': imageRecognize,
  '/v1/videos/multi-elements/init-selection': initSelection,
  '/v1/videos/multi-elements/add-selection': selection(mask, true),
  '/v1/videos/multi-elements/delete-selection': selection(mask, true),
  '/v1/videos/multi-elements/clear-selection': selection(() => ({}), false),
  '/v1/videos/multi-elements/preview-selection': selection(preview, false),
  '/v1/general/custom-elements': addOldElement,
  '/v1/general/delete-voices': removal('voice_id', ['voice']),
  '/v1/general/delete-elements': removal('element_id', ['element', 'old-element']),
  '/v1/general/delete-advanced-elements': removal('element_id', ['element', 'old-element']),
};

/** The library's lists by path. */
export const LIBRARY_GETS: Readonly<Record<string, Route>> = {
  '/v1/general/custom-elements': listItems('old-element', 'emulator', 500),
  '/v1/general/presets-voices': listItems('voice', 'kling', 1000),
  '/v1/general/presets-elements': listItems('element', 'kling', 500),
  '/v1/general/advanced-presets-elements': listItems('element', 'kling', 500),
};
