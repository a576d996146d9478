/** A claim's letters and its archive over real sockets, from real files. */
import {
  appendFile,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  stat,
  symlink,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { crc32, inflateRawSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { lettersAnswer } from '../../src/control/claim-schemas.ts';
import { get, until } from '../app/calls.ts';
import { draftLastMonth, type ClaimMonth } from '../app/claim-month.ts';
import { startApp, type StartedApp } from '../app/start-app.ts';

const NAMES = [
  'claim.en.md',
  'claim.html',
  'claim.zh.html',
  'claim.zh.md',
  'method.md',
  'requests.csv',
  'summary.json',
  'windows.csv',
  'manifest.sha256',
];

let started: StartedApp;
let claim: ClaimMonth;
let log = '';
beforeEach(async () => {
  log = '';
  started = await startApp({ logTo: { write: (line) => void (log += line) } });
  claim = await draftLastMonth(started);
});
afterEach(() => started.stop());

const of = (path: string): string => `/v1/claims/${claim.month}/${path}`;
const ask = async (path: string) => {
  const { status, json } = await get(started.controlUrl + path);
  return { status, json: json as unknown as Record<string, unknown> };
};
const letters = async () => lettersAnswer.parse((await ask(of('letters'))).json);

/** Asks for an archive; its body is not read yet. */
function open(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(started.controlUrl + path, { agent: false, headers, method }, resolve);
    request.on('error', reject);
    request.end();
  });
}

async function bodyOf(answer: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of answer) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}

/** Reads an archive by its central directory (APPNOTE 6.3.10, 4.3.12), and checks each entry. */
function unzip(zip: Buffer): Record<string, Buffer> {
  const end = zip.lastIndexOf(Buffer.from([0x50, 0x4b, 5, 6]));
  const files: Record<string, Buffer> = {};
  let at = zip.readUInt32LE(end + 16);
  for (let left = zip.readUInt16LE(end + 10); left > 0; left -= 1) {
    expect(zip.readUInt32LE(at)).toBe(0x02014b50);
    const [sum, packed, size] = [16, 20, 24].map((place) => zip.readUInt32LE(at + place));
    const [nameLength = 0, extra = 0, comment = 0] = [28, 30, 32].map((place) =>
      zip.readUInt16LE(at + place),
    );
    const name = zip.toString('utf8', at + 46, at + 46 + nameLength);
    const local = zip.readUInt32LE(at + 42);
    const data = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
    const bytes = inflateRawSync(zip.subarray(data, data + (packed ?? 0)));
    expect([name, bytes.length, crc32(bytes)]).toEqual([name, size, sum]);
    files[name] = bytes;
    at += 46 + nameLength + extra + comment;
  }
  return files;
}

