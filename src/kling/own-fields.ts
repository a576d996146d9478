/**
 * The two fields that the sidecar may write into a create's body: the external task id, by which it finds the task again, and the
 * address for callbacks.
 *
 * The legacy generation has them at the top level, the new one in `options`. Absent, null and `""` all mean none.
 *
 * **Invariant**: an edited body parses to the same object plus the fields; no other byte changes. The caller scans and
 * prices the result again.
 */
import { SidecarError } from '../errors.ts';
import type { KlingRoute } from './routes.ts';
import { memberOf, textOf, type JsonNode, type JsonObject } from './strict-json.ts';

/** Free bytes that {@link injectInPlace} needs before a body. */
export const HEADROOM_BYTES = 512;

const ID_FIELD = 'external_task_id';
const CALLBACK_FIELD = 'callback_url';
/** In the order in which they are written. */
const FIELDS = [ID_FIELD, CALLBACK_FIELD] as const;
export type OwnField = (typeof FIELDS)[number];

/** The values to write. */
export type OwnFields = Readonly<Partial<Record<OwnField, string>>>;

/** Texts that need no escape in JSON; together they fit into the headroom. */
const SAFE: Readonly<Record<OwnField, { pattern: RegExp; meaning: string }>> = {
  external_task_id: { pattern: /^[A-Za-z0-9_-]{1,64}$/, meaning: '1 to 64 of A-Z, a-z, 0-9, _ and -' },
  callback_url: {
    pattern: /^[!#-[\]-~]{1,320}$/,
    meaning: '1 to 320 of ASCII without quotes and backslashes',
  },
};

/**
 * Gives the caller's own external task id; null if there is none or the route has no such field.
 * @throws SidecarError `body_refused` if the field or `options` has a type that Kling does not accept.
 */
export function readExternalId(bytes: Uint8Array, body: JsonObject, route: KlingRoute): string | null {
  return readField(bytes, { body, route }, ID_FIELD);
}

/**
 * Gives the caller's own address for callbacks, as {@link readExternalId} does.
 * @throws SidecarError `body_refused`.
 */
export function readCallbackUrl(bytes: Uint8Array, body: JsonObject, route: KlingRoute): string | null {
  return readField(bytes, { body, route }, CALLBACK_FIELD);
}

/** Routes that know one of the fields know both: Kling 4.0 and synchronous creates know none (kling-api.md, sections 3 and 15). */
function readField(
  bytes: Uint8Array,
  { body, route }: { body: JsonObject; route: KlingRoute },
  field: OwnField,
): string | null {
  if (!route.knowsExternalId) return null;
  const holder = holderOf(body, route);
  const node = holder === null ? undefined : memberOf(holder, field);
  if (node === undefined || node.kind === 'null') return null;
  if (node.kind !== 'string') refuseType(field, node.kind, 'a string');
  const text = textOf(bytes, node);
  return text === '' ? null : text;
}

/** One replacement: `text` replaces `bytes[from, to)`. */
interface Edit {
  from: number;
  to: number;
  text: string;
}

export interface InPlace {
  /** Holds the body in `[start, end)` and {@link HEADROOM_BYTES} free bytes before it. */
  buffer: Buffer;
  start: number;
  end: number;
  /** The scan of `buffer.subarray(start, end)`. */
  body: JsonObject;
  route: KlingRoute;
  fields: OwnFields;
}

/** The bounds of an edited body, and the bytes that its edits replaced. */
export interface EditedInPlace {
  start: number;
  end: number;
  /** In the order in which they were made: the last place first. */
  edits: readonly {
    /** From the beginning of the body to the edit. */
    prefixBytes: number;
    insertedBytes: number;
    removed: Uint8Array;
  }[];
}

/**
 * Writes fields into a body in place: moves the bytes before each edit, and gives the new bounds.
 * @throws RangeError if the headroom is too small, or if a value would need an escape.
 * @throws SidecarError `body_refused` like {@link readExternalId}.
 */
export function injectInPlace({ buffer, start, end, body, route, fields }: InPlace): EditedInPlace {
  const planned = planEdits(body, route, fields);
  // From the last to the first: so no edit moves the place of the next one.
  if (planned.length > 1) planned.sort((one, other) => other.from - one.from);
  let moved = start;
  for (const { from, to, text } of planned) moved -= text.length - (to - from);
  if (moved < 0)
    throw new RangeError(`${HEADROOM_BYTES} free bytes are needed before the body, not ${start}`);
  moved = start;
  const edits = [];
  for (const { from, to, text } of planned) {
    const removed = Buffer.from(buffer.subarray(moved + from, moved + to));
    const next = moved - (text.length - (to - from));
    buffer.copyWithin(next, moved, moved + from);
    buffer.write(text, next + from, 'latin1');
    moved = next;
    edits.push({ prefixBytes: from, insertedBytes: text.length, removed });
  }
  return { start: moved, end, edits };
}

/** Undoes an edit in place, and gives the received body. */
export function undoInPlace(buffer: Buffer, { start, end, edits }: EditedInPlace): Buffer {
  let at = start;
  for (const { prefixBytes, insertedBytes, removed } of edits.toReversed()) {
    const restored = at + insertedBytes - removed.length;
    buffer.copyWithin(restored, at, at + prefixBytes);
    buffer.set(removed, restored + prefixBytes);
    at = restored;
  }
  return buffer.subarray(at, end);
}

/**
 * Returns whether `after`, the scan of an edited body, has every name and value of `before` at the place to which its bytes
 * were moved, and nothing else but the fields. What does not depend on them, such as the price, is then the same for both.
 * False also where the edit had to add `options`.
 */
export function isSameButOwn(
  before: JsonObject,
  after: JsonObject,
  { route, fields, edited }: { route: KlingRoute; fields: OwnFields; edited: EditedInPlace },
): boolean {
  const moved = new Moved(edited, fields);
  if (route.generation !== 'new') return moved.hasSameMembers(before, after);
  return moved.isSame(before, after, memberOf(before, 'options'));
}

/** Compares nodes of a body with those of its edited form. */
class Moved {
  /** Each edit: the first byte that lies behind it in the body before it, and by how much it moved that. */
  readonly #edits: readonly { behind: number; byBytes: number }[];
  readonly #fields: OwnFields;

  constructor({ edits }: EditedInPlace, fields: OwnFields) {
    this.#edits = edits.map(({ prefixBytes, insertedBytes, removed }) => ({
      behind: prefixBytes + removed.length,
      byBytes: insertedBytes - removed.length,
    }));
    this.#fields = fields;
  }

  /** @param holder - The object of `before` that the fields were written into, where it is in this node. */
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

  /** Compares the members of two objects but the fields, which only `after` needs to have. */
  hasSameMembers(before: JsonNode, after: JsonNode): boolean {
    let at = this.#afterOwn(before, 0);
    for (let i = this.#afterOwn(after, 0); i < after.names.length; i = this.#afterOwn(after, i + 1)) {
      const [one, other] = [before.values[at], after.values[i]];
      if (before.names[at] !== after.names[i] || !one || !other || !this.isSame(one, other)) return false;
      at = this.#afterOwn(before, at + 1);
    }
    return at === before.names.length;
  }

  /** Gives the place of the first member from `at` on that is no field of ours. */
  #afterOwn({ names }: JsonNode, at: number): number {
    let next = at;
    while (next < names.length && Object.hasOwn(this.#fields, names[next] ?? '')) next += 1;
    return next;
  }

  /** Where a byte, or the end of a node, of the body before lies in the edited one. */
  #place(at: number): number {
    let place = at;
    for (const { behind, byBytes } of this.#edits) if (at >= behind) place += byBytes;
    return place;
  }
}

