/**
 * Requests that two parsers may read differently: each must be refused, or read in the one way that we forward.
 *
 * The classes are those of the request smuggling literature (hazards F1, F2; RFC 9112, sections 2, 3, 5, 6, 7).
 */
import { CREATE_BODY as BODY, CREATE_PATH } from './wire.ts';

const LENGTH = BODY.length;
const HEX = LENGTH.toString(16);
const SMUGGLED = `POST ${CREATE_PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n`;

export interface Malformed {
  name: string;
  /** The bytes, with HOST in the place of the listener's own name. */
  bytes: string;
}

function framed(name: string, lines: readonly string[], body: string): Malformed {
  const head = [`POST ${CREATE_PATH} HTTP/1.1`, 'Host: HOST', 'Content-Type: application/json', ...lines];
  return { name, bytes: `${head.join('\r\n')}\r\n\r\n${body}` };
}

const chunked = (size: string, end = '0\r\n\r\n'): string => `${size}\r\n${BODY}\r\n${end}`;
const TE = 'Transfer-Encoding: chunked';

/** Lengths and codings that contradict themselves or each other. */
export const BAD_FRAMING: readonly Malformed[] = [
  framed('length and chunks', [`Content-Length: ${LENGTH}`, TE], chunked(HEX)),
  framed('chunks and length', [TE, `Content-Length: ${LENGTH}`], chunked(HEX)),
  framed('two lengths that differ', [`Content-Length: ${LENGTH}`, 'Content-Length: 5'], BODY),
  framed('two equal lengths', [`Content-Length: ${LENGTH}`, `Content-Length: ${LENGTH}`], BODY),
  framed('a list of lengths', [`Content-Length: ${LENGTH}, ${LENGTH}`], BODY),
  framed('a signed length', [`Content-Length: +${LENGTH}`], BODY),
  framed('a negative length', ['Content-Length: -1'], BODY),
  framed('a hexadecimal length', [`Content-Length: 0x${HEX}`], BODY),
  framed('a length with an underscore', ['Content-Length: 7_6'], BODY),
  framed('a length with a decimal point', [`Content-Length: ${LENGTH}.0`], BODY),
  framed('a length with a space inside', ['Content-Length: 7 6'], BODY),
  framed('an empty length', ['Content-Length: '], BODY),
  framed('a length beyond 2^64', ['Content-Length: 99999999999999999999999'], BODY),
  framed('a length of letters', ['Content-Length: all'], BODY),
  framed('an unknown coding', ['Transfer-Encoding: cow'], chunked(HEX)),
  framed('another coding before chunked', ['Transfer-Encoding: gzip, chunked'], chunked(HEX)),
  framed('another coding before chunked, in two lines', ['Transfer-Encoding: gzip', TE], chunked(HEX)),
  framed('a coding with a parameter', ['Transfer-Encoding: chunked;q=1'], chunked(HEX)),
  framed('chunked before another coding', ['Transfer-Encoding: chunked, gzip'], chunked(HEX)),
  framed('chunked not last, in two lines', [TE, 'Transfer-Encoding: identity'], chunked(HEX)),
  framed('chunked twice', [TE, TE], chunked(HEX)),
  framed('a coding with a vertical tab', ['Transfer-Encoding: \vchunked'], chunked(HEX)),
  framed('a coding with a NUL', ['Transfer-Encoding: chunked\0'], chunked(HEX)),
  framed('a coding in quotes', ['Transfer-Encoding: "chunked"'], chunked(HEX)),
  framed('a space before the colon', ['Transfer-Encoding : chunked'], chunked(HEX)),
  framed('a length with a space before the colon', [`Content-Length : ${LENGTH}`], BODY),
  framed('a folded coding', ['Transfer-Encoding:\r\n chunked'], chunked(HEX)),
  framed('a folded header', [`Content-Length: ${LENGTH}`, 'X-A: b\r\n c'], BODY),
  framed('a bare CR in a value', [`Content-Length: ${LENGTH}`, 'X-A: b\rX-B: c'], BODY),
  framed('a bare LF ending a line', [`Content-Length: ${LENGTH}\nX-A: b`], BODY),
  framed('a NUL in a value', [`Content-Length: ${LENGTH}`, 'X-A: b\0c'], BODY),
  framed('a NUL in a name', [`Content-Length: ${LENGTH}`, 'X-\0A: b'], BODY),
  framed('a name with a space', [`Content-Length: ${LENGTH}`, 'X A: b'], BODY),
  framed('a name with a bracket', [`Content-Length: ${LENGTH}`, 'X[A]: b'], BODY),
  framed('a line without a colon', [`Content-Length: ${LENGTH}`, 'X-A'], BODY),
  framed('a line that begins with a colon', [`Content-Length: ${LENGTH}`, ': b'], BODY),
  framed('a chunk size with 0x', [TE], chunked(`0x${HEX}`)),
  framed('a chunk size with a sign', [TE], chunked(`+${HEX}`)),
  framed('a negative chunk size', [TE], chunked(`-${HEX}`)),
  framed('a chunk size with an underscore', [TE], chunked(`4_c`)),
  framed('a chunk size with a space before it', [TE], chunked(` ${HEX}`)),
  framed('a chunk size beyond 2^64', [TE], chunked(`100000000000000${HEX}`)),
  framed('a chunk size ended by a bare LF', [TE], `${HEX}\n${BODY}\r\n0\r\n\r\n`),
  framed('a chunk size ended by a bare CR', [TE], `${HEX}\r${BODY}\r\n0\r\n\r\n`),
  framed('a chunk longer than its size', [TE], chunked('5')),
  framed('a chunk without its CRLF', [TE], `${HEX}\r\n${BODY}0\r\n\r\n`),
  framed('an empty chunk size', [TE], chunked('')),
  framed('a chunk extension with a bare LF', [TE], `${HEX};a\nb\r\n${BODY}\r\n0\r\n\r\n`),
  framed('a chunk extension with a NUL', [TE], `${HEX};a=\0\r\n${BODY}\r\n0\r\n\r\n`),
  framed('a last chunk with letters', [TE], chunked(HEX, '0x\r\n\r\n')),
  framed('a smuggled request behind length and chunks', ['Content-Length: 6', TE], `0\r\n\r\n${SMUGGLED}`),
];

