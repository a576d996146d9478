/**
 * From a received body to the bytes that are sent, and their price.
 *
 * **Invariant**: the priced bytes are the bytes that are sent. Fields of ours are written into the checked body, and the whole
 * result is scanned again. If all other names and values are unchanged, the price is kept; else it is made again. In `observe`
 * mode nothing is edited, and a body that `protect` would refuse is sent unchanged, with the hold of an unknown route.
 */
import { createHash, subtle } from 'node:crypto';
import type { Clock } from '../clock.ts';
import { SidecarError } from '../errors.ts';
import type { CreateLabels } from '../facts.ts';
import { newId } from '../ids.ts';
import { canonicalHash, HASH_INLINE_BYTES_MAX } from '../kling/canonical-hash.ts';
import { readExternalId, type OwnField } from '../kling/own-fields.ts';
import { priceCreate, type CreatePrice } from '../kling/price.ts';
import { memberOf, scanBody, textOf, type JsonObject } from '../kling/strict-json.ts';
import type { KlingRoute } from '../kling/routes.ts';
import type { RepeatGuard } from '../ledger/ledger.ts';
import { previewPrompt } from '../tasks/mask.ts';
import type { MilliCredits } from '../units.ts';
import type { BodyBuffer } from './body.ts';
import type { Caller } from './caller.ts';
import { OwnEdit, wantedCallback, type WantedCallback } from './own-edit.ts';
import type { ProxySettings } from './settings.ts';

const JSON_TYPE = /^application\/json(?:\s*;\s*charset=(?:"utf-8"|utf-8))?\s*$/i;

export interface PrepareInput {
  route: KlingRoute;
  path: string;
  headers: ReadonlyMap<string, string>;
  body: BodyBuffer;
  caller: Caller;
  settings: ProxySettings;
  /** The credits that are held if no price is known. */
  unpricedCredits: MilliCredits;
  /** False on routes where Kling refused that field. */
  mayInject: (field: OwnField) => boolean;
  /** The id of a task retry, which replaces any other; it is no repeat of its first create. Null for a create of an app. */
  retryTaskId: string | null;
  /** The largest body of which a copy is kept for a task retry, in bytes; 0 keeps none. */
  keptBytesMax: number;
  clock: Clock;
  /** The clock by which holds are dated. */
  dated: Pick<Clock, 'now'>;
  /** Called with a refusal that `observe` does not carry out. */
  onWouldRefuse: (error: SidecarError) => void;
  /** Called if `observe` left out the task id that `protect` would have added. */
  onWouldEdit: () => void;
}

/** A create with a checked, priced and complete body: the bytes to send, the price to hold, and its fingerprint. */
export interface Prepared {
  /** The bytes that are sent. */
  readonly bytes: Uint8Array;
  /** The fields of ours in `bytes`; null if there are none. */
  readonly own: OwnEdit | null;
  /** The hold's id, if the address in `bytes` is made of it; else the admission makes one. */
  readonly holdId: string | null;
  /** The caller's own address for callbacks, if ours took its place. */
  readonly relayTo: string | null;
  readonly price: CreatePrice;
  readonly labels: CreateLabels;
  /** The credits to hold: its price, or the hold of a create without a price. */
  readonly credits: MilliCredits;
  /** The id in `bytes`: the caller's own, or the one that was added. */
  readonly externalTaskId: string | null;
  /** Null if the caller sent nothing that identifies a repeat, or if it is not used. */
  readonly guard: RepeatGuard | null;
  /**
   * The same for every equal request (kling/canonical-hash.ts): a caller's retry is known by it. Null with an idempotency key,
   * which says more, and in `observe` mode.
   */
  readonly joinHash: string | null;
  readonly prompt: { hash: string; preview: string } | null;
  /** A copy of the received body, if it is kept for a task retry. */
  readonly kept: Uint8Array | null;
}

/** A received body after checking and pricing. */
interface Checked {
  received: Buffer;
  /** Null if `observe` sends a body unchecked. */
  body: JsonObject | null;
  price: CreatePrice;
  /** The caller's own external task id. */
  own: string | null;
}

/**
 * Checks, prices and completes a create's body; a promise only if a large body must be hashed.
 * @throws SidecarError `media_type_refused`, `body_refused` (in `protect` mode only).
 */
