/** What `/v1/status` says of callbacks and of files of results. */
import { z } from '@hono/zod-openapi';
import { instant } from './schema-parts.ts';

export const callbackStatus = z.object({
  publicUrl: z.string().describe('The address at which Kling calls.'),
  lastAt: instant.nullable().describe('When a callback came last, for one of the newest 1,000 creates.'),
  ended: z.int().describe('The tasks of the newest 1,000 creates that have ended.'),
  reported: z.int().describe('Those of them whose end a callback reported; polls found the others.'),
});

export const resultStatus = z.object({
  keep: z.boolean().describe('Whether files of results are kept.'),
  place: z.enum(['folder', 's3']),
  where: z.string().describe('The folder, or the bucket, of new files.'),
  unsaved: z.int().describe('Files that wait to be saved.'),
  firstExpiresAt: instant.nullable().describe('When the first of them ends at Kling.'),
  problem: z.string().nullable().describe('Why the last try of the file that is tried next gave none.'),
  lastSavedAt: instant.nullable().describe('When a file was saved last that is still kept.'),
});
