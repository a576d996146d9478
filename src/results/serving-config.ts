/** The keys of the `results` section that are about addresses of kept files and about a bucket. */
import { z } from 'zod';

const origin = z
  .string()
  .refine(isOrigin, { error: 'http:// or https://, a host and perhaps a port, with nothing after it' })
  .transform((text) => new URL(text).origin);

function isOrigin(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  const isBare = url.pathname === '/' && url.search === '' && url.hash === '' && url.username === '';
  return isBare && url.password === '' && /^https?:$/.test(url.protocol);
}

/** The keys about addresses. */
export const addressKeys = {
  rewriteUrls: z
    .boolean()
    .default(false)
    .describe(
      'What apps read shows our address of each saved file in place of Kling’s; never in observe mode.',
    ),
  publicUrl: origin
    .nullable()
    .default(null)
    .describe('The control plane’s address as apps reach it, for those addresses; null: its own.'),
  urlDays: z
    .int()
    .min(1)
    .max(3650)
    .default(30)
    .describe('An address of ours works for at least so many days.'),
};

/** A bucket for kept files. */
export const bucketSection = z
  .strictObject({
    endpoint: origin
      .nullable()
      .default(null)
      .describe('Of a store that is compatible with S3; null: Amazon’s in the region.'),
    region: z
      .string()
      .regex(/^[a-z0-9-]{1,63}$/, { error: '1 to 63 of a-z, 0-9 and dashes, such as "eu-central-1"' })
      .default('us-east-1')
      .describe('The region that requests are signed for.'),
    bucket: z.string().regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, {
      error: '3 to 63 of a-z, 0-9, dots and dashes, beginning and ending with a letter or digit',
    }),
    prefix: z
      .string()
      .regex(/^([A-Za-z0-9_-][A-Za-z0-9._-]*\/)*$/, {
        error: 'empty, or names of letters, digits, dots, dashes and underscores, each with a slash after it',
      })
      .max(512)
      .default('kling/')
      .describe('Before each object’s name; a bucket that several sidecars use needs one for each.'),
    forcePathStyle: z
      .boolean()
      .nullable()
      .default(null)
      .describe('The bucket is a part of the path, not of the host’s name; null: where endpoint is set.'),
    caFile: z
      .string()
      .min(1)
      .nullable()
      .default(null)
      .describe('A PEM file of further certificate authorities for the endpoint.'),
  })
  .nullable()
  .default(null)
  .describe(
    'Files go into this bucket; results.dir then holds downloads only. Credentials: KLING_SIDECAR_S3_ACCESS_KEY_ID, KLING_SIDECAR_S3_SECRET_ACCESS_KEY.',
  );

export type BucketConfig = NonNullable<z.output<typeof bucketSection>>;

/** Gives where a bucket is asked for: its endpoint, and whether the path names it. */
export function bucketPlace({ endpoint, region, forcePathStyle }: BucketConfig): {
  endpoint: string;
  forcePathStyle: boolean;
} {
  return {
    endpoint: endpoint ?? `https://s3.${region}.amazonaws.com`,
    forcePathStyle: forcePathStyle ?? endpoint !== null,
  };
}
