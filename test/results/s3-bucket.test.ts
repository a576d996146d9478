import { createHash, createHmac } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import type { AddressInfo, LookupFunction } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { BucketFailed, S3Bucket, type BucketOptions, type Upload } from '../../src/results/s3-bucket.ts';
import { Secret } from '../../src/secret.ts';
import { Agent } from '../../src/upstream/undici.ts';
import { startBucketServer, type BucketServer } from './bucket-server.ts';

let server: BucketServer;
let folder: string;
const opened: S3Bucket[] = [];

beforeAll(async () => {
  server = await startBucketServer();
  folder = await mkdtemp(path.join(tmpdir(), 'uploads-'));
});
afterAll(async () => {
  for (const bucket of opened) await bucket.close();
  await server.stop();
  await rm(folder, { recursive: true });
});

function open(over: Partial<BucketOptions> = {}): S3Bucket {
  const bucket = new S3Bucket({
    endpoint: server.url,
    region: 'us-east-1',
    bucket: 'results',
    forcePathStyle: true,
    credentials: () => ({ accessKeyId: 'S3RVER', secretAccessKey: new Secret('S3RVER'), sessionToken: null }),
    agent: new Agent({ pipelining: 0 }),
    clock: systemClock,
    ...over,
  });
  opened.push(bucket);
  return bucket;
}

async function upload(name: string, content: Buffer): Promise<Upload> {
  const file = path.join(folder, name);
  await writeFile(file, content);
  const sha256 = createHash('sha256').update(content).digest('hex');
  return { file, bytes: content.length, sha256, contentType: 'video/mp4' };
}

async function read(stream: Readable | null): Promise<string> {
  let text = '';
  for await (const piece of stream ?? []) text += String(piece);
  return text;
}

describe('a bucket', () => {
  it('takes a file, gives it whole and in parts, and forgets it', async () => {
    const bucket = open();
    await bucket.check();
    const content = Buffer.from('0123456789'.repeat(100_000));
    const sent = await upload('a.mp4', content);
    const key = 'kling/2026-11-28/hold_1-1.mp4';
    expect(await bucket.head(key)).toBeNull();
    expect(await bucket.get(key)).toBeNull();
    await bucket.put(key, sent);
    expect(await bucket.head(key)).toEqual({ bytes: 1_000_000, sha256: sent.sha256 });
    expect(await read(await bucket.get(key))).toBe(content.toString());
    expect(await read(await bucket.get(key, { first: 999_995, last: 999_999 }))).toBe('56789');
    await bucket.put(key, sent);
    expect(await server.keys()).toEqual([key]);
    await bucket.remove(key);
    await bucket.remove(key);
    expect(await bucket.head(key)).toBeNull();
  });

  it('takes a file without a byte, and keys with every allowed character', async () => {
    const bucket = open();
    const key = 'A-z_0.9/2026-11-28/hold_1-1.mp4';
    await bucket.put(key, await upload('empty', Buffer.alloc(0)));
    expect((await bucket.head(key))?.bytes).toBe(0);
    await bucket.remove(key);
  });

  it('refuses wrong credentials and another bucket with the store’s own word, without a credential in the error', async () => {
    const secret = new Secret('not the right secret');
    const wrong = open({
      credentials: () => ({ accessKeyId: 'S3RVER', secretAccessKey: secret, sessionToken: null }),
    });
    const failure = await wrong
      .put('x', await upload('b', Buffer.from('b')))
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(BucketFailed);
    expect(String(failure)).toBe(
      'BucketFailed: The bucket did not take an object: HTTP 403, SignatureDoesNotMatch.',
    );
    await expect(open({ bucket: 'nowhere' }).put('x', await upload('c', Buffer.from('c')))).rejects.toThrow(
      'NoSuchBucket',
    );
    await expect(open({ bucket: 'nowhere' }).check()).rejects.toThrow('HTTP 404');
  });

  it('that does not answer is a failure with the connection’s code', async () => {
    await expect(open({ endpoint: 'http://127.0.0.1:1' }).head('x')).rejects.toThrow(
      'no answer, ECONNREFUSED',
    );
  });

  it('is asked for by its name in the host where that is wanted, with a signature of that host and path', async () => {
    const received: IncomingMessage[] = [];
    const recorder = createServer((request, response) => {
      received.push(request);
      response.writeHead(404).end();
    });
    await new Promise<void>((resolve) => recorder.listen(0, '127.0.0.1', resolve));
    const { port } = recorder.address() as AddressInfo;
    const lookup: LookupFunction = (_host, _options, done) =>
      done(null, [{ address: '127.0.0.1', family: 4 }]);
    const bucket = open({
      endpoint: `http://s3.eu-central-1.amazonaws.com:${port}`,
      region: 'eu-central-1',
      forcePathStyle: false,
      agent: new Agent({ pipelining: 0, connect: { lookup } }),
    });
    expect(await bucket.head('kling/by-host.mp4')).toBeNull();
    await new Promise((resolve) => recorder.close(resolve).closeAllConnections());
    const [{ url, headers } = { url: '', headers: {} as IncomingHttpHeaders }] = received;
    expect(url).toBe('/kling/by-host.mp4');
    expect(headers.host).toBe(`results.s3.eu-central-1.amazonaws.com:${port}`);
    expect(headers.authorization).toContain(`Signature=${signatureOf(url ?? '', headers)}`);
  });
});

/** The signature of a HEAD as Amazon's documentation computes it (sig-v4-header-based-auth.html, read 2026-11-28). */
function signatureOf(url: string, headers: IncomingHttpHeaders): string {
  const hash = (text: string): string => createHash('sha256').update(text).digest('hex');
  const names = /SignedHeaders=([^,]+)/.exec(headers.authorization ?? '')?.[1] ?? '';
  const lines = names.split(';').map((name) => `${name}:${String(headers[name])}\n`);
  const request = ['HEAD', url, '', lines.join(''), names, headers['x-amz-content-sha256']].join('\n');
  const at = String(headers['x-amz-date']);
  const scope = [at.slice(0, 8), 'eu-central-1', 's3', 'aws4_request'];
  const hmac = (key: string | Buffer, text: string): Buffer =>
    createHmac('sha256', key).update(text).digest();
  const key = scope.reduce<string | Buffer>(hmac, 'AWS4S3RVER');
  return hmac(Buffer.from(key), ['AWS4-HMAC-SHA256', at, scope.join('/'), hash(request)].join('\n')).toString(
    'hex',
  );
}
