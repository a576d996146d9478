/** The `results` section of the config: whether files of results are kept, where, how many, and from which hosts. */
import { z } from 'zod';
import { plainSection } from '../config-section.ts';
import type { ResultPlace } from '../tasks/result-file-table.ts';
import { addressKeys, bucketPlace, bucketSection } from './serving-config.ts';

/**
 * The hosts of results in answers and documents of Kling's (klingai.com, kling.ai), and those of Kuaishou's content network
 * that such answers have named (seen in public documents and clients, read 2026-11-28).
 */
const HOSTS = ['klingai.com', 'kling.ai', 'kechuangai.com', 'kwimgs.com', 'inkwai.com', 'yximgs.com'];

const hostSuffix = z.string().regex(/^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]$/, {
  error: 'the end of a host name in lower case, without scheme, port or "*", such as "klingai.com"',
});

export const resultsSection = z
  .strictObject({
    keep: z
      .boolean()
      .default(false)
      .describe('Download the files of each task that succeeds: Kling clears them after 30 days.'),
    dir: z
      .string()
      .min(1)
      .default('data/results')
      .describe('The folder for them; a relative path starts at the config file’s folder.'),
    quotaGiB: z
      .number()
      .min(0.001)
      .max(1_000_000)
      .default(50)
      .describe('No more is saved than this; what does not fit waits until there is room, or expires.'),
    freeGiBMin: z
      .number()
      .min(0)
      .max(1_000_000)
      .default(2)
      .describe('So much of the disk stays free: the ledger needs room too.'),
    fileGiBMax: z.number().min(0.001).max(1024).default(4).describe('A larger file is not saved.'),
    concurrency: z.int().min(1).max(100).default(2).describe('Downloads at the same time.'),
    keepDays: z
      .int()
      .min(1)
      .max(36_500)
      .nullable()
      .default(null)
      .describe('Files are removed so many days after they were saved; null keeps them.'),
    allowedHosts: z
      .array(hostSuffix)
      .min(1)
      .max(100)
      .readonly()
      .default(HOSTS)
      .describe(
        'Files are downloaded only from these hosts and those below them; also from this machine where upstream.baseUrl is on it.',
      ),
    ...addressKeys,
    s3: bucketSection,
  })
  .prefault({});

/** `dir` and `s3.caFile` are absolute once loaded. */
export type ResultsConfig = z.output<typeof resultsSection>;

export const resultsConfig = plainSection(resultsSection, (results, absolute) => ({
  ...results,
  dir: absolute(results.dir),
  s3: results.s3 && { ...results.s3, caFile: results.s3.caFile && absolute(results.s3.caFile) },
}));

/** Gives the place of new files and its address: the folder, or the bucket without its credentials. */
export function whereOf({ dir, s3 }: Pick<ResultsConfig, 'dir' | 's3'>): {
  place: ResultPlace;
  where: string;
} {
  if (s3 === null) return { place: 'folder', where: dir };
  return { place: 's3', where: `s3://${s3.bucket}/${s3.prefix} at ${bucketPlace(s3).endpoint}` };
}
