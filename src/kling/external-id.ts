/**
 * Reads the external task id in a create's body, or adds one by an edit of the bytes.
 *
 * The legacy generation has it at the top level, the new one in `options`. Absent, null and `""` all mean none.
 *
 * **Invariant**: an edited body parses to the same object plus the id; no other byte changes. The caller scans and
 * prices the result again.
 */
import { SidecarError } from '../errors.ts';
import type { KlingRoute } from './routes.ts';
import { memberOf, textOf, type JsonNode, type JsonObject } from './strict-json.ts';

/** Free bytes that {@link injectInPlace} needs before a body. */
export const HEADROOM_BYTES = 256;

const FIELD = 'external_task_id';
const SAFE_ID = /^[A-Za-z0-9_-]{1,64}$/;

/**
 * Gives the caller's own id; null if there is none or the route has no such field.
 * @throws SidecarError `body_refused` if the field or `options` has a type that Kling does not accept.
 */
export function readExternalId(bytes: Uint8Array, body: JsonObject, route: KlingRoute): string | null {
  if (!route.knowsExternalId) return null;
  const holder = holderOf(body, route);
  const node = holder === null ? undefined : memberOf(holder, FIELD);
  if (node === undefined || node.kind === 'null') return null;
  if (node.kind !== 'string') refuseType(FIELD, node.kind, 'a string');
  const id = textOf(bytes, node);
  return id === '' ? null : id;
}

/** One replacement: `text` replaces `bytes[from, to)`. */
interface Edit {
  from: number;
  to: number;
  text: string;
}

/**
 * Writes an id into a body that has none and gives the new bytes.
 * @throws SidecarError `body_refused` like {@link readExternalId}.
 */
export function injectExternalId(
  bytes: Uint8Array,
  body: JsonObject,
  route: KlingRoute,
  id: string,
): Uint8Array {
  const { from, to, text } = planEdit(body, route, id);
  const edited = Buffer.allocUnsafe(bytes.length - (to - from) + text.length);
  edited.set(bytes.subarray(0, from), 0);
  edited.write(text, from, 'latin1');
  edited.set(bytes.subarray(to), from + text.length);
  return edited;
}

export interface InPlace {
  /** Holds the body in `[start, end)` and {@link HEADROOM_BYTES} free bytes before it. */
  buffer: Buffer;
  start: number;
  end: number;
  /** The scan of `buffer.subarray(start, end)`. */
  body: JsonObject;
  route: KlingRoute;
  id: string;
}

/** The bounds of an edited body, and the bytes that its edit replaced. */
export interface EditedInPlace {
  start: number;
  end: number;
  /** From `start` to the edit. */
  prefixBytes: number;
  insertedBytes: number;
  removed: Uint8Array;
}

/**
 * Writes an id into a body in place: moves the bytes before the edit to the left, and gives the new bounds.
 * @throws RangeError if the headroom is too small.
 */
export function injectInPlace(given: InPlace): EditedInPlace {
  const { buffer, start, end, body, route, id } = given;
  const { from, to, text } = planEdit(body, route, id);
  const moved = start - (text.length - (to - from));
  if (moved < 0)
    throw new RangeError(`${HEADROOM_BYTES} free bytes are needed before the body, not ${start}`);
  const removed = Buffer.from(buffer.subarray(start + from, start + to));
  buffer.copyWithin(moved, start, start + from);
  buffer.write(text, moved + from, 'latin1');
  return { start: moved, end, prefixBytes: from, insertedBytes: text.length, removed };
}

/** Undoes an edit in place, and gives the received body. */
export function undoInPlace(buffer: Buffer, edited: EditedInPlace): Buffer {
  const { start, end, prefixBytes, insertedBytes, removed } = edited;
  const restored = start + insertedBytes - removed.length;
  buffer.copyWithin(restored, start, start + prefixBytes);
  buffer.set(removed, restored + prefixBytes);
  return buffer.subarray(restored, end);
}

/**
 * Returns whether `after`, the scan of an edited body, has every name and value of `before` at the place to which its bytes
 * were moved, and nothing else but the id. What does not depend on the id, such as the price, is then the same for both.
 * False also where the edit had to add `options`.
 */
