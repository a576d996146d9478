import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fileAnswer, spanOf, type AnsweredFile } from '../../src/results/file-answer.ts';

const file: AnsweredFile = {
  bytes: 1000,
  sha256: 'ab'.repeat(32),
  mediaType: 'video/mp4',
  name: '871-0.mp4',
  savedAt: Date.UTC(2026, 10, 28, 10, 0, 0) + 500,
};
const ETAG = `"${file.sha256}"`;
const DATE = 'Sat, 28 Nov 2026 10:00:00 GMT';
const LATER = 'Sat, 28 Nov 2026 10:00:01 GMT';
const EARLIER = 'Sat, 28 Nov 2026 09:59:59 GMT';
const caching = { maxAgeMs: 60_000, isShared: false };
const asked = (headers: Record<string, string>, method = 'GET') =>
  fileAnswer(file, { method, headers }, caching);

describe('a whole file', () => {
  it('has its length, its own type, a name, and validators', () => {
    const { status, headers, span } = asked({});
    expect({ status, span }).toEqual({ status: 200, span: { first: 0, last: 999 } });
    expect(headers).toEqual({
      etag: ETAG,
      'last-modified': DATE,
      'accept-ranges': 'bytes',
      'cache-control': 'private, max-age=60, immutable',
      'content-type': 'video/mp4',
      'content-disposition': 'inline; filename="871-0.mp4"',
      'content-length': '1000',
    });
  });

  it('has the same headers and no body for HEAD, also with a range', () => {
    expect(asked({}, 'HEAD')).toEqual({ ...asked({}), span: null });
    expect(asked({ range: 'bytes=0-9' }, 'HEAD')).toEqual({ ...asked({}), span: null });
  });

  it('without a byte is answered without a body', () => {
    const empty = { ...file, bytes: 0 };
    const whole = fileAnswer(empty, { method: 'GET', headers: {} }, caching);
    expect(whole).toMatchObject({ status: 200, span: null, headers: { 'content-length': '0' } });
    for (const range of ['bytes=0-', 'bytes=-5'])
      expect(fileAnswer(empty, { method: 'GET', headers: { range } }, caching).status).toBe(416);
  });

  it('may be kept by a shared cache where the caller says so', () => {
    const { headers } = fileAnswer(
      file,
      { method: 'GET', headers: {} },
      { maxAgeMs: 86_400_999, isShared: true },
    );
    expect(headers['cache-control']).toBe('public, max-age=86400, immutable');
  });
});

describe('conditions', () => {
  it.each([
    [{ 'if-none-match': ETAG }, 304],
    [{ 'if-none-match': `"other", W/${ETAG}` }, 304],
    [{ 'if-none-match': '*' }, 304],
    [{ 'if-none-match': '"other"' }, 200],
    [{ 'if-none-match': '"other"', 'if-modified-since': LATER }, 200],
    [{ 'if-modified-since': DATE }, 304],
    [{ 'if-modified-since': LATER }, 304],
    [{ 'if-modified-since': EARLIER }, 200],
    [{ 'if-modified-since': 'yesterday' }, 200],
    [{ 'if-match': ETAG }, 200],
    [{ 'if-match': `W/${ETAG}` }, 412],
    [{ 'if-match': '"other"' }, 412],
    [{ 'if-unmodified-since': EARLIER }, 412],
    [{ 'if-unmodified-since': DATE }, 200],
    [{ 'if-match': '"other"', 'if-none-match': ETAG }, 412],
    [{ 'if-none-match': ETAG, range: 'bytes=0-9' }, 304],
  ])('%j are answered with %i', (headers, status) => {
    const answer = asked(headers as Record<string, string>);
    expect(answer.status).toBe(status);
    if (status >= 300) expect(answer.span).toBeNull();
  });

  it.each([
    [{ 'if-range': ETAG }, 206],
    [{ 'if-range': DATE }, 206],
    [{ 'if-range': `W/${ETAG}` }, 200],
    [{ 'if-range': '"other"' }, 200],
    [{ 'if-range': EARLIER }, 200],
  ])('a range with %j is answered with %i', (headers, status) => {
    expect(asked({ range: 'bytes=0-9', ...(headers as object) }).status).toBe(status);
  });
});

describe('ranges', () => {
  it.each([
    ['bytes=0-0', { first: 0, last: 0 }],
    ['bytes=0-', { first: 0, last: 999 }],
    ['bytes=990-2000', { first: 990, last: 999 }],
    ['bytes=-1', { first: 999, last: 999 }],
    ['bytes=-5000', { first: 0, last: 999 }],
    ['BYTES=1-2', { first: 1, last: 2 }],
    ['bytes=1000-', 'outside'],
    ['bytes=99999999999999999999999-', 'outside'],
    ['bytes=-0', 'outside'],
    ['bytes=5-4', 'whole'],
    ['bytes=2000-4', 'whole'],
    ['bytes=-', 'whole'],
    ['bytes=0-1,3-4', 'whole'],
    ['bytes=1', 'whole'],
    ['items=0-1', 'whole'],
    ['bytes=0x1-2', 'whole'],
  ])('%s of 1000 bytes', (range, span) => expect(spanOf(range, 1000)).toEqual(span));

  it('a part says which it is, and one outside says how long the file is', () => {
    expect(asked({ range: 'bytes=10-19' })).toMatchObject({
      status: 206,
      span: { first: 10, last: 19 },
      headers: { 'content-range': 'bytes 10-19/1000', 'content-length': '10', 'content-type': 'video/mp4' },
    });
    expect(asked({ range: 'bytes=1000-' })).toMatchObject({
      status: 416,
      span: null,
      headers: { 'content-range': 'bytes */1000', 'content-length': '0' },
    });
  });

  it('are within the file, and their parts make the whole file again', () => {
    fc.assert(
      fc.property(fc.nat(5000), fc.nat(6000), fc.option(fc.nat(6000)), (length, first, last) => {
        const span = spanOf(`bytes=${first}-${last ?? ''}`, length);
        if (typeof span === 'string') {
          expect(span).toBe(last !== null && last < first ? 'whole' : 'outside');
          return;
        }
        expect(span.first).toBe(first);
        expect(span.last).toBe(Math.min(last ?? length - 1, length - 1));
        expect(span.last).toBeLessThan(length);
      }),
    );
  });
});
