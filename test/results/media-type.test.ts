import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mediaTypeOf } from '../../src/results/media-type.ts';
import { sampleFile } from '../../src/emulator/sample-media.ts';

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');

describe('the type of a file by its bytes', () => {
  it.each([
    ['\0\0\0\x20ftypisom', 'video/mp4', 'mp4'],
    ['\0\0\0\x14ftypqt  ', 'video/quicktime', 'mov'],
    ['\0\0\0\x14ftypM4A ', 'audio/mp4', 'm4a'],
    ['\x89PNG\r\n\x1a\n', 'image/png', 'png'],
    ['\xff\xd8\xff\xe0', 'image/jpeg', 'jpg'],
    ['GIF89a', 'image/gif', 'gif'],
    ['RIFF\x24\0\0\0WEBPVP8 ', 'image/webp', 'webp'],
    ['RIFF\x24\0\0\0WAVEfmt ', 'audio/wav', 'wav'],
    ['ID3\x03', 'audio/mpeg', 'mp3'],
    ['\xff\xfb\x90\x64', 'audio/mpeg', 'mp3'],
    ['\x1a\x45\xdf\xa3', 'video/webm', 'webm'],
  ])('reads %j as %s', (begins, type, extension) => {
    expect(mediaTypeOf(bytes(begins))).toEqual({ type, extension });
  });

  it.each([
    '',
    '<html><script>',
    '<svg xmlns=',
    '%PDF-1.7',
    'MZ',
    '\xff\xff\xff\xff',
    'RIFF\0\0\0\0EVIL',
    'GIF',
  ])('does not give a type that a browser runs for %j', (begins) =>
    expect(mediaTypeOf(bytes(begins)).type).toBe('application/octet-stream'),
  );

  it('gives a type for any bytes, the same for all that follow', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 64 }), fc.uint8Array(), (first, rest) => {
        expect(mediaTypeOf(Buffer.concat([first, rest]))).toEqual(mediaTypeOf(first));
        expect(mediaTypeOf(first).type).toMatch(/^(video|audio|image)\/|octet-stream$/);
      }),
    );
  });

  it.each(['mp4', 'png', 'mp3', 'wav'])('reads the emulator’s own %s', (extension) => {
    const file = sampleFile(extension, '/files/x', 0);
    if (file === undefined) throw new Error(`the emulator has no ${extension}`);
    expect(mediaTypeOf(file.body.read(0, 32)).extension).toBe(extension);
  });
});