/** Request lines and heads that are no HTTP/1.1. */
export const BAD_HEADS: readonly Malformed[] = [
  { name: 'HTTP/2 without asking', bytes: 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n' },
  { name: 'HTTP/0.9', bytes: `GET /tasks HTTP/0.9\r\nHost: HOST\r\n\r\n` },
  { name: 'HTTP/2.0', bytes: `GET /tasks HTTP/2.0\r\nHost: HOST\r\n\r\n` },
  {
    name: 'a create as HTTP/2.0',
    bytes: `POST ${CREATE_PATH} HTTP/2.0\r\nHost: HOST\r\nContent-Type: application/json\r\nContent-Length: ${LENGTH}\r\n\r\n${BODY}`,
  },
  { name: 'HTTP/1.2', bytes: `GET /tasks HTTP/1.2\r\nHost: HOST\r\n\r\n` },
  { name: 'HTTP/3.1', bytes: `GET /tasks HTTP/3.1\r\nHost: HOST\r\n\r\n` },
  { name: 'a lower-case protocol', bytes: `GET /tasks http/1.1\r\nHost: HOST\r\n\r\n` },
  { name: 'another protocol', bytes: `GET /tasks FTP/1.0\r\nHost: HOST\r\n\r\n` },
  { name: 'no protocol at all', bytes: 'GET /tasks\r\n\r\n' },
  { name: 'a lower-case method', bytes: `get /tasks HTTP/1.1\r\nHost: HOST\r\n\r\n` },
  { name: 'an unknown method', bytes: `SPEND /tasks HTTP/1.1\r\nHost: HOST\r\n\r\n` },
  { name: 'a space before the method', bytes: ` GET /tasks HTTP/1.1\r\nHost: HOST\r\n\r\n` },
  { name: 'a tab in the request line', bytes: `GET\t/tasks HTTP/1.1\r\nHost: HOST\r\n\r\n` },
  { name: 'a space in the target', bytes: `GET /tas ks HTTP/1.1\r\nHost: HOST\r\n\r\n` },
  { name: 'a NUL in the target', bytes: `GET /tas\0ks HTTP/1.1\r\nHost: HOST\r\n\r\n` },
  { name: 'a space before the first header', bytes: `GET /tasks HTTP/1.1\r\n Host: HOST\r\n\r\n` },
  { name: 'bytes of a TLS handshake', bytes: '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03' },
  { name: 'a proxy protocol line', bytes: 'PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\nGET /tasks HTTP/1.1\r\n\r\n' },
  { name: 'only line ends and garbage', bytes: '\r\n\r\n{"jsonrpc":"2.0"}\r\n\r\n' },
];