/** Plans one edit for the fields that are added, and one for each that is present. */
function planEdits(body: JsonObject, route: KlingRoute, fields: OwnFields): Edit[] {
  for (const field of FIELDS) checkSafe(field, fields[field]);
  if (FIELDS.every((field) => fields[field] === undefined)) return [];
  if (route.generation !== 'new') return editsOf(body, fields);
  const options = memberOf(body, 'options');
  if (options === undefined) return [insertFirst(body, `"options":{${membersOf(fields)}}`)];
  if (options.kind === 'null')
    return [{ from: options.start, to: options.end, text: `{${membersOf(fields)}}` }];
  if (options.kind !== 'object') refuseType('options', options.kind, 'an object');
  return editsOf(options, fields);
}

function editsOf(holder: JsonNode, fields: OwnFields): Edit[] {
  const edits: Edit[] = [];
  let added = '';
  for (const field of FIELDS) {
    const value = fields[field];
    if (value === undefined) continue;
    const present = memberOf(holder, field);
    if (present) edits.push({ from: present.start, to: present.end, text: `"${value}"` });
    else added += memberText(added, field, value);
  }
  if (added !== '') edits.push(insertFirst(holder, added));
  return edits;
}

function membersOf(fields: OwnFields): string {
  let members = '';
  for (const field of FIELDS) {
    const value = fields[field];
    if (value !== undefined) members += memberText(members, field, value);
  }
  return members;
}

function memberText(before: string, field: OwnField, value: string): string {
  return `${before === '' ? '' : ','}"${field}":"${value}"`;
}

function insertFirst(holder: JsonNode, members: string): Edit {
  const at = holder.start + 1;
  return { from: at, to: at, text: holder.names.length === 0 ? members : `${members},` };
}

function checkSafe(field: OwnField, value: string | undefined): void {
  const { pattern, meaning } = SAFE[field];
  if (value !== undefined && !pattern.test(value)) throw new RangeError(`an injected ${field} is ${meaning}`);
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