export function isSameButId(
  before: JsonObject,
  after: JsonObject,
  { route, edited }: { route: KlingRoute; edited: EditedInPlace },
): boolean {
  if (route.generation !== 'new') return new Moved(edited).hasSameMembers(before, after);
  return new Moved(edited).isSame(before, after, memberOf(before, 'options'));
}

/** Compares nodes of a body with those of its edited form. */
class Moved {
  /** The first byte that lies behind the edit in the body before it. */
  readonly #behind: number;
  readonly #byBytes: number;

  constructor({ prefixBytes, insertedBytes, removed }: EditedInPlace) {
    this.#behind = prefixBytes + removed.length;
    this.#byBytes = insertedBytes - removed.length;
  }

  /** @param holder - The object of `before` that the id was written into, where it is in this node. */
  isSame(before: JsonNode, after: JsonNode, holder?: JsonNode): boolean {
    const isMoved =
      before.kind === after.kind &&
      before.escaped === after.escaped &&
      this.#place(before.start) === after.start &&
      this.#place(before.end) === after.end;
    if (!isMoved) return false;
    if (before === holder) return this.hasSameMembers(before, after);
    if (before.names.length !== after.names.length || before.values.length !== after.values.length)
      return false;
    for (let i = 0; i < before.values.length; i += 1) {
      const [one, other] = [before.values[i], after.values[i]];
      if (before.names[i] !== after.names[i] || !one || !other || !this.isSame(one, other, holder))
        return false;
    }
    return true;
  }

  /** Compares the members of two objects but the id, which only `after` needs to have. */
  hasSameMembers(before: JsonNode, after: JsonNode): boolean {
    let at = 0;
    for (let i = 0; i < after.names.length; i += 1) {
      if (after.names[i] === FIELD) continue;
      if (before.names[at] === FIELD) at += 1;
      const [one, other] = [before.values[at], after.values[i]];
      if (before.names[at] !== after.names[i] || !one || !other || !this.isSame(one, other)) return false;
      at += 1;
    }
    return at + (before.names[at] === FIELD ? 1 : 0) === before.names.length;
  }

  /** Where a byte, or the end of a node, of the body before lies in the edited one. */
  #place(at: number): number {
    return at < this.#behind ? at : at + this.#byBytes;
  }
}

function planEdit(body: JsonObject, route: KlingRoute, id: string): Edit {
  if (!SAFE_ID.test(id)) throw new RangeError('an injected id is 1 to 64 of A-Z, a-z, 0-9, _ and -');
  const member = `"${FIELD}":"${id}"`;
  if (route.generation !== 'new') return edit(body, id, member);
  const options = memberOf(body, 'options');
  if (options === undefined) return insertFirst(body, `"options":{${member}}`);
  if (options.kind === 'null') return { from: options.start, to: options.end, text: `{${member}}` };
  if (options.kind !== 'object') refuseType('options', options.kind, 'an object');
  return edit(options, id, member);
}

function edit(holder: JsonNode, id: string, member: string): Edit {
  const present = memberOf(holder, FIELD);
  if (present === undefined) return insertFirst(holder, member);
  return { from: present.start, to: present.end, text: `"${id}"` };
}

function insertFirst(holder: JsonNode, member: string): Edit {
  const at = holder.start + 1;
  return { from: at, to: at, text: holder.names.length === 0 ? member : `${member},` };
}

function holderOf(body: JsonObject, route: KlingRoute): JsonNode | null {
  if (route.generation !== 'new') return body;
  const options = memberOf(body, 'options');
  if (options === undefined || options.kind === 'null') return null;
  if (options.kind !== 'object') refuseType('options', options.kind, 'an object');
  return options;
}

function refuseType(field: string, kind: string, allowed: string): never {
  throw new SidecarError(
    'body_refused',
    `The body's ${field} is of type ${kind}; it must be ${allowed} or absent.`,
    {
      detail: { rule: 'type', place: field },
    },
  );
}
