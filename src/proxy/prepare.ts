/**
 * From a body as received to the bytes that are sent, and their price.
 *
 * **Invariant**: the bytes that are priced are the bytes that are sent. An injected id is written into the checked
 * body, and the whole check and the price are made again from the result. In `observe` mode nothing is edited, and a
 * body that `protect` would refuse goes as it came, held at the price of an unknown route.
 */
import { createHash, subtle } from 'node:crypto';
import type { Clock } from '../clock.ts';
import { SidecarError } from '../errors.ts';
import { newId } from '../ids.ts';
import { injectInPlace, readExternalId, undoInPlace } from '../kling/external-id.ts';
import { priceCreate, type CreatePrice } from '../kling/price.ts';
import { memberOf, scanBody, textOf, type JsonObject } from '../kling/strict-json.ts';
import type { KlingRoute } from '../kling/routes.ts';
import type { RepeatGuard } from '../ledger/ledger.ts';
import { previewPrompt } from '../tasks/mask.ts';
import type { BodyBuffer } from './body.ts';
import type { Caller } from './caller.ts';
import type { ProxySettings } from './settings.ts';

/** Bodies above this are hashed off the event loop. */
const HASH_INLINE_BYTES_MAX = 262_144;
const JSON_TYPE = /^application\/json(?:\s*;\s*charset=(?:"utf-8"|utf-8))?\s*$/i;

export interface PrepareInput {
  route: KlingRoute;
  path: string;
  headers: ReadonlyMap<string, string>;
  body: BodyBuffer;
  caller: Caller;
  settings: ProxySettings;
  /** False on routes where Kling refused the field. */
  mayInject: boolean;
  clock: Clock;
  /** Told of what `observe` lets pass. */
  onWouldRefuse: (error: SidecarError) => void;
  /** Told where `observe` left out the task id that `protect` would have added. */
  onWouldEdit: () => void;
}

export interface PreparedCreate {
  /** What is sent. */
  bytes: Uint8Array;
  /**
   * Puts the body back as it came in, where an id was written into it: what is sent if Kling refuses the field. The
   * two share their memory, so `bytes` are gone then.
   */
  original: (() => Uint8Array) | null;
  price: CreatePrice;
  externalTaskId: string | null;
  guard: RepeatGuard | null;
  prompt: { hash: string; preview: string } | null;
}

/**
 * Checks, prices and completes a create's body.
 * @throws SidecarError `media_type_refused`, `body_refused` (in `protect` mode only).
 */
export async function prepareCreate(input: PrepareInput): Promise<PreparedCreate> {
  const received = input.body.buffer.subarray(input.body.start, input.body.end);
  try {
    checkMediaType(input.headers);
    const body = scanBody(received);
    return await priced(input, received, body);
  } catch (error) {
    if (input.settings.mode === 'protect' || !(error instanceof SidecarError)) throw error;
    input.onWouldRefuse(error);
    return unchecked(input, received);
  }
}

async function priced(input: PrepareInput, received: Buffer, body: JsonObject): Promise<PreparedCreate> {
  const { route, settings, caller } = input;
  const first = priceOf(input, received, body);
  const own = readExternalId(received, body, route);
  const guard = await guardOf(input, received, own);
  const prompt = promptOf(received, body, settings.promptPreviewChars);
  const may = caller.settings?.injectExternalTaskId ?? settings.injectExternalTaskId;
  const isWanted = own === null && may && route.knowsExternalId && input.mayInject;
  if (isWanted && settings.mode === 'observe') input.onWouldEdit();
  if (!isWanted || settings.mode === 'observe') {
    const known = own !== null && route.knowsExternalId ? own : null;
    return { bytes: received, original: null, price: first, externalTaskId: known, guard, prompt };
  }
  const id = newId('ks', input.clock.now());
  const { buffer, start, end } = input.body;
  const edited = injectInPlace({ buffer, start, end, body, route, id });
  const bytes = buffer.subarray(edited.start, edited.end);
  const rescanned = scanBody(bytes, { trusted: true });
  const price = priceOf(input, bytes, rescanned);
  if (price.credits !== first.credits || readExternalId(bytes, rescanned, route) !== id) {
    throw new SidecarError(
      'body_refused',
      'The body changes its price or meaning when a task id is added to it.',
    );
  }
  const original = (): Uint8Array => undoInPlace(buffer, edited);
  return { bytes, original, price, externalTaskId: id, guard, prompt };
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

/** What is known of a create that passes unchecked in `observe` mode. */
async function unchecked(input: PrepareInput, received: Buffer): Promise<PreparedCreate> {
  const { route, settings } = input;
  const price: CreatePrice = {
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
  const guard = await guardOf(input, received, null);
  return { bytes: received, original: null, price, externalTaskId: null, guard, prompt: null };
}

/**
 * Checks for one plain JSON body, in UTF-8 and not compressed: anything else might be read differently by Kling, and is
 * what a web page may send without asking.
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

async function guardOf(
  input: PrepareInput,
  received: Buffer,
  own: string | null,
): Promise<RepeatGuard | null> {
  const { idempotencyKey } = input.caller;
  if (idempotencyKey === null && own === null) return null;
  const head = `POST ${input.path}\n`;
  return { idempotencyKey, callerTaskId: own, fingerprint: await fingerprint(head, received) };
}

async function fingerprint(head: string, body: Buffer): Promise<string> {
  if (body.length <= HASH_INLINE_BYTES_MAX) {
    return createHash('sha256').update(head).update(body).digest('hex');
  }
  const inner = Buffer.from(await subtle.digest('SHA-256', body as Uint8Array<ArrayBuffer>));
  return createHash('sha256').update(head).update(inner).digest('hex');
}

function promptOf(bytes: Uint8Array, body: JsonObject, chars: number): PreparedCreate['prompt'] {
  const node = memberOf(body, 'prompt') ?? memberOf(body, 'text');
  if (node?.kind !== 'string' || chars === 0) return null;
  const text = textOf(bytes, node);
  return text === '' ? null : previewPrompt(text, chars);
}
