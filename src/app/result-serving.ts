/** Wires where kept results are, and their addresses for apps. */
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Clock } from '../clock.ts';
import type { Config } from '../config/config.ts';
import type { Secrets } from '../config/secrets.ts';
import { AddressRewriter } from '../results/address-rewriter.ts';
import { openFolderStore } from '../results/folder-store.ts';
import { ResultLinks } from '../results/result-links.ts';
import type { ResultStore } from '../results/result-store.ts';
import { S3Bucket } from '../results/s3-bucket.ts';
import { openS3Store } from '../results/s3-store.ts';
import { bucketPlace } from '../results/serving-config.ts';
import { Secret } from '../secret.ts';
import type { Store } from '../store/store.ts';
import type { ResultPlace } from '../tasks/result-file-table.ts';
import { Agent, type Dispatcher } from '../upstream/undici.ts';
import { DAY_MS } from '../zone.ts';

const GIB = 1_073_741_824;
const BUCKET_CONNECT_MS_MAX = 10_000;

export interface ServingDeps {
  store: Pick<Store, 'read'>;
  clock: Clock;
  config: () => Config;
  secrets: () => Pick<Secrets, 'controlToken' | 'bucket'>;
  /** The control plane's own address. */
  controlUrl: () => string;
  onError: (message: string, error: unknown) => void;
}

/** Where kept results are, and their addresses. */
export interface ResultServing {
  /** Where new files go. */
  destination: ResultStore;
  /** Gives where files of a place are; null for a bucket that is not configured. */
  placeOf: (place: ResultPlace) => ResultStore | null;
  links: ResultLinks;
  /** Puts our addresses in what apps read. */
  rewriter: AddressRewriter;
}

/** Opens the places of results, and makes their addresses; nothing is asked or written before the first file. */
export function openResultServing(deps: ServingDeps): ResultServing {
  const { store, clock, config, onError } = deps;
  const folder = openFolder(config, config().results.dir);
  const destination = openBucket(deps) ?? folder;
  const links = openLinks(deps);
  return {
    destination,
    placeOf(place) {
      if (place === 'folder') return folder;
      return destination.place === 's3' ? destination : null;
    },
    links,
    rewriter: new AddressRewriter({ reader: store, links, clock, onError }),
  };
}

/** The key of the addresses follows from the control token: a new token makes every address of before void. */
function openLinks({ config, secrets, controlUrl }: ServingDeps): ResultLinks {
  const token = secrets().controlToken.key();
  return new ResultLinks({
    key: new Secret(createHmac('sha256', token).update('kling-sidecar result addresses').digest()),
    publicUrl: () => config().results.publicUrl ?? controlUrl(),
    lifeMs: () => config().results.urlDays * DAY_MS,
  });
}

function openFolder(config: () => Config, dir: string): ResultStore {
  return openFolderStore({ dir, freeBytesMin: () => config().results.freeGiBMin * GIB });
}

/** Opens the configured bucket; null without one. It is chosen once: its keys need a restart. */
function openBucket({ config, secrets, clock }: ServingDeps): ResultStore | null {
  const { dir, s3 } = config().results;
  if (s3 === null) return null;
  const bucketDir = path.join(dir, '.bucket');
  const { region, bucket, prefix, caFile } = s3;
  return openS3Store({
    bucket: new S3Bucket({
      ...bucketPlace(s3),
      region,
      bucket,
      credentials: () => secrets().bucket ?? noCredentials(),
      agent: bucketAgent(caFile),
      clock,
    }),
    prefix,
    local: openFolder(config, bucketDir),
    dir: bucketDir,
  });
}

function noCredentials(): never {
  throw new Error('the secrets have no credentials of a bucket: a start with results.s3 refuses that');
}

/** Makes the connections to a bucket. The operator named its address, so it may be a private one. */
function bucketAgent(caFile: string | null): Dispatcher {
  const ca = caFile === null ? {} : { ca: readFileSync(caFile, 'utf8') };
  return new Agent({
    pipelining: 0,
    allowH2: false,
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: { timeout: BUCKET_CONNECT_MS_MAX, minVersion: 'TLSv1.2', ...ca },
  });
}
