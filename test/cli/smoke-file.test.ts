import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { checkFile } from '../../src/cli/smoke-file.ts';
import { sampleFile } from '../../src/emulator/sample-media.ts';

let folder: string;
beforeAll(async () => void (folder = await mkdtemp(path.join(tmpdir(), 'kling-smoke-'))));
afterAll(() => rm(folder, { recursive: true, force: true }));

const check = async (bytes: Buffer) => {
  const file = path.join(folder, 'file');
  await writeFile(file, bytes);
  return await checkFile(file);
};
const sample = (extension: string): Buffer => {
  const { body } = sampleFile(extension, 'seed', 2_000) ?? {};
  return body?.read(0, body.length) ?? Buffer.alloc(0);
};
const riff = Buffer.concat([Buffer.from('RIFF\x10\0\0\0WEBPVP8 ', 'latin1'), Buffer.alloc(8)]);
const jpeg = Buffer.concat([Buffer.from('ffd8ffe0', 'hex'), Buffer.alloc(60, 7), Buffer.from('ffd9', 'hex')]);
const WHOLE = [
  { type: 'video/mp4', bytes: sample('mp4') },
  { type: 'image/png', bytes: sample('png') },
  { type: 'image/webp', bytes: riff },
  { type: 'image/jpeg', bytes: jpeg },
];

it('knows each kind by its bytes', async () => {
  for (const { type, bytes } of WHOLE)
    expect(await check(bytes)).toMatchObject({ kind: { type }, fault: null });
});

it('finds every file faulty that was cut anywhere', async () => {
  const cut = fc
    .constantFrom(...WHOLE)
    .chain(({ bytes }) => fc.nat(bytes.length - 1).map((length) => bytes.subarray(0, length)));
  await fc.assert(
    fc.asyncProperty(cut, async (bytes) => {
      const { fault } = await check(bytes);
      expect([bytes.length, fault]).toEqual([bytes.length, expect.any(String)]);
    }),
  );
});

it('takes boxes of 64 bits and one that goes to the end, and no other lengths', async () => {
  const [, ftyp = Buffer.alloc(0)] = [0, sample('mp4').subarray(0, 28)];
  const moov = Buffer.from('\0\0\0\x08moov', 'latin1');
  const large = Buffer.from('\0\0\0\x01free\0\0\0\0\0\0\0\x14data', 'latin1');
  const toEnd = Buffer.from('\0\0\0\0mdatdatadata', 'latin1');
  expect(await check(Buffer.concat([ftyp, moov, large, toEnd]))).toMatchObject({ fault: null });
  expect(await check(Buffer.concat([ftyp, toEnd]))).toMatchObject({
    fault: expect.stringMatching(/moov/) as string,
  });
  const none = Buffer.from('\0\0\0\x07freeabcd', 'latin1');
  expect(await check(Buffer.concat([ftyp, moov, none]))).toMatchObject({
    fault: 'has a box without a length',
  });
});

it('shows how a file begins that is of no kind', async () => {
  const page = await check(Buffer.from('<!DOCTYPE html><html>'));
  expect(page.fault).toBe('is neither MP4, PNG, JPEG nor WebP: it begins with "<!DOCTYPE ht"');
  expect((await check(Buffer.from([0, 1, 2, 255]))).fault).toMatch(/begins with 000102ff$/);
  expect((await check(Buffer.alloc(0))).fault).toBe('is empty');
});
