/**
 * Saves one file: asks for it, or for the rest of it, writes and hashes it, and gives it its name once it is whole.
 *
 * A part of an earlier try is gone on with by `Range` and `If-Range`, if its content has an ETag; where the content has changed,
 * or the server ignores ranges, it is begun anew. A file is whole if it has the length that was announced and its own form says
 * so; one that comes with the same bytes twice is believed, as other forms exist.
 *
 * **Invariant**: it gives no file that is shorter or longer than announced. One file is saved by one call at a time.
 */
import type { Clock } from '../clock.ts';
import { retryAfterOf } from '../retry.ts';
import type { DueFile } from '../tasks/result-file-table.ts';
import type { Ms } from '../units.ts';
import type { Dispatcher } from '../upstream/undici.ts';
import {
  codeOf,
  DownloadFailed,
  failureOf,
  follow,
  giveUp,
  headerOf,
  IDLE_MS,
  isOfDisk,
  lengthOf,
  watch,
  type DownloadFault,
  type DownloadRules,
} from './result-request.ts';
import type { KeptPart, ResultPart, ResultStore, SavedFile } from './result-store.ts';
import type { NoRoom, Reservation, Room } from './room.ts';
import { WholeMedia } from './whole-media.ts';

export interface SaveDeps {
  destination: ResultStore;
  room: Room;
  agent: Dispatcher;
  rules: DownloadRules & { bytesMax: number };
  clock: Clock;
  signal: AbortSignal;
  /** The hashes of files that looked cut though their length was right, by their names: the second time they are believed. */
  doubted: Map<string, string>;
}

/** A file that is whole and durable. */
export interface Saved extends SavedFile {
  contentType: string;
}

/** Why a file was not saved. `no_room`: see {@link NoRoom}. */
export class SaveFailed extends Error {
  override readonly name = 'SaveFailed';
  readonly reason: DownloadFault | NoRoom;
  /** The status of an answer that was no file; null without one. */
  readonly status: number | null;
  /** The wait that the server asks for; null if it asks for none. */
  readonly retryAfterMs: Ms | null;

  constructor(
    reason: DownloadFault | NoRoom,
    message: string,
    more: { status?: number; retryAfterMs?: Ms | null } = {},
  ) {
    super(message);
    this.reason = reason;
    this.status = more.status ?? null;
    this.retryAfterMs = more.retryAfterMs ?? null;
  }
}

/** What a download begins with: the answer, the part that its bytes go to, and the whole file's length. */
interface Begun {
  answer: Dispatcher.ResponseData;
  part: ResultPart;
  /** Null where a chunked answer announces none. */
  length: number | null;
  media: WholeMedia;
}

/** Saves a file. @throws SaveFailed; what was written may be gone on with then. */
export async function saveFile(file: DueFile, deps: SaveDeps): Promise<Saved> {
  try {
    const there = await adopt(file, deps);
    if (there !== null) return there;
    const limit = await deps.room.limit();
    if (limit !== null) throw noRoom(limit);
    return await transfer(await request(file, deps), file, deps);
  } catch (error) {
    if (error instanceof DownloadFailed) throw new SaveFailed(error.fault, error.message);
    if (isOfDisk(error)) throw new SaveFailed('disk', `The file cannot be written (${codeOf(error)}).`);
    throw error;
  }
}

function noRoom(limit: NoRoom): SaveFailed {
  const text =
    limit === 'over_quota' ? 'The quota of results is used up.' : 'The disk has too little room for results.';
  return new SaveFailed(limit, text);
}

/** Takes a file that has its name already: a kill came before its row was written. */
async function adopt({ name }: DueFile, deps: SaveDeps): Promise<Saved | null> {
  const { destination } = deps;
  const found = await destination.find(name);
  if (found === null) return null;
  deps.room.added(found.bytes);
  const media = new WholeMedia();
  const head =
    found.bytes === 0
      ? null
      : await destination.open(name, { first: 0, last: Math.min(found.bytes, 64) - 1 });
  if (head !== null) for await (const piece of head) media.add(piece as unknown as Uint8Array);
  return { ...found, contentType: media.type.type };
}