export function prepareCreate(input: PrepareInput): Prepared | Promise<Prepared> {
  const checked = check(input);
  // Both hashes are of the received body: the edit uses the same memory.
  const guard = guardOf(input, checked);
  const joinHash = joinHashOf(input, checked);
  if (!(guard instanceof Promise) && !(joinHash instanceof Promise))
    return complete(input, checked, { guard, joinHash });
  return Promise.all([guard, joinHash]).then(([made, hashed]) =>
    complete(input, checked, { guard: made, joinHash: hashed }),
  );
}

function guardOf(
  { path, caller: { idempotencyKey }, retryTaskId }: PrepareInput,
  { received, own: callerTaskId }: Checked,
): RepeatGuard | null | Promise<RepeatGuard> {
  if ((idempotencyKey === null && callerTaskId === null) || retryTaskId !== null) return null;
  const hash = fingerprint(`POST ${path}\n`, received);
  const guard = { idempotencyKey, callerTaskId };
  if (typeof hash === 'string') return { ...guard, fingerprint: hash };
  return hash.then((made) => ({ ...guard, fingerprint: made }));
}

function joinHashOf(
  { route, path, caller, settings, retryTaskId }: PrepareInput,
  { received, body }: Checked,
): string | null | Promise<string> {
  if (body === null || caller.idempotencyKey !== null || settings.mode === 'observe') return null;
  if (retryTaskId !== null) return null;
  return canonicalHash({ route, method: 'POST', path, bytes: received, body });
}

function check(input: PrepareInput): Checked {
  const received = input.body.buffer.subarray(input.body.start, input.body.end);
  try {
    checkMediaType(input.headers);
    const body = scanBody(received);
    const price = priceOf(input, received, body);
    return { received, body, price, own: readExternalId(received, body, input.route) };
  } catch (error) {
    if (input.settings.mode === 'protect' || !(error instanceof SidecarError)) throw error;
    input.onWouldRefuse(error);
    return { received, body: null, price: uncheckedPrice(input), own: null };
  }
}

/** Adds the fields of ours that are wanted; the rest of the body is unchanged. */
function complete(
  input: PrepareInput,
  checked: Checked,
  repeats: Pick<Prepared, 'guard' | 'joinHash'>,
): Prepared {
  const { received, body } = checked;
  const { caller, settings } = input;
  const prompt = body && promptOf(received, body, settings.promptPreviewChars);
  const isKept = received.length > 0 && received.length <= input.keptBytesMax;
  const kept = isKept ? new Uint8Array(received) : null;
  const wanted = wantedFields(input, checked);
  const { price, ...sent } =
    body !== null && wanted ? withOwnFields(input, { ...checked, body }, wanted) : unchanged(checked);
  const { operation, model, mode } = price;
  return {
    ...sent,
    price,
    labels: { app: caller.app, operation, model, mode },
    credits: price.credits ?? input.unpricedCredits,
    ...repeats,
    prompt,
    kept,
  };
}

type Completed = Pick<Prepared, 'bytes' | 'own' | 'externalTaskId' | 'holdId' | 'relayTo' | 'price'>;

function unchanged({ received, price, own }: Checked): Completed {
  return { bytes: received, own: null, externalTaskId: own, holdId: null, relayTo: null, price };
}

/** What is to be written into a body. */
interface Wanted {
  isId: boolean;
  callback: WantedCallback | null;
}

/** Gives what is to be written into a body; null for nothing, and always in `observe` mode. */
function wantedFields(input: PrepareInput, { received, body, own, price }: Checked): Wanted | null {
  const { route, settings, caller } = input;
  if (body === null || !route.knowsExternalId) return null;
  const may = caller.settings?.injectExternalTaskId ?? settings.injectExternalTaskId;
  // Kling takes an id once: the caller's own is that of the first create.
  const isId = own === null ? may && input.mayInject('external_task_id') : input.retryTaskId !== null;
  if (settings.mode === 'observe') {
    if (isId) input.onWouldEdit();
    return null;
  }
  const { callbacks } = settings;
  const callback =
    callbacks !== null && input.mayInject('callback_url')
      ? wantedCallback(callbacks, { bytes: received, body, route, notes: price.notes })
      : null;
  return isId || callback !== null ? { isId, callback } : null;
}

