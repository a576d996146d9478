/** What one task's answer has beside the fields of lists: its whole life, and Kling's contradictions about it. */
import { z } from '@hono/zod-openapi';
import { TIMELINE_STEPS } from '../store/timeline.ts';

const instant = z.iso.datetime().describe('ISO 8601 in UTC.');

export const lifeFields = {
  life: z
    .array(z.object({ at: instant, step: z.enum(TIMELINE_STEPS), text: z.string() }))
    .describe('Everything that happened to it, the earliest first. Steps may be added.'),
  contradictions: z
    .array(z.object({ at: instant, state: z.string(), source: z.string(), message: z.string().nullable() }))
    .describe('Later answers of Kling’s that contradict its end, once for each state; the first end stays.'),
};
