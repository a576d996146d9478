/**
 * Serves kept results: `GET|HEAD /v1/results/TASK/N`, with ranges, validators and headers for caches.
 *
 * A request is served without the API's code, straight from the store of files. It comes with the permission of its address
 * (`results/result-links.ts`), or as any other read of this plane: from loopback, or with the control token. Pages of other sites
 * may show a file whose address they have, as they may with Kling's own addresses.
 *
 * **Invariant**: at most {@link TRANSFERS_MAX} files are sent at once, each no faster than it is read, so that memory does not
 * grow with files, readers or their slowness. A wrong, an expired and an unknown address get the same answer.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import type { Clock } from '../clock.ts';
import { fileAnswer, type AnsweredFile, type Caching, type Span } from '../results/file-answer.ts';
import type { AskedResult, ResultRef } from '../results/result-links.ts';
import type { Ms } from '../units.ts';
import { copyStream, ReaderGone } from './copy-stream.ts';
import { checkCapability, checkRequest, type GuardRules } from './guard.ts';
import { PlaneRefusal } from './problem.ts';

/** Files that are sent at once. */
const TRANSFERS_MAX = 64;
/** Without a permission that ends, a file is fresh for a day. */
const FRESH_MS: Ms = 86_400_000;

/** What the plane needs to serve kept files. */
export interface KeptFiles {
  /** Reads the target of a request; null if it names no kept file. */
  read(target: string, now: Ms): AskedResult | null;
  /** A `Host` in lower case that only requests for files may have: the one of `results.publicUrl`; null without one. */
  publicHost(): string | null;
  /** Gives a saved file; a word for one that is known and not saved, such as `waiting`; null for an unknown one. */
  find(file: ResultRef): Promise<AnsweredFile | string | null>;
  /** Opens a part of a saved file; null if its bytes are gone. Rejects if its place cannot be reached. */
  open(file: ResultRef, span: Span): Promise<Readable | null>;
  /** Reports a file whose row says that it is saved and whose bytes are gone, or which could not be read. */
  onUnreadable(file: ResultRef, error: unknown): void;
}

interface Exchange {
  request: IncomingMessage;
  response: ServerResponse;
}

/** Serves files; one for each plane, since it counts what is being sent. */
export class ResultServer {
  readonly #files: KeptFiles;
  readonly #clock: Clock;
  #transfers = 0;

  constructor(files: KeptFiles, clock: Clock) {
    this.#files = files;
    this.#clock = clock;
  }

  /** Gives what a request asks for; null if it is not for a kept file. */
  asked({ method, url = '' }: IncomingMessage): AskedResult | null {
    return method === 'GET' || method === 'HEAD' ? this.#files.read(url, this.#clock.now()) : null;
  }

  /**
   * Checks a request for a file as the guard does others, unless its address carries a permission; gives what it asks for.
   * @throws PlaneRefusal
   */
  check(request: IncomingMessage, asked: AskedResult, rules: GuardRules): AskedResult {
    const publicHost = this.#files.publicHost();
    const hostNames = publicHost === null ? rules.hostNames : new Set([...rules.hostNames, publicHost]);
    if (asked.permission === 'none') checkRequest(request, rules);
    else checkCapability(request, hostNames);
    return asked;
  }

  /** Answers a checked request. @throws PlaneRefusal `not_found`, `busy`. */
  async answer({ request, response }: Exchange, asked: AskedResult): Promise<void> {
    const file = asked.permission === 'refused' ? null : await this.#files.find(asked);
    if (file === null || typeof file === 'string') throw notFound(asked, file);
    const { method = 'GET', headers } = request;
    const answer = fileAnswer(file, { method, headers }, this.#caching(asked));
    if (asked.permission === 'granted') response.setHeader('cross-origin-resource-policy', 'cross-origin');
    response.setHeader('content-security-policy', "default-src 'none'; sandbox");
    if (answer.span === null) {
      response.writeHead(answer.status, answer.headers);
      response.end();
      return;
    }
    if (this.#transfers >= TRANSFERS_MAX) {
      response.setHeader('retry-after', '5');
      throw new PlaneRefusal('busy', `${TRANSFERS_MAX} files are being sent; try again later.`);
    }
    this.#transfers += 1;
    try {
      await this.#send({ request, response }, asked, { ...answer, span: answer.span });
    } finally {
      this.#transfers -= 1;
    }
  }

  #caching({ permission, expiresAt }: AskedResult): Caching {
    if (permission !== 'granted' || expiresAt === null) return { maxAgeMs: FRESH_MS, isShared: false };
    return { maxAgeMs: expiresAt - this.#clock.now(), isShared: true };
  }

  async #send(
    { response }: Exchange,
    asked: AskedResult,
    { status, headers, span }: { status: number; headers: Record<string, string>; span: Span },
  ): Promise<void> {
    const source = await this.#open(asked, span);
    response.writeHead(status, headers);
    try {
      await copyStream(source, response, this.#clock);
      response.end();
    } catch (error) {
      if (!(error instanceof ReaderGone)) this.#files.onUnreadable(asked, error);
      response.destroy();
    } finally {
      source.destroy();
    }
  }

  async #open(asked: AskedResult, span: Span): Promise<Readable> {
    let source: Readable | null;
    try {
      source = await this.#files.open(asked, span);
    } catch (error) {
      this.#files.onUnreadable(asked, error);
      throw new PlaneRefusal('busy', 'The place of this file cannot be reached now; try again later.');
    }
    if (source !== null) return source;
    this.#files.onUnreadable(asked, new Error('its bytes are gone'));
    throw notFound(asked, null);
  }
}

/** Only those who may read this plane anyway learn that a file is known. */
function notFound({ permission }: AskedResult, state: string | null): PlaneRefusal {
  const isKnown = permission === 'none' && state !== null;
  const detail = isKnown
    ? `This result is ${state}, not saved; GET /v1/tasks/ID lists the files of a task.`
    : 'There is no such file, or its address has expired; GET /v1/tasks/ID lists the files of a task.';
  return new PlaneRefusal('not_found', detail);
}
