/** One raw connection to the data plane: bytes out as they are written, answers back as they came. */
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { AnswerParser, type RawAnswer } from './raw-answer.ts';

/** How long a test waits for an answer before it fails; no test waits this long when all is well. */
const PATIENCE_MS = 200_000;

export class Wire {
  readonly #socket: Socket;
  readonly #parser = new AnswerParser();
  readonly #waiting: (() => void)[] = [];
  #error: Error | null = null;
  #isClosed = false;
  #taken = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => {
      this.#parser.push(chunk);
      this.#wake();
    });
    const onEnd = (): void => {
      if (this.#isClosed) return;
      this.#isClosed = true;
      this.#parser.end();
      this.#wake();
    };
    socket.on('end', onEnd);
    socket.on('close', onEnd);
    socket.on('error', (error) => {
      this.#error = error;
      onEnd();
    });
  }

  static open(url: string, tls: { ca: string } | null = null): Promise<Wire> {
    const port = Number(new URL(url).port);
    return new Promise((resolve, reject) => {
      const socket =
        tls === null
          ? connect({ host: '127.0.0.1', port, allowHalfOpen: true }, () => resolve(new Wire(socket)))
          : connectTls({ host: '127.0.0.1', port, ca: tls.ca, servername: 'localhost' }, () =>
              resolve(new Wire(socket)),
            );
      socket.once('error', reject);
    });
  }

  get socket(): Socket {
    return this.#socket;
  }

  /** What broke the connection, if anything did: a reset, for one. */
  get error(): Error | null {
    return this.#error;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Informational answers (1xx) seen so far. */
  get informational(): readonly number[] {
    return this.#parser.informational;
  }

  /** Writes bytes; a string is taken as latin1, one byte for each character. */
  send(bytes: string | Uint8Array): this {
    this.#socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
    return this;
  }

  /** Tells the parser that the next answer belongs to a HEAD request, so that it has no body. */
  expectHead(): this {
    this.#parser.expectHead();
    return this;
  }

  /** Gives the next answer, whole or cut off by the end of the connection; rejects if none comes. */
  async answer(): Promise<RawAnswer> {
    const index = this.#taken;
    this.#taken += 1;
    await this.until(() => this.#parser.answers.length > index || this.#isClosed, 'an answer');
    const answer = this.#parser.answers[index];
    if (!answer) throw new Error('the connection ended without an answer');
    return answer;
  }

  /** Resolves when the other side has closed the connection. */
  async closed(): Promise<void> {
    await this.until(() => this.#isClosed, 'the end of the connection');
  }

  /** How many answers have come whole, or were cut off. */
  get count(): number {
    return this.#parser.answers.length;
  }

  async until(check: () => boolean, what: string): Promise<void> {
    const from = performance.now();
    while (!check()) {
      const leftMs = PATIENCE_MS - (performance.now() - from);
      if (leftMs <= 0) throw new Error(`${what} did not come in ${PATIENCE_MS} ms`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs);
        this.#waiting.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  /** Ends the connection with a reset. */
  reset(): void {
    this.#socket.resetAndDestroy();
  }

  close(): void {
    this.#socket.destroy();
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }
}

/** Sends one request on a connection of its own and gives its answer. */
export async function exchange(url: string, bytes: string | Uint8Array): Promise<RawAnswer> {
  const wire = await Wire.open(url);
  if (String(bytes.slice(0, 5)) === 'HEAD ') wire.expectHead();
  try {
    return await wire.send(bytes).answer();
  } finally {
    wire.close();
  }
}

/** Writes a request: `Host` is the listener's own and Content-Length that of the body, unless given. */
export function requestText(
  url: string,
  line: string,
  {
    headers = [],
    body = '',
    host,
  }: { headers?: readonly string[]; body?: string; host?: string | null } = {},
): string {
  const lines = [`${line} HTTP/1.1`];
  const shown = host === undefined ? new URL(url).host : host;
  if (shown !== null) lines.push(`Host: ${shown}`);
  lines.push(...headers);
  const isFramed = headers.some((header) => /^(content-length|transfer-encoding)\s*:/i.test(header));
  if (!isFramed && line.startsWith('POST'))
    lines.push(`Content-Length: ${Buffer.byteLength(body, 'latin1')}`);
  return `${lines.join('\r\n')}\r\n\r\n${body}`;
}

export const JSON_TYPE = 'Content-Type: application/json';
export const CREATE_PATH = '/v1/videos/text2video';
/** The smallest create, 10 credits, as text. */
export const CREATE_BODY = '{"model_name":"kling-v1","prompt":"a paper boat","duration":"5","mode":"std"}';

/** Writes a create; what is given replaces the plain one's parts. */
export function createText(
  url: string,
  over: { path?: string; body?: string; headers?: readonly string[]; host?: string | null } = {},
): string {
  const { path = CREATE_PATH, body = CREATE_BODY, headers = [], ...rest } = over;
  return requestText(url, `POST ${path}`, { headers: [JSON_TYPE, ...headers], body, ...rest });
}