/**
 * Writes fields of ours into a body, and checks the whole result.
 * @throws SidecarError `body_refused` if it is no longer the create that was priced.
 */
function withOwnFields(
  input: PrepareInput,
  { body, own, price: first }: Checked & { body: JsonObject },
  { isId, callback }: Wanted,
): Completed {
  const { route, settings } = input;
  const id = isId ? (input.retryTaskId ?? newId('ks', input.clock.now())) : null;
  const holdId = callback === null ? null : newId('hold', input.dated.now());
  const url = holdId === null ? null : (settings.callbacks?.urlFor(holdId) ?? null);
  const edit = new OwnEdit({ ...input.body, body, route }, { externalTaskId: own, id, url });
  const { bytes, scanned } = edit;
  // No price depends on these fields: the same other names and values have the same price.
  const price = edit.isSameElse ? first : priceOf(input, bytes, scanned);
  if (price.credits !== first.credits || !edit.isAsWritten) {
    throw new SidecarError(
      'body_refused',
      'The body changes its price or meaning when fields of ours are added to it.',
    );
  }
  return {
    bytes,
    own: edit,
    externalTaskId: edit.externalTaskId,
    holdId,
    relayTo: callback?.relayTo ?? null,
    price,
  };
}

function priceOf(input: PrepareInput, bytes: Uint8Array, body: JsonObject): CreatePrice {
  const { route, settings, caller } = input;
  const isTrusted = caller.settings?.trustExpectedSeconds ?? settings.trustExpectedSeconds;
  const expectedSeconds = isTrusted ? caller.expectedSeconds : null;
  const price = priceCreate({ route, bytes, body, options: settings.pricing, expectedSeconds });
  if (!isTrusted && caller.expectedSeconds !== null && price.basis === 'assumed')
    price.notes.push('x-kling-expected-seconds is not used: creates.trustExpectedSeconds is false');
  return price;
}

/** The hold of a create that `observe` mode sends unchecked. */
function uncheckedPrice({ route, settings }: PrepareInput): CreatePrice {
  return {
    credits: settings.unknownRouteCredits,
    basis: 'unknown',
    operation: route.operation,
    model: null,
    mode: null,
    product: route.product,
    durationSeconds: null,
    weight: 1,
    flags: ['unchecked_body'],
    unpricedFields: [],
    costFields: [],
    notes: ['the body was not read: it is held as a route without a price'],
    assumedFrom: null,
    rule: 'unchecked body in observe mode',
  };
}

/**
 * Checks for one plain JSON body, in UTF-8 and not compressed: Kling might read other bodies differently, and a web page may send
 * them without a preflight.
 * @throws SidecarError `media_type_refused`.
 */
export function checkMediaType(headers: ReadonlyMap<string, string>): void {
  const type = headers.get('content-type');
  if (type === undefined || !JSON_TYPE.test(type)) {
    const shown = type === undefined ? 'no Content-Type' : `Content-Type ${type.slice(0, 80)}`;
    throw new SidecarError(
      'media_type_refused',
      `The body of a POST must be application/json in UTF-8; it came with ${shown}.`,
    );
  }
  const encoding = headers.get('content-encoding');
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
    throw new SidecarError(
      'media_type_refused',
      `The body of a POST may not be compressed; it came with Content-Encoding ${encoding.slice(0, 40)}.`,
    );
  }
}

/** Hashes the head of a request and its body; a large body off the event loop, and so later. */
function fingerprint(head: string, body: Buffer): string | Promise<string> {
  const hashed = (part: Uint8Array): string => createHash('sha256').update(head).update(part).digest('hex');
  if (body.length <= HASH_INLINE_BYTES_MAX) return hashed(body);
  return subtle.digest('SHA-256', body as Uint8Array<ArrayBuffer>).then((it) => hashed(new Uint8Array(it)));
}

function promptOf(bytes: Uint8Array, body: JsonObject, chars: number): Prepared['prompt'] {
  const node = memberOf(body, 'prompt') ?? memberOf(body, 'text');
  if (node?.kind !== 'string' || chars === 0) return null;
  const text = textOf(bytes, node);
  return text === '' ? null : previewPrompt(text, chars);
}
