/** A real S3-compatible server in a folder, for tests: the npm package `@20minutes/s3rver`, which checks signatures. */
import { createRequire } from 'node:module';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

interface S3rver {
  run(): Promise<{ address: string; port: number }>;
  close(): Promise<void>;
}
type S3rverClass = new (options: {
  port: number;
  address: string;
  silent: boolean;
  directory: string;
  configureBuckets: { name: string; configs: unknown[] }[];
}) => S3rver;

/** How the server ends the name of an object's file. */
const END = '._S3rver_object';

/** The only credentials that it takes. */
export const BUCKET_KEYS = {
  KLING_SIDECAR_S3_ACCESS_KEY_ID: 'S3RVER',
  KLING_SIDECAR_S3_SECRET_ACCESS_KEY: 'S3RVER',
};

export interface BucketServer {
  url: string;
  port: number;
  /** The keys of all objects. */
  keys(): Promise<string[]>;
  /** Stops answering; the objects stay. */
  pause(): Promise<void>;
  /** Answers again at the same address. */
  resume(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts a server with one bucket, `results`. */
export async function startBucketServer(): Promise<BucketServer> {
  const directory = await mkdtemp(path.join(tmpdir(), 'bucket-'));
  const { default: Server } = (await import(createRequire(import.meta.url).resolve('@20minutes/s3rver'))) as {
    default: S3rverClass;
  };
  const make = (port: number): S3rver =>
    new Server({
      port,
      address: '127.0.0.1',
      silent: true,
      directory,
      configureBuckets: [{ name: 'results', configs: [] }],
    });
  let server = make(0);
  const { port } = await server.run();
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    async keys() {
      const all = await readdir(path.join(directory, 'results'), { recursive: true });
      return all.filter((name) => name.endsWith(END)).map((name) => name.slice(0, -END.length));
    },
    pause: () => server.close(),
    async resume() {
      server = make(port);
      await server.run();
    },
    async stop() {
      await server.close().catch(() => undefined);
      await rm(directory, { recursive: true, force: true });
    },
  };
}
