/**
 * The rules for connections of all our HTTP listeners: how many are kept, how a refused request ends,
 * and the reaction to an offer to change the protocol.
 *
 * **Invariant**: idle connections never block one with a request; a client that is still sending gets our
 * answer and no reset, within bounds of time and bytes.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Clock } from './clock.ts';
import type { Ms } from './units.ts';

/** How long the rest of a refused request is read and dropped before its connection is closed. */
export const DRAIN_MS_MAX: Ms = 10_000;
/** How many bytes of it. */
export const DRAIN_BYTES_MAX = 1024 * 1_048_576;

/**
 * Reads and drops what is left of a request, then calls `done` once: at its end, when its client is gone, or at
 * {@link DRAIN_MS_MAX} or {@link DRAIN_BYTES_MAX}. Closing over unread bytes resets the connection, and many clients
 * (Python's among them) read no answer before they have sent everything.
 */
export function drainRequest(request: IncomingMessage, clock: Clock, done: () => void): void {
  let left = DRAIN_BYTES_MAX;
  let isDone = false;
  const finish = (): void => {
    if (isDone) return;
    isDone = true;
    timer.cancel();
    done();
  };
  const timer = clock.after(DRAIN_MS_MAX, finish);
  request.once('end', finish).once('close', finish);
  request.removeAllListeners('data').on('data', (chunk: Buffer) => {
    left -= chunk.length;
    if (left < 0) finish();
  });
  request.resume();
}

/**
 * Ignores an `Upgrade` offer: its answer ends the connection. Node drops all bytes after such a request in the same
 * piece, so later bytes would be read from the middle of a request.
 */
export function ignoreOffer(request: IncomingMessage, response: ServerResponse): void {
  if (request.headers.upgrade !== undefined) response.shouldKeepAlive = false;
}

/** Gives the versions of HTTP that we speak; Node's parser takes 0.9 and 2.0 in a request line as well. */
export function isSpokenVersion(request: IncomingMessage): boolean {
  return request.httpVersion === '1.1' || request.httpVersion === '1.0';
}

/** A reset that comes later than this after an answer says nothing about it: some clients end idle connections so. */
const RESET_MS_MAX: Ms = 1_000;

/** What is to be called when the client of a connection hangs up; the connection has the listeners, not each request. */
interface HangUpCalls {
  /** A list, since a set that changes with each request keeps old requests in memory. */
  open: (() => void)[];
  /** For the last request, whose answer is written. */
  answered: { onReset: () => void; untilTick: Ms; clock: Clock } | null;
}

const hangUpCalls = new WeakMap<Socket, HangUpCalls>();

function hangUpsOf(socket: Socket): HangUpCalls {
  const known = hangUpCalls.get(socket);
  if (known !== undefined) return known;
  const calls: HangUpCalls = { open: [], answered: null };
  const callOpen = (): void => {
    for (const call of calls.open.slice()) call();
  };
  socket.once('end', callOpen).once('error', () => {
    callOpen();
    const { answered } = calls;
    if (answered !== null && answered.clock.monotonic() <= answered.untilTick) answered.onReset();
  });
  hangUpCalls.set(socket, calls);
  return calls;
}

/**
 * Calls `hangUp` as soon as a client ends or resets its connection, which is earlier than the `close` of its answer: a client that
 * connects again at once is not served before. The returned function ends that; call it when the answer is over.
 */
export function onHangUp(socket: Socket, hangUp: () => void): () => void {
  const calls = hangUpsOf(socket);
  calls.open.push(hangUp);
  return () => {
    const at = calls.open.indexOf(hangUp);
    if (at !== -1) calls.open.splice(at, 1);
  };
}

/**
 * Calls `onReset` if a client resets its connection within a second after its answer was written, and before its next request: then
 * it closed the connection without reading the answer to its end.
 */
export function onAnswerReset(socket: Socket, clock: Clock, onReset: () => void): void {
  hangUpsOf(socket).answered = { onReset, untilTick: clock.monotonic() + RESET_MS_MAX, clock };
}

/** Takes note of a request: a client that sends its next one has read the last answer. */
export function noteRequest(socket: Socket): void {
  const calls = hangUpCalls.get(socket);
  if (calls !== undefined) calls.answered = null;
}

interface Seat {
  socket: Socket;
  /** Requests on it whose answer is not over. */
  open: number;
  /** The higher, the later it was made or an answer on it ended. */
  lastUse: number;
}

/** The connections of one plane, at most `max`: a new one replaces the one that has been idle for the longest time. */
export class Seats {
  readonly #max: number;
  /**
   * By the peer's address and port. Nothing is added or deleted for a request: a collection that changes all the time leaves
   * old tables behind, and each keeps what was in it, and the next table, until old memory is collected.
   */
  readonly #seats = new Map<string, Seat>();
  /** By the socket of requests, which is another one for TLS. */
  readonly #bySocket = new WeakMap<Socket, Seat>();
  #uses = 0;

  constructor(max: number) {
    this.#max = max;
  }

  /** Counts a server's connections from now on; a TLS server's before their handshake, too. */
  watch(server: Server): void {
    server.on('connection', (socket: Socket) => this.#sit(socket));
  }

  /** Records that a connection has a request, until the answer is over. */
  note({ socket }: IncomingMessage, response: ServerResponse): void {
    const seat = this.#bySocket.get(socket) ?? this.#seatOf(socket);
    if (seat === undefined) return;
    seat.open += 1;
    response.once('close', () => {
      seat.open -= 1;
      seat.lastUse = this.#uses += 1;
    });
  }

  #seatOf(socket: Socket): Seat | undefined {
    const seat = this.#seats.get(keyOf(socket));
    if (seat !== undefined) this.#bySocket.set(socket, seat);
    return seat;
  }

  #sit(socket: Socket): void {
    if (this.#seats.size >= this.#max && !this.#freeOne()) {
      socket.destroy();
      return;
    }
    const key = keyOf(socket);
    const seat = { socket, open: 0, lastUse: (this.#uses += 1) };
    this.#seats.set(key, seat);
    socket.once('close', () => {
      if (this.#seats.get(key) === seat) this.#seats.delete(key);
    });
  }

  /** Closes the connection that has been idle for the longest time; false if all of them wait for an answer. */
  #freeOne(): boolean {
    let longest: [key: string, seat: Seat] | null = null;
    for (const entry of this.#seats) {
      const [, seat] = entry;
      if (seat.open === 0 && (longest === null || seat.lastUse < longest[1].lastUse)) longest = entry;
    }
    if (longest === null) return false;
    this.#seats.delete(longest[0]);
    longest[1].socket.destroy();
    return true;
  }
}

function keyOf(socket: Socket): string {
  return `${socket.remoteAddress}|${socket.remotePort}|${socket.localAddress}|${socket.localPort}`;
}
