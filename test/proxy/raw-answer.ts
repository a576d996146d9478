/** Reads HTTP/1.1 answers from bytes and keeps every line as it came, in order. */

/** One answer. `isWhole` is false if the connection ended inside it. */
export class RawAnswer {
  readonly status: number;
  readonly reason: string;
  readonly lines: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer;
  readonly isWhole: boolean;

  constructor(head: AnswerHead, body: Buffer, isWhole: boolean) {
    this.status = head.status;
    this.reason = head.reason;
    this.lines = head.lines;
    this.body = body;
    this.isWhole = isWhole;
  }

  /** Gives a header's values in order, by any spelling of its name. */
  all(name: string): string[] {
    return this.lines.filter(([key]) => key.toLowerCase() === name.toLowerCase()).map(([, value]) => value);
  }

  header(name: string): string | null {
    return this.all(name)[0] ?? null;
  }

  get json(): { code: number; message: string; request_id: string; data: Record<string, unknown> } {
    return JSON.parse(this.body.toString('utf8')) as RawAnswer['json'];
  }
}

interface AnswerHead {
  status: number;
  reason: string;
  lines: [string, string][];
}

/** Takes bytes as they come and gives answers; knows lengths, chunks, and bodies that end with the connection. */
export class AnswerParser {
  readonly answers: RawAnswer[] = [];
  readonly informational: number[] = [];
  #rest: Buffer = Buffer.alloc(0);
  #heads = 0;

  expectHead(): void {
    this.#heads += 1;
  }

  push(chunk: Buffer): void {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    while (this.#next(false));
  }

  end(): void {
    while (this.#next(true));
  }

  #next(isEnd: boolean): boolean {
    const at = this.#rest.indexOf('\r\n\r\n');
    if (at < 0) return false;
    const head = parseHead(this.#rest.toString('latin1', 0, at));
    const after = this.#rest.subarray(at + 4);
    if (head.status < 200) {
      this.informational.push(head.status);
      this.#rest = after;
      return true;
    }
    const read = readBody(head, after, { isEnd, isBodyless: this.#heads > 0 });
    if (read === null) return false;
    if (this.#heads > 0) this.#heads -= 1;
    this.answers.push(new RawAnswer(head, read.body, read.isWhole));
    this.#rest = after.subarray(read.used);
    return this.#rest.length > 0;
  }
}

function parseHead(text: string): AnswerHead {
  const [first = '', ...rest] = text.split('\r\n');
  const match = /^HTTP\/1\.[01] (\d{3}) ?(.*)$/.exec(first);
  if (!match) throw new Error(`no status line: ${JSON.stringify(first.slice(0, 80))}`);
  const lines = rest.map((line): [string, string] => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon), line.slice(colon + 1).trim()];
  });
  return { status: Number(match[1]), reason: match[2] ?? '', lines };
}

interface ReadBody {
  body: Buffer;
  used: number;
  isWhole: boolean;
}

function readBody(
  head: AnswerHead,
  bytes: Buffer,
  { isEnd, isBodyless }: { isEnd: boolean; isBodyless: boolean },
): ReadBody | null {
  const valueOf = (name: string): string | undefined =>
    head.lines.find(([key]) => key.toLowerCase() === name)?.[1];
  if (isBodyless || head.status === 204 || head.status === 304) {
    return { body: Buffer.alloc(0), used: 0, isWhole: true };
  }
  if (/chunked/i.test(valueOf('transfer-encoding') ?? '')) return readChunks(bytes, isEnd);
  const length = valueOf('content-length');
  if (length === undefined) return isEnd ? { body: bytes, used: bytes.length, isWhole: true } : null;
  const wanted = Number(length);
  if (bytes.length >= wanted) return { body: bytes.subarray(0, wanted), used: wanted, isWhole: true };
  return isEnd ? { body: bytes, used: bytes.length, isWhole: false } : null;
}

function readChunks(bytes: Buffer, isEnd: boolean): ReadBody | null {
  const chunks: Buffer[] = [];
  let at = 0;
  for (;;) {
    const eol = bytes.indexOf('\r\n', at);
    const size = eol < 0 ? NaN : Number.parseInt(bytes.toString('latin1', at, eol), 16);
    const from = eol + 2;
    if (size === 0 && bytes.length >= from + 2) {
      return { body: Buffer.concat(chunks), used: from + 2, isWhole: true };
    }
    if (Number.isNaN(size) || size === 0 || bytes.length < from + size + 2) {
      if (!isEnd) return null;
      if (size > 0) chunks.push(bytes.subarray(from));
      return { body: Buffer.concat(chunks), used: bytes.length, isWhole: false };
    }
    chunks.push(bytes.subarray(from, from + size));
    at = from + size + 2;
  }
}