/** Asks for the file, or the rest of it; where a part cannot be gone on with, for all of it. */
async function request(file: DueFile, deps: SaveDeps): Promise<Begun> {
  const kept = await deps.destination.kept(file.name);
  if (kept !== null) {
    const rest = await requestRest(file, kept, deps);
    if (rest !== null) return rest;
  }
  const { answer, host } = await follow(file.url, deps.agent, deps);
  return await beginWhole(file, { answer, host }, deps);
}

/** Asks for the rest of a file; null where it must be asked for as a whole. */
async function requestRest(file: DueFile, kept: KeptPart, deps: SaveDeps): Promise<Begun | null> {
  const range = { range: `bytes=${kept.bytes}-`, 'if-range': kept.validator };
  const { answer, host } = await follow(file.url, deps.agent, deps, range);
  const { statusCode, headers } = answer;
  if (statusCode === 200) return await beginWhole(file, { answer, host }, deps);
  const isSame = (headerOf(headers['etag']) ?? kept.validator) === kept.validator;
  const said = spanOf(headerOf(headers['content-range']));
  const isRest = statusCode === 206 && said?.first === kept.bytes;
  // A whole part that a kill left before it got its name.
  const isAll = statusCode === 416 && said?.first === null && said.length === kept.bytes;
  if (isSame && said && (isRest || isAll)) {
    const media = new WholeMedia();
    const part = await deps.destination.resume(file.name, (piece) => media.add(piece));
    if (part.bytes === kept.bytes) return { answer, part, length: said.length, media };
    await part.leave();
  }
  giveUp(answer);
  if (statusCode === 206 || statusCode === 416) return null;
  throw statusFailure(answer, host, deps.clock);
}

async function beginWhole(
  { name }: DueFile,
  { answer, host }: { answer: Dispatcher.ResponseData; host: string },
  deps: SaveDeps,
): Promise<Begun> {
  if (answer.statusCode !== 200) {
    giveUp(answer);
    throw statusFailure(answer, host, deps.clock);
  }
  const length = lengthOf(answer);
  const isChunked = headerOf(answer.headers['transfer-encoding']) === 'chunked';
  if (length === null && !isChunked) {
    giveUp(answer);
    throw new SaveFailed('cut', `${host} does not say how long the file is.`);
  }
  try {
    const part = await deps.destination.begin(name, strongTag(answer));
    return { answer, part, length, media: new WholeMedia() };
  } catch (error) {
    giveUp(answer);
    throw error;
  }
}

function statusFailure(answer: Dispatcher.ResponseData, host: string, clock: Clock): SaveFailed {
  const { statusCode: status, headers } = answer;
  const asked = {
    'retry-after': headerOf(headers['retry-after']) ?? undefined,
    date: headerOf(headers['date']) ?? undefined,
  };
  const retryAfterMs = retryAfterOf(asked, clock.now());
  return new SaveFailed('status', `${host} answered ${status} where the file should be.`, {
    status,
    retryAfterMs,
  });
}

/** Gives an ETag that stands for the very bytes (RFC 9110, section 8.8.3); null for a weak one or none. */
function strongTag({ headers }: Dispatcher.ResponseData): string | null {
  const tag = headerOf(headers['etag']);
  return tag !== null && /^"[\x21\x23-\x7e]*"$/.test(tag) ? tag : null;
}

/** Reads a content-range such as `bytes 5-9/10`; that of a 416 has no first byte. Null for anything else. */
function spanOf(text: string | null): { first: number | null; length: number } | null {
  const parts = /^bytes (?:(\d{1,15})-\d{1,15}|\*)\/(\d{1,15})$/.exec(text ?? '');
  if (parts === null) return null;
  return { first: parts[1] === undefined ? null : Number(parts[1]), length: Number(parts[2]) };
}

/** Where a length is not known, this much is reserved at a time. */
const STEP_BYTES = 67_108_864;