/** Files of the claim's folder that this process holds open. */
async function openFiles(): Promise<string[]> {
  const fds = await readdir('/proc/self/fd');
  const targets = await Promise.all(fds.map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')));
  return targets.filter((target) => target.startsWith(claim.folder));
}

/** Writes other bytes of the same length over a file. */
async function rewrite(name: string): Promise<void> {
  const path = join(claim.folder, name);
  await writeFile(path, randomBytes((await stat(path)).size));
}

/** Puts another file of the same length and time in the place of one. */
async function replace(name: string): Promise<void> {
  const path = join(claim.folder, name);
  const { size, atime, mtime } = await stat(path);
  await writeFile(`${path}.new`, randomBytes(size));
  await utimes(`${path}.new`, atime, mtime);
  await rename(`${path}.new`, path);
}

describe('the letters of a claim', () => {
  test('are those of its folder, in both languages, with the files beside them', async () => {
    const answer = await letters();
    expect(answer).toEqual((await ask(of('letters'))).json);
    expect(answer).toMatchObject({ month: claim.month, revision: 1, state: 'draft', folder: claim.folder });
    for (const language of ['en', 'zh'] as const) {
      const { file, markdown, isAsDrafted } = answer.letters[language];
      expect([file, isAsDrafted]).toEqual([`claim.${language}.md`, true]);
      expect(markdown).toBe(await readFile(join(claim.folder, file), 'utf8'));
    }
    expect(answer.documents.map(({ name }) => name)).toEqual(NAMES);
    for (const { name, bytes } of answer.documents)
      expect([name, bytes]).toEqual([name, (await readFile(join(claim.folder, name))).length]);
  });

  test('are as they were edited, and say so', async () => {
    await appendFile(join(claim.folder, 'claim.en.md'), '\nWith kind regards\n');
    const { en, zh } = (await letters()).letters;
    expect([en.isAsDrafted, zh.isAsDrafted]).toEqual([false, true]);
    expect(en.markdown).toMatch(/With kind regards\n$/);
    // A manifest that was written anew is not the draft's.
    await appendFile(join(claim.folder, 'manifest.sha256'), `${'0'.repeat(64)}  notes.txt\n`);
    const again = await letters();
    expect(again.letters.zh.isAsDrafted).toBe(false);
    expect(again.documents.at(-2)).toEqual({ name: 'notes.txt', bytes: null });
  });

  test('are refused with the remedy where the folder has none', async () => {
    expect(await ask(of('letters?revision=2'))).toMatchObject({ status: 404, json: { word: 'not_found' } });
    expect(await ask('/v1/claims/2024-01/letters')).toMatchObject({ status: 404 });
    expect(await ask(of('letters?revision=0'))).toMatchObject({ status: 400 });
    await rename(join(claim.folder, 'claim.zh.md'), join(claim.folder, 'elsewhere'));
    const { status, json } = await ask(of('letters'));
    expect([status, json['detail']]).toEqual([
      404,
      `${join(claim.folder, 'claim.zh.md')} cannot be read; draft ${claim.month} again: what was edited is kept beside it.`,
    ]);
    await symlink(join(claim.folder, 'elsewhere'), join(claim.folder, 'claim.zh.md'));
    expect((await ask(of('letters'))).status).toBe(404);
  });
});

describe('the archive of a claim', () => {
  test('holds every file of the manifest, byte for byte', async () => {
    const answer = await open(of('folder.zip'));
    const folder = `kling-claim-${claim.month}-r1`;
    expect([
      answer.statusCode,
      answer.headers['content-type'],
      answer.headers['content-disposition'],
    ]).toEqual([200, 'application/zip', `attachment; filename="${folder}.zip"`]);
    await writeFile(join(claim.folder, 'not-listed.txt'), 'private');
    const files = unzip(await bodyOf(answer));
    expect(Object.keys(files)).toEqual(NAMES.map((name) => `${folder}/${name}`));
    for (const name of NAMES)
      expect(files[`${folder}/${name}`]?.equals(await readFile(join(claim.folder, name)))).toBe(true);
    await writeFile(join(claim.folder, 'method.md'), '');
    const again = unzip(await bodyOf(await open(of('folder.zip?revision=1'))));
    expect(Object.keys(again)).toEqual(Object.keys(files));
    expect(again[`${folder}/method.md`]?.length).toBe(0);
    const head = await open(of('folder.zip'), {}, 'HEAD');
    expect([head.statusCode, (await bodyOf(head)).length]).toEqual([200, 0]);
    expect(await openFiles()).toEqual([]);
  });

  test('is refused as other reads are, and where files are missing or no plain files', async () => {
    const statusOf = async (path: string, headers: Record<string, string> = {}) => {
      const answer = await open(path, headers);
      await bodyOf(answer);
      return answer.statusCode;
    };
    expect(await statusOf(of('folder.zip'), { origin: 'https://evil.example' })).toBe(403);
    expect(await statusOf(of('folder.zip'), { host: 'evil.example' })).toBe(421);
    expect(await statusOf(of('folder.zip?revision=2'))).toBe(404);
    expect(await statusOf(of('folder.zip?revision=x'))).toBe(400);
    expect(await statusOf(of('folder.zip?file=a'))).toBe(400);
    expect(await statusOf('/v1/claims/2024-01/folder.zip')).toBe(404);
    await rm(join(claim.folder, 'method.md'));
    await symlink('/etc/hostname', join(claim.folder, 'method.md'));
    expect(await statusOf(of('folder.zip'))).toBe(404);
    await writeFile(join(claim.folder, 'manifest.sha256'), `${'0'.repeat(64)}  ../../../store.db\n`);
    expect(await statusOf(of('folder.zip'))).toBe(404);
    expect(await openFiles()).toEqual([]);
  });

  test('is sent to four readers at once, and holds no file open once they have gone', async () => {
    await writeFile(join(claim.folder, 'requests.csv'), randomBytes(32 * 1024 * 1024));
    const slow = await Promise.all(Array.from({ length: 4 }, () => open(of('folder.zip'))));
    for (const answer of slow) answer.on('error', () => undefined).pause();
    const fifth = await open(of('folder.zip'));
    expect([fifth.statusCode, fifth.headers['retry-after']]).toEqual([503, '5']);
    await bodyOf(fifth);
    await until('a file is being sent', async () => (await openFiles()).length > 0);
    for (const answer of slow) answer.destroy();
    await until('every file is closed', async () => (await openFiles()).length === 0);
    const next = await open(of('folder.zip'));
    expect(next.statusCode).toBe(200);
    const files = unzip(await bodyOf(next));
    expect(files[`kling-claim-${claim.month}-r1/requests.csv`]?.length).toBe(32 * 1024 * 1024);
  });

  test('is the same bytes for the same files, dated as the draft', async () => {
    const [one, two] = [
      await bodyOf(await open(of('folder.zip'))),
      await bodyOf(await open(of('folder.zip'))),
    ];
    expect(Object.keys(unzip(one))).toHaveLength(NAMES.length);
    expect(two.equals(one)).toBe(true);
    await utimes(join(claim.folder, 'method.md'), 1, 1);
    expect((await bodyOf(await open(of('folder.zip')))).equals(one)).toBe(true);
  });

  test.each<[string, () => Promise<void>]>([
    ['is taken away', () => rm(join(claim.folder, 'windows.csv'))],
    ['grows', () => appendFile(join(claim.folder, 'windows.csv'), 'more')],
    ['is cut', () => truncate(join(claim.folder, 'requests.csv'), 1024)],
    ['is written again, as long as before', () => rewrite('windows.csv')],
    ['that is being read is written again', () => rewrite('requests.csv')],
    ['is replaced', () => replace('windows.csv')],
  ])('breaks off before its directory where a file %s while it is sent', async (_, change) => {
    await writeFile(join(claim.folder, 'requests.csv'), randomBytes(32 * 1024 * 1024));
    const answer = (await open(of('folder.zip'))).pause();
    await until('the large file is being sent', async () =>
      (await openFiles()).some((path) => path.endsWith('requests.csv')),
    );
    const aborted = expect(once(answer, 'end')).rejects.toThrow('aborted');
    const sent: Buffer[] = [];
    answer.on('data', (piece: Buffer) => sent.push(piece));
    await change();
    answer.resume();
    await aborted;
    expect(Buffer.concat(sent).includes(Buffer.from([0x50, 0x4b, 1, 2]))).toBe(false);
    await until('every file is closed', async () => (await openFiles()).length === 0);
    await until('the log names the file', () =>
      /"control_failed".*(?:windows|requests)\.csv(?:'| changed while the archive was made)/.test(log),
    );
    expect((await ask('/v1/claims')).status).toBe(200);
  });
});
