/**
 * The identity of an imported line, by which a second import recognises the call: its own id (a sidecar's export), else
 * (source, request id, attempt), else its content and how often that content came before in the file. Kling's own request
 * id and the attempt belong to the content if the line gives them.
 *
 * **Invariant**: identities are kept for ever, so no change of these rules may change the identity of a line without
 * `klingRequestId` and with `attempt` 1. 0.1.0 left both out; for lines that have them, `older` is the identity of 0.1.0,
 * and a call that was imported under it is recognised.
 */
import { hash } from 'node:crypto';
import type { Ms } from '../units.ts';
import type { LineFields } from './import-line.ts';
import { OccurrenceCounter } from './occurrences.ts';

const DAY_MS: Ms = 86_400_000;

/** A key among the identities that the store keeps. */
export interface IdentityKey {
  /** The day of a content (days since 1970), so that neighbours lie together; 0 for an id, which needs no day. */
  day: number;
  /** The first 12 bytes of the identity's hash, in hex. */
  digest: string;
}

/** The fields by which a second import recognises a call. */
export interface CallIdentity extends IdentityKey {
  /** The store that exported the line, if a sidecar did. */
  exportedBy: string | null;
  /** The key of 0.1.0 for the call, if that is another. */
  older: IdentityKey | null;
}

/** How often a line came before in its file: 0 for lines that name their call. */
export interface Repeats {
  repeat: number;
  /** The same without its `klingRequestId` and `attempt`. */
  olderRepeat: number;
}

/** Gives the identity of a call. */
export function identityOf(fields: LineFields, source: string, repeats: Repeats): CallIdentity {
  const { id, requestId, at } = fields;
  if (id !== null) return { day: 0, digest: digestOf(['id', id]), exportedBy: fields.source, older: null };
  const day = requestId === null ? Math.floor(at / DAY_MS) : 0;
  const plain = plainParts(fields, source);
  const isPlain = !isMarked(fields);
  const plainRepeat = isPlain ? repeats.repeat : repeats.olderRepeat;
  const older = { day, digest: digestOf(requestId === null ? [...plain, plainRepeat] : plain) };
  if (isPlain) return { ...older, exportedBy: null, older: null };
  const own = [...markedParts(fields, plain), ...(requestId === null ? [repeats.repeat] : [])];
  return { day, digest: digestOf(own), exportedBy: null, older };
}

/** Gives the journal's id of a call that has no id but its identity. */
export function importedId({ digest }: IdentityKey): string {
  return `imp_${digest}00`;
}

/** Whether the line has something that 0.1.0 left out of its identity. */
function isMarked({ requestId, givenKlingId, attempt }: LineFields): boolean {
  return (givenKlingId !== null && givenKlingId !== requestId) || (requestId === null && attempt > 1);
}

type Part = string | number | null;

function plainParts(fields: LineFields, source: string): Part[] {
  const { requestId, attempt } = fields;
  const from = fields.source ?? source;
  return requestId === null
    ? ['content', hash('sha256', contentOf(from, fields), 'base64')]
    : ['request', from, requestId, attempt];
}

function markedParts({ givenKlingId, attempt }: LineFields, plain: Part[]): Part[] {
  return ['marked', givenKlingId, attempt, ...plain];
}

/** Counts how often the content of a line without an id came before in the file. */
export class RepeatCounter {
  readonly #source: string;
  readonly #seen = new OccurrenceCounter();

  constructor(source: string) {
    this.#source = source;
  }

  count(fields: LineFields): Repeats {
    if (fields.id !== null || fields.requestId !== null) return { repeat: 0, olderRepeat: 0 };
    const plain = plainParts(fields, this.#source);
    const olderRepeat = this.#count(plain);
    return { repeat: isMarked(fields) ? this.#count(markedParts(fields, plain)) : olderRepeat, olderRepeat };
  }

  #count(parts: Part[]): number {
    return this.#seen.count(hash('sha256', JSON.stringify(parts), 'buffer'));
  }
}

function digestOf(identity: Part[]): string {
  return hash('sha256', JSON.stringify(identity), 'hex').slice(0, 24);
}

/** The content by which two lines are equal. It must not change: files that were imported before would be imported again. */
function contentOf(source: string, fields: LineFields): string {
  const { at, method, path, status, error, blame, latencyMs, code, app, hostText, taskId, tag, origin } =
    fields;
  return JSON.stringify([
    ['content', source, at, method, path, status, error, blame],
    [latencyMs, code, app, hostText, taskId, tag, origin],
  ]);
}