/** Writes the answer's body; gives the file its name once it is whole. */
async function transfer(begun: Begun, file: DueFile, deps: SaveDeps): Promise<Saved> {
  const { answer, part, length } = begun;
  const reservations: Reservation[] = [];
  try {
    if (length !== null && length > deps.rules.bytesMax) throw tooLarge(deps);
    await reserveMore(reservations, Math.max(0, (length ?? STEP_BYTES) - part.bytes), deps);
    if (answer.statusCode === 416) giveUp(answer);
    else await write(begun, reservations, deps);
    if (length !== null && part.bytes !== length) throw cut(part.bytes, length);
  } catch (error) {
    giveUp(answer);
    for (const one of reservations) one.end(0);
    const isKept = error instanceof DownloadFailed && error.fault !== 'too_large';
    await (isKept ? part.leave() : part.drop());
    throw error;
  }
  let bytes = 0;
  try {
    const saved = await finish(begun, file, deps);
    ({ bytes } = saved);
    return saved;
  } finally {
    for (const [index, one] of reservations.entries()) one.end(index === 0 ? bytes : 0);
  }
}

async function reserveMore(reservations: Reservation[], bytes: number, { room }: SaveDeps): Promise<void> {
  const reserved = await room.reserve(bytes);
  if (typeof reserved === 'string') throw noRoom(reserved);
  reservations.push(reserved);
}

async function write(
  { answer, part, length, media }: Begun,
  reservations: Reservation[],
  deps: SaveDeps,
): Promise<void> {
  const { rules, clock, signal } = deps;
  const limit = watch(clock, rules.idleMs ?? IDLE_MS, signal);
  const stop = (): void => void answer.body.destroy(new Error('given up'));
  limit.signal.addEventListener('abort', stop, { once: true });
  let left = length === null ? STEP_BYTES : Infinity;
  try {
    for await (const piece of answer.body as AsyncIterable<Buffer>) {
      limit.again();
      if (part.bytes + piece.length > rules.bytesMax) throw tooLarge(deps);
      if (piece.length > left) {
        await reserveMore(reservations, STEP_BYTES, deps);
        left += STEP_BYTES;
      }
      left -= piece.length;
      await part.append(piece);
      media.add(piece);
      reservations.at(-1)?.wrote(piece.length);
    }
  } catch (error) {
    if (error instanceof DownloadFailed || error instanceof SaveFailed || isOfDisk(error)) throw error;
    const isLate = limit.isLate();
    throw isLate || signal.aborted
      ? failureOf(error, { host: 'The server', isLate, signal })
      : cut(part.bytes, length);
  } finally {
    limit.end();
  }
}

async function finish({ part, answer, media }: Begun, { name }: DueFile, deps: SaveDeps): Promise<Saved> {
  const { type } = media.type;
  const said = headerOf(answer.headers['content-type']) ?? '';
  if (type === UNKNOWN_TYPE && /^(text\/|application\/(json|xml))/.test(said)) {
    await part.drop();
    throw new SaveFailed('status', `A page came where the file should be (${said.slice(0, 40)}).`);
  }
  const fault = media.fault();
  if (fault !== null && deps.doubted.get(name) !== part.digest()) {
    if (deps.doubted.size >= DOUBTED_MAX) deps.doubted.clear();
    deps.doubted.set(name, part.digest());
    await part.drop();
    throw new SaveFailed('cut', `The file ${fault}, though it has the length that was announced.`);
  }
  deps.doubted.delete(name);
  const saved = await part.commit(type);
  return { ...saved, contentType: type };
}

const UNKNOWN_TYPE = 'application/octet-stream';
/** Files that looked cut, kept in memory; what is forgotten is downloaded once more. */
const DOUBTED_MAX = 1_000;

function tooLarge({ rules }: SaveDeps): DownloadFailed {
  const text = `The file has more than ${rules.bytesMax} bytes (results.fileGiBMax).`;
  return new DownloadFailed('too_large', text, 'Raise results.fileGiBMax.');
}

function cut(bytes: number, length: number | null): DownloadFailed {
  const of = length === null ? '' : ` of ${length}`;
  return new DownloadFailed('cut', `The download broke off after ${bytes}${of} bytes.`, 'It is tried again.');
}
