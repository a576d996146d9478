import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  codingsOf,
  decodedLines,
  decodeWhole,
  envelopeOf,
  mayHoldJson,
} from '../../src/upstream/answer-body.ts';

const MIB = 1_048_576;
const of = (status: number, ...values: string[]) =>
  codingsOf({ status, headers: values.flatMap((value) => ['Content-Encoding', value]) });

describe('content codings', () => {
  it('are listed from the last applied to the first, over all lines, in any case', () => {
    expect(of(200)).toEqual([]);
    expect(of(200, 'identity')).toEqual([]);
    expect(of(200, 'gzip')).toEqual(['gzip']);
    expect(of(200, 'X-GZip')).toEqual(['gzip']);
    expect(of(200, 'deflate, br')).toEqual(['br', 'deflate']);
    expect(of(200, 'zstd', ' identity , GZIP')).toEqual(['gzip', 'zstd']);
  });

  it('are left alone if one is unknown, if there are too many, and on a part of a whole', () => {
    expect(of(200, 'gzip, compress')).toEqual([]);
    expect(of(200, 'toString')).toEqual([]);
    expect(of(200, 'gzip, gzip, gzip, gzip, gzip, gzip')).toEqual([]);
    expect(of(206, 'gzip')).toEqual([]);
  });

  it('are undone, alone and stacked, in both spellings of deflate', () => {
    const text = Buffer.from('{"code":0,"data":"视频"}');
    expect(decodeWhole(gzipSync(text), ['gzip'], MIB)).toEqual(text);
    expect(decodeWhole(deflateSync(text), ['deflate'], MIB)).toEqual(text);
    expect(decodeWhole(deflateRawSync(text), ['deflate'], MIB)).toEqual(text);
    expect(decodeWhole(brotliCompressSync(text), ['br'], MIB)).toEqual(text);
    expect(decodeWhole(zstdCompressSync(text), ['zstd'], MIB)).toEqual(text);
    expect(
      decodeWhole(gzipSync(brotliCompressSync(deflateRawSync(text))), ['gzip', 'br', 'deflate'], MIB),
    ).toEqual(text);
    expect(decodeWhole(text, [], MIB)).toBe(text);
  });

  it('that are damaged or larger than allowed once undone give nothing', () => {
    const bomb = gzipSync(Buffer.alloc(2 * MIB));
    expect(bomb.length).toBeLessThan(10_000);
    expect(decodeWhole(bomb, ['gzip'], MIB)).toBeNull();
    expect(decodeWhole(gzipSync(bomb), ['gzip', 'gzip'], MIB)).toBeNull();
    expect(decodeWhole(Buffer.from('{"code":0}'), ['gzip'], MIB)).toBeNull();
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 64 }),
        fc.constantFrom('gzip', 'deflate', 'br', 'zstd'),
        (bytes, coding) => {
          decodeWhole(Buffer.from(bytes), [coding as 'gzip'], 1000);
        },
      ),
    );
  });

  it('take their headers with them', () => {
    const lines = [
      'Content-Encoding',
      'gzip',
      'Content-Length',
      '9',
      'Digest',
      'x',
      'ETag',
      '"a"',
      'etag',
      'W/"b"',
    ];
    expect(decodedLines([...lines, 'X-A', '1'])).toEqual(['ETag', 'W/"a"', 'etag', 'W/"b"', 'X-A', '1']);
  });
});

describe('an envelope', () => {
  const text = '{"code":0,"message":"成功","request_id":"r","data":{}}';
  const read = (bytes: Buffer, type: string | null): unknown =>
    envelopeOf(type === null ? [] : ['Content-Type', type], bytes)?.message;

  it('is read with any type', () => {
    for (const type of [
      'application/json',
      'application/json; charset=utf-8',
      'text/json',
      'text/plain',
      null,
    ]) {
      expect(read(Buffer.from(text), type), String(type)).toBe('成功');
    }
  });

  it('is read with a byte order mark, and in other charsets', () => {
    expect(read(Buffer.from(`\uFEFF${text}`), 'application/json')).toBe('成功');
    expect(read(Buffer.from(`\uFEFF${text}`, 'utf16le'), 'application/json')).toBe('成功');
    expect(read(Buffer.from(text, 'utf16le'), 'application/json; charset="UTF-16LE"')).toBe('成功');
    expect(read(Buffer.from(`\uFEFF${text}`, 'utf16le').swap16(), 'application/json')).toBe('成功');
    const gbk = Buffer.concat([
      Buffer.from('{"code":0,"message":"'),
      Buffer.from([0xb3, 0xc9, 0xb9, 0xa6]),
      Buffer.from('"}'),
    ]);
    expect(read(gbk, 'application/json; charset=GBK')).toBe('成功');
  });

  it('is read as UTF-8 if it is valid UTF-8, with any charset of the server', () => {
    expect(read(Buffer.from(text), 'application/json; charset=iso-8859-1')).toBe('成功');
    expect(read(Buffer.from(text), 'application/json; charset=no-such-thing')).toBe('成功');
    expect(read(Buffer.from([0x7b, 0xff, 0x7d]), 'application/json; charset=no-such-thing')).toBeUndefined();
  });

  it('is looked for in anything but media', () => {
    const may = (type: string): boolean => mayHoldJson(['content-type', type]);
    expect(['application/json', 'text/html', 'application/problem+json', ''].filter(may)).toHaveLength(4);
    expect(['video/mp4', 'image/png', 'application/octet-stream', 'multipart/mixed'].filter(may)).toEqual([]);
    expect(mayHoldJson([])).toBe(true);
  });
});
