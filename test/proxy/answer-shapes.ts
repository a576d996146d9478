/** Answers of an upstream, byte for byte, and what a caller should see of each. */
import { gzipSync } from 'node:zlib';

export interface Shape {
  name: string;
  /** What the upstream writes; one character is one byte. */
  bytes: string;
  /** Whether it ends the connection behind the answer. */
  ends?: boolean;
  status: number;
  reason: string;
  /** End-to-end lines, in order. */
  lines: [string, string][];
  body: string;
}

const JSON_LINE: [string, string] = ['Content-Type', 'application/json'];

/** Makes a shape whose bytes follow from what the caller should see, with hop-by-hop lines strewn in. */
function shape(
  name: string,
  given: {
    status?: number;
    reason?: string;
    lines?: [string, string][];
    body?: string;
    dropped?: string[];
    chunked?: string[];
  },
): Shape {
  const { status = 200, reason = 'OK', lines = [JSON_LINE], body = '{"code":0}', dropped = [] } = given;
  const isBodyless = status === 204 || status === 304;
  const framing = given.chunked
    ? ['Transfer-Encoding: chunked']
    : isBodyless
      ? []
      : [`Content-Length: ${body.length}`];
  const head = [
    `HTTP/1.1 ${status} ${reason}`,
    ...lines.map(([key, value]) => `${key}: ${value}`),
    ...dropped,
    ...framing,
  ];
  const chunks = given.chunked?.map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`).join('');
  const sent = chunks === undefined ? (isBodyless ? '' : body) : `${chunks}0\r\n\r\n`;
  const seen =
    given.chunked || isBodyless
      ? lines
      : [...lines, ['Content-Length', String(body.length)] as [string, string]];
  return {
    name,
    bytes: `${head.join('\r\n')}\r\n\r\n${sent}`,
    status,
    reason,
    lines: seen,
    body: isBodyless ? '' : body,
  };
}

const latin1 = (bytes: Buffer): string => bytes.toString('latin1');
const utf8 = (text: string): string => latin1(Buffer.from(text));
const EVERY_BYTE = latin1(Buffer.from(Array.from({ length: 1024 }, (_, i) => i % 256)));

export const SHAPES: readonly Shape[] = [
  shape('plain JSON', {}),
  shape('an empty body', { body: '' }),
  shape('no content type', { lines: [], body: 'x' }),
  shape('every byte', { lines: [['Content-Type', 'video/mp4']], body: EVERY_BYTE }),
  shape('JSON in UTF-8', {
    lines: [['content-type', 'application/json; charset=utf-8']],
    body: utf8('{"message":"成功 é"}'),
  }),
  shape('broken JSON', { body: '{"code":0,' }),
  shape('HTML', { lines: [['Content-Type', 'text/html; charset=gbk']], body: '<html>\xc4\xe3</html>' }),
  shape('compressed', {
    lines: [JSON_LINE, ['Content-Encoding', 'gzip'], ['Vary', 'Accept-Encoding']],
    body: latin1(gzipSync('{"code":0}')),
  }),
  shape('lying about its coding', { lines: [JSON_LINE, ['Content-Encoding', 'br']], body: 'not brotli' }),
  shape('six layers of coding', {
    lines: [['Content-Encoding', 'gzip, gzip, gzip, gzip, gzip, gzip']],
    body: 'x',
  }),
  shape('repeated lines in order', {
    lines: [
      ['X-A', '1'],
      ['Set-Cookie', 'a=1; Path=/'],
      ['x-a', '2'],
      ['SET-COOKIE', 'b=2'],
      ['X-B', ''],
      ['X-a', '1'],
      ['Link', '</a>; rel=next'],
      ['Link', '</b>; rel=prev'],
    ],
  }),
  shape('odd spellings of names', {
    lines: [
      ['cOnTeNt-TyPe', 'application/json'],
      ['ETAG', '"x"'],
      ["x!#$%&'*+-.^_`|~9", 'v'],
    ],
  }),
  shape('bytes over 0x7f and tabs in a value', {
    lines: [
      ['X-Latin', 'caf\xe9\x80\xff'],
      ['X-Tab', 'a\tb'],
    ],
  }),
  shape('a name that every object has', {
    lines: [
      ['__proto__', 'x'],
      ['constructor', 'y'],
    ],
  }),
  shape('a date, a server and caching', {
    lines: [
      ['Date', new Date().toUTCString()],
      ['Server', 'openresty'],
      ['Via', '1.1 cdn'],
      ['Age', '5'],
      ['Cache-Control', 'no-store'],
      ['Retry-After', '3'],
    ],
  }),
  shape('another reason', { reason: 'Fine By Me' }),
  shape('no reason', { reason: '' }),
  shape('a reason in UTF-8', { status: 400, reason: utf8('参数错误') }),
  shape('201', { status: 201, reason: 'Created', lines: [JSON_LINE, ['Location', '/tasks/1']] }),
  shape('202', { status: 202, reason: 'Accepted' }),
  shape('203', { status: 203, reason: 'Non-Authoritative Information' }),
  shape('204', { status: 204, reason: 'No Content', lines: [['X-A', 'b']] }),
  shape('206', {
    status: 206,
    reason: 'Partial Content',
    lines: [['Content-Range', 'bytes 0-1/9']],
    body: 'ab',
  }),
  shape('300', { status: 300, reason: 'Multiple Choices' }),
  shape('304', { status: 304, reason: 'Not Modified', lines: [['ETag', '"x"']] }),
  ...[400, 401, 403, 404, 405, 408, 409, 410, 413, 418, 425, 429, 451, 499].map((status) =>
    shape(String(status), { status, reason: `Reason ${status}`, body: `{"code":1201,"s":${status}}` }),
  ),
  ...[500, 501, 502, 503, 504, 520, 529, 599, 600, 799, 999].map((status) =>
    shape(String(status), { status, reason: `Reason ${status}`, body: `{"code":5000,"s":${status}}` }),
  ),
  shape('one chunk', { chunked: ['{"code":0}'], body: '{"code":0}' }),
  shape('many chunks', { chunked: [...'{"code":0}'], body: '{"code":0}' }),
  shape('no chunk', { chunked: [], body: '' }),
  shape('a large chunked body', {
    lines: [['Content-Type', 'video/mp4']],
    chunked: Array.from({ length: 40 }, () => EVERY_BYTE.repeat(8)),
    body: EVERY_BYTE.repeat(320),
  }),
  shape('headers of one hop', {
    lines: [JSON_LINE, ['X-Kept', 'k']],
    dropped: [
      'Keep-Alive: timeout=5, max=100',
      'Proxy-Authenticate: Basic',
      'Proxy-Authentication-Info: x',
      'Proxy-Connection: keep-alive',
      'TE: trailers',
      'Trailer: X-T',
      'Upgrade: h2c',
      'Connection: X-Listed, keep-alive',
      'X-Listed: 1',
      'X-LISTED: 2',
    ],
  }),
  shape('two Connection lines', {
    lines: [JSON_LINE],
    dropped: ['Connection: keep-alive', 'X-One: 1', 'Connection: x-one', 'Connection: , X-Two ,', 'x-two: 2'],
  }),
  shape('our own names', {
    dropped: [
      'X-Kling-Sidecar: budget_exceeded',
      'X-Kling-Credits-Held: 0',
      'X-Kling-Budget-Remaining: 9',
      'X-Kling-External-Task-Id: x',
      'X-Request-Id: theirs',
      'Server-Timing: db;dur=1',
    ],
  }),
  ...[
    'http://evil.example/x',
    'https://api-singapore.klingai.com/tasks',
    '//evil.example/x',
    '/\\evil.example',
    '/\t/evil.example',
    '\\\\evil.example',
    'javascript:alert(1)',
    'evil.example/x',
    '/%0d%0aX: y\t',
  ].map((location): Shape =>
    location.startsWith('/%0d')
      ? shape('a redirect with an escaped line end', {
          status: 302,
          reason: 'Found',
          lines: [['Location', location.trim()]],
          body: '',
        })
      : shape(`a redirect to ${JSON.stringify(location)}`, {
          status: 302,
          reason: 'Found',
          lines: [],
          dropped: [`Location: ${location}`],
          body: '',
        }),
  ),
  shape('a redirect within the origin', {
    status: 308,
    reason: 'Permanent Redirect',
    lines: [['Location', '/v1/videos/text2video/1?x=y#z']],
    body: '',
  }),
];

