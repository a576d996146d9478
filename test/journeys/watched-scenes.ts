/** Creates of all kinds, each with a tag in its text, for the journey of watched tasks. */
import type { FaultOrder } from '../../src/emulator/faults.ts';

const MEDIA = 'https://cdn.example/clip.mp4';

export interface Kind {
  path: string;
  /** Whether `callback_url` and `external_task_id` are in `options`. */
  isNew: boolean;
  body: (text: string) => Record<string, unknown>;
}

const legacy = (path: string, body: Kind['body']): Kind => ({ path, isNew: false, body });
const fresh = (path: string, body: Kind['body']): Kind => ({ path, isNew: true, body });
const contents = (text: string) => [
  { type: 'prompt', text },
  { type: 'first_frame', url: MEDIA },
];

/** Video and image, both generations, all that is priced in its own way. */
const KINDS: readonly Kind[] = [
  legacy('/v1/videos/text2video', (prompt) => ({ prompt })),
  legacy('/v1/videos/text2video', (prompt) => ({ prompt, model_name: 'kling-v3', duration: '3' })),
  legacy('/v1/videos/text2video', (prompt) => ({
    prompt,
    model_name: 'kling-v2-6',
    mode: 'pro',
    sound: 'on',
  })),
  legacy('/v1/videos/image2video', (prompt) => ({ prompt, image: MEDIA, model_name: 'kling-v1-5' })),
  legacy('/v1/videos/omni-video', (prompt) => ({ prompt, model_name: 'kling-v3-omni', mode: 'std' })),
  legacy('/v1/videos/multi-image2video', (prompt) => ({ prompt, image_list: [{ image: MEDIA }] })),
  legacy('/v1/audio/text-to-audio', (prompt) => ({ prompt, duration: 3.5 })),
  legacy('/v1/images/generations', (prompt) => ({ prompt, model_name: 'kling-v3', n: 2 })),
  legacy('/v1/images/omni-image', (prompt) => ({ prompt })),
  fresh('/text-to-video/kling-3.0-turbo', (prompt) => ({ prompt, settings: { duration: 3 } })),
  fresh('/text-to-video/kling-3.0', (prompt) => ({ prompt })),
  fresh('/image-to-video/kling-3.0', (text) => ({ contents: contents(text) })),
  fresh('/omni-video/kling-o1', (text) => ({ contents: contents(text).slice(0, 1) })),
];

/** Words that the emulator knows, with their shares of the creates. */
const WORDS: readonly (readonly [share: number, word: string])[] = [
  [0.06, 'fail-please'],
  [0.04, 'forbidden-later'],
  [0.02, 'throttled-later'],
  [0.01, 'stuck-please'],
  [0.08, 'no-deduction-please'],
  [0.06, 'no-addresses-please'],
  [0.08, 'older-please'],
  [0.02, 'forbidden-at-create'],
];

/** What meets a create, with its share. */
const FAULTS: readonly (readonly [share: number, fault: FaultOrder])[] = [
  [0.02, { kind: 'reset_after_charge' }],
  [0.02, { kind: 'reset_before_charge' }],
  [0.02, { kind: '5xx_after_charge' }],
  [0.01, { kind: 'html_after_charge' }],
  [0.02, { kind: 'truncate' }],
  [0.01, { kind: 'missing_task_id' }],
  [0.01, { kind: 'no_answer_after_charge' }],
  // Few: after several of them creates pause, and are no tasks.
  [0.002, { kind: 'code', code: 1303 }],
  [0.02, { kind: 'latency', ms: 2_000 }],
  // Its look-ups find nothing for five minutes: released too soon, it would be a false release.
  [0.04, { kind: 'late_task', code: 5002, ms: 300_000 }],
  [0.01, { kind: 'late_task', code: 5001, ms: 60_000 }],
  [0.04, { kind: 'charge_units', units: 7.3 }],
];

export interface Scene {
  tag: string;
  word: string | null;
  fault: FaultOrder | null;
  path: string;
  body: Record<string, unknown>;
  /** Whether the caller gave an address for callbacks of its own. */
  hasOwnUrl: boolean;
  /** The status and the task that the caller got; 0 if its connection ended without an answer. */
  status: number | null;
  taskId: string | null;
}

/** Makes the scene of an index; the same random numbers make the same one. */
export function makeScene(index: number, random: () => number, ownUrl: string): Scene {
  const tag = `w${index}x`;
  const kind = KINDS[Math.floor(random() * KINDS.length)];
  if (kind === undefined) throw new Error('no kind');
  // The first task of a story never ends, so that each story has one.
  const word = index === 0 ? 'stuck-please' : drawn(WORDS, random());
  const fault = index === 0 ? null : drawn(FAULTS, random());
  const body = kind.body(word === null ? `a paper boat, ${tag}` : `a paper boat, ${tag} ${word}`);
  const hasOwnUrl = random() < 0.15;
  const given = hasOwnUrl ? { callback_url: `${ownUrl}/${tag}` } : {};
  const options = kind.isNew && hasOwnUrl ? { options: given } : given;
  return {
    tag,
    word,
    fault:
      fault === null ? null : { ...fault, match: { method: 'POST', path: kind.path, bodyIncludes: tag } },
    path: kind.path,
    body: { ...body, ...options },
    hasOwnUrl,
    status: null,
    taskId: null,
  };
}

function drawn<T>(rows: readonly (readonly [share: number, value: T])[], number: number): T | null {
  let left = number;
  for (const [share, value] of rows) {
    if (left < share) return value;
    left -= share;
  }
  return null;
}
