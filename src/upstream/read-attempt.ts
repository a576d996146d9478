/**
 * An attempt whose answer is streamed to a caller, without our own secrets, and decoded if the caller needs it.
 *
 * A plain answer is passed on in the received pieces. A compressed one is gathered first: if it is small, holds no secret
 * of ours and the caller accepts its coding, it is passed on unchanged, and also if it cannot be decoded. All others are
 * decoded, large ones piece by piece: a slow caller slows down the decoders, and they slow down the socket.
 */
import type { Duplex } from 'node:stream';
import { codingsOf, decodedLines, decodeWhole, openDecoders, takesCodings } from './answer-body.ts';
import {
  Attempt,
  type AnswerHead,
  type AttemptFailure,
  type AttemptOptions,
  type AttemptSink,
  type OutboundRequest,
} from './attempt.ts';
import type { OwnSecrets } from './own-secrets.ts';

/** Coded answers up to here are gathered and decoded at once; also the most decoded bytes of such an answer. */
const GATHERED_BYTES_MAX = 1_048_576;

export interface ReadOptions extends AttemptOptions {
  secrets: OwnSecrets;
  /** The caller's `accept-encoding`; null if it sent none. */
  acceptEncoding: string | null;
}

export class ReadAttempt {
  readonly #options: ReadOptions;
  readonly #attempt: Attempt;
  readonly #sink: AttemptSink;
  #codings: ReturnType<typeof codingsOf> = [];
  /** A coded answer whose head has not been passed on yet. */
  #gathered: { head: AnswerHead; chunks: Buffer[]; bytes: number } | null = null;
  #decoders: Duplex[] = [];
  /** The last bytes of a piece that may be the beginning of a secret. */
  #held: Buffer = Buffer.alloc(0);
  #isOver = false;

  /** @param sink gets clean heads and bodies that agree. */
  constructor(options: ReadOptions, sink: AttemptSink) {
    this.#options = options;
    this.#sink = sink;
    this.#attempt = new Attempt(options, {
      onHead: (head) => this.#onHead(head),
      onChunk: (chunk) => this.#onChunk(chunk),
      onEnd: () => this.#onEnd(),
      onFailure: (failure) => this.#fail(failure),
    });
  }

  dispatch(request: OutboundRequest): void {
    this.#attempt.dispatch(request);
  }

  /** Ends the attempt from our side; the sink gets no more events. */
  abandon(): void {
    this.#close();
    this.#attempt.abandon();
  }

  /** Stops the answer until {@link resume}. */
  pause(): void {
    (this.#decoders.at(-1) ?? this.#attempt).pause();
  }

  resume(): void {
    (this.#decoders.at(-1) ?? this.#attempt).resume();
  }

  #onHead(head: AnswerHead): void {
    this.#codings = codingsOf(head);
    if (this.#codings.length === 0) this.#passHead(head);
    else this.#gathered = { head, chunks: [], bytes: 0 };
  }

  #passHead(head: AnswerHead): void {
    const { secrets } = this.#options;
    const reason = secrets.cleanText(head.reason);
    this.#sink.onHead({ status: head.status, reason, headers: secrets.cleanLines(head.headers) });
  }

  #passDecodedHead(head: AnswerHead, lines: string[] = []): void {
    this.#passHead({ ...head, headers: [...decodedLines(head.headers), ...lines] });
  }

  #onChunk(chunk: Buffer): void {
    const gathered = this.#gathered;
    if (gathered === null) {
      if (this.#codings.length === 0) this.#pass(chunk);
      else this.#decode(chunk);
      return;
    }
    gathered.chunks.push(chunk);
    gathered.bytes += chunk.length;
    if (gathered.bytes <= GATHERED_BYTES_MAX) return;
    this.#gathered = null;
    this.#passDecodedHead(gathered.head);
    this.#openDecoders(gathered.chunks[0]?.[0]);
    this.#decode(Buffer.concat(gathered.chunks));
  }

  #decode(chunk: Buffer): void {
    const [first] = this.#decoders;
    if (first === undefined || first.write(chunk)) return;
    this.#attempt.pause();
    first.once('drain', () => this.#attempt.resume());
  }

  #openDecoders(firstByte: number | undefined): void {
    this.#decoders = openDecoders(this.#codings, firstByte);
    for (const [i, decoder] of this.#decoders.entries()) {
      decoder.once('error', (error) => {
        this.#attempt.abandon();
        const cause = `the compressed answer cannot be decoded: ${error.message}`.slice(0, 200);
        this.#fail({ errorClass: 'malformed', isLate: false, sent: true, cause });
      });
      const next = this.#decoders[i + 1];
      if (next) decoder.pipe(next);
      else decoder.on('data', (piece: Buffer) => this.#pass(piece)).once('end', () => this.#finish());
    }
  }

  #onEnd(): void {
    const [first] = this.#decoders;
    if (first) first.end();
    else {
      if (this.#gathered) this.#passGathered(this.#gathered);
      this.#finish();
    }
  }

  #passGathered({ head, chunks }: { head: AnswerHead; chunks: Buffer[] }): void {
    const { secrets, acceptEncoding } = this.#options;
    const coded = Buffer.concat(chunks);
    const decoded = coded.length === 0 ? coded : decodeWhole(coded, this.#codings, GATHERED_BYTES_MAX);
    const plain = decoded && secrets.clean(decoded);
    if (plain === null || (plain === decoded && takesCodings(acceptEncoding, this.#codings))) {
      this.#passHead(head);
      if (coded.length > 0) this.#sink.onChunk(coded, plain ?? coded);
      return;
    }
    this.#passDecodedHead(head, coded.length === 0 ? [] : ['content-length', String(plain.length)]);
    if (plain.length > 0) this.#sink.onChunk(plain);
  }

  /** Passes on a piece, except an end that may be the beginning of a secret. */
  #pass(piece: Buffer): void {
    if (this.#isOver) return;
    const { secrets } = this.#options;
    const whole = this.#held.length === 0 ? piece : Buffer.concat([this.#held, piece]);
    const clean = secrets.clean(whole);
    const until = clean.length - secrets.openBytes(clean);
    this.#held = clean.subarray(until);
    if (until > 0) this.#sink.onChunk(until === clean.length ? clean : clean.subarray(0, until));
  }

  #finish(): void {
    if (this.#isOver) return;
    if (this.#held.length > 0) this.#sink.onChunk(this.#held);
    this.#close();
    this.#sink.onEnd();
  }

  /** Passed-on bytes cannot be changed any more; a head that was kept back at least shows Kling's status. */
  #fail(failure: AttemptFailure): void {
    if (this.#isOver) return;
    if (this.#gathered) this.#passHead(this.#gathered.head);
    this.#close();
    this.#sink.onFailure({ ...failure, cause: this.#options.secrets.cleanText(failure.cause) });
  }

  #close(): void {
    this.#isOver = true;
    for (const decoder of this.#decoders) decoder.destroy();
  }
}