/** Answers whose framing we do not keep, or must correct. */
export const ODD_SHAPES: readonly Shape[] = [
  {
    name: 'a body that ends with the connection',
    bytes: 'HTTP/1.1 200 OK\r\nX-A: b\r\n\r\nto the end',
    ends: true,
    status: 200,
    reason: 'OK',
    lines: [['X-A', 'b']],
    body: 'to the end',
  },
  {
    name: 'HTTP/1.0',
    bytes: 'HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nab',
    ends: true,
    status: 200,
    reason: 'OK',
    lines: [['Content-Length', '2']],
    body: 'ab',
  },
  {
    name: 'trailers',
    bytes:
      'HTTP/1.1 200 OK\r\nTrailer: X-T\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\nX-T: t\r\nX-Kling-Sidecar: z\r\n\r\n',
    status: 200,
    reason: 'OK',
    lines: [],
    body: 'ab',
  },
  {
    name: 'chunk extensions',
    bytes: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;a=b\r\nab\r\n0;c\r\n\r\n',
    status: 200,
    reason: 'OK',
    lines: [],
    body: 'ab',
  },
  {
    name: 'informational answers before it',
    bytes:
      'HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na',
    status: 200,
    reason: 'OK',
    lines: [['Content-Length', '1']],
    body: 'a',
  },
  {
    name: '205 with a body',
    bytes: 'HTTP/1.1 205 Reset Content\r\nX-A: b\r\nContent-Length: 3\r\n\r\nabc',
    status: 205,
    reason: 'Reset Content',
    lines: [
      ['X-A', 'b'],
      ['content-length', '0'],
    ],
    body: '',
  },
  {
    name: '204 with a length',
    bytes: 'HTTP/1.1 204 No Content\r\nX-A: b\r\nContent-Length: 0\r\n\r\n',
    status: 204,
    reason: 'No Content',
    lines: [['X-A', 'b']],
    body: '',
  },
  {
    name: '304 with a length',
    bytes: 'HTTP/1.1 304 Not Modified\r\nContent-Length: 500\r\n\r\n',
    status: 304,
    reason: 'Not Modified',
    lines: [['Content-Length', '500']],
    body: '',
  },
];
