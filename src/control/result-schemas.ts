/** The shape of a kept file in the answer of a task; the rules of `schemas.ts` apply here too. */
import { z } from '@hono/zod-openapi';

const instant = z.iso.datetime().describe('ISO 8601 in UTC.');

/** What became of a result's file. */
export const keptFile = z.object({
  position: z.int().describe('From 1; /v1/results/ID/POSITION serves it.'),
  state: z.enum(['waiting', 'saved', 'expired', 'removed']),
  bytes: z.int().nullable(),
  sha256: z.string().nullable(),
  contentType: z.string().nullable().describe('By the bytes of the file.'),
  expiresAt: instant.describe('When Kling’s address stops to work.'),
  savedAt: instant.nullable(),
  attempts: z.int(),
  reason: z.string().nullable().describe('Why the last try gave no file.'),
  url: z
    .string()
    .nullable()
    .describe(
      'Our address: anybody who has it may read this file until results.urlDays are over. Null until it is saved.',
    ),
});

/** A result of a task, as Kling showed it, with its kept file. */
export const taskResult = z.object({
  kind: z.enum(['video', 'image', 'audio', 'voice', 'element']),
  id: z.string().nullable(),
  url: z.string().nullable().describe('Kling’s address.'),
  durationSeconds: z.string().nullable(),
  expiresAt: instant.describe('When Kling clears it; a voice or an element can be used until then.'),
  file: keptFile.nullable().describe('Null where results are not kept, or the result has no file.'),
});
