/** The `sla` section of the config: the months' zone, the terms, the working days. */
import { z } from 'zod';
import { plainSection } from '../config-section.ts';
import { calendarDay, ianaZone } from '../fields.ts';
import { CLAUSES_ALLOWED, findClause } from './clauses.ts';

const percentage = z
  .string()
  .regex(/^(100(\.0{1,6})?|\d{1,2}(\.\d{1,6})?)$/, { error: 'a percentage as text, such as "99.90"' });

export const slaSection = z
  .strictObject({
    timeZone: ianaZone.default('Asia/Shanghai'),
    terms: z
      .array(
        z.strictObject({ from: calendarDay, to: calendarDay }).refine(({ from, to }) => from <= to, {
          error: 'a term whose from is not after its to',
          params: { suggestion: 'exchange the two days' },
        }),
      )
      .max(100)
      .readonly()
      .superRefine((terms, ctx) => {
        const sorted = terms
          .map((term, index) => ({ ...term, index }))
          .sort((a, b) => a.from.localeCompare(b.from));
        for (const [at, term] of sorted.entries()) {
          const before = sorted[at - 1];
          if (!before || before.to < term.from) continue;
          ctx.addIssue({
            code: 'custom',
            path: [term.index, 'from'],
            message: 'a day after the end of the term before it',
            params: { suggestion: `the term before ends on ${before.to}` },
          });
        }
      })
      .default([])
      .describe('Contract terms, both days inclusive; empty: by the packs’ dates, else whole months.'),
    calendar: z.enum(['CN', 'SG', 'weekdays']).default('CN').describe('Working days for claim deadlines.'),
    controlChecks: z
      .array(
        z.string().regex(/^([A-Za-z0-9][A-Za-z0-9.-]*|\[[0-9A-Fa-f:.]+\]):\d{1,5}$/, {
          error: 'host:port of an independent public address',
        }),
      )
      .max(10)
      .readonly()
      .nullable()
      .default(null)
      .describe(
        'Addresses that are tried after a failure: if a TCP connection succeeds, the fault is Kling’s. Those by name also ' +
          'show whether names resolve here; without one, a name of Kling’s that does not resolve is nobody’s fault. null: ' +
          'two public ones by number and two by name (none if the upstream is on loopback); empty: no checks.',
      ),
    probeIdleWindows: z
      .boolean()
      .default(false)
      .describe('One free read in each 5-minute window that saw no request, counted apart.'),
    closeAfterHours: z
      .int()
      .min(0)
      .max(720)
      .default(24)
      .describe('A month closes this long after its end; later records make a revision.'),
    exclusions: z
      .array(
        z
          .strictObject({
            from: z.iso.datetime({ offset: true }),
            to: z.iso.datetime({ offset: true }),
            clause: z
              .string()
              .max(100)
              .refine((text) => findClause(text) !== undefined, { error: CLAUSES_ALLOWED })
              .transform((text) => findClause(text) ?? text),
            source: z.string().min(1).max(500),
          })
          .refine(({ from, to }) => Date.parse(from) < Date.parse(to), {
            error: 'an exclusion whose from is before its to',
          }),
      )
      .max(1000)
      .readonly()
      .default([])
      .describe('Stretches of time whose errors do not count, with the agreement’s clause and the evidence.'),
    agreements: z
      .array(
        z.strictObject({
          name: z.string().min(1).max(100),
          effectiveFrom: calendarDay,
          textSha256: z.string().regex(/^[0-9a-f]{64}$/, { error: 'a SHA-256 in 64 hex digits' }),
          commitment: percentage,
          tiers: z
            .array(z.strictObject({ below: percentage, percent: z.int().min(1).max(100) }))
            .min(1)
            .max(20)
            .readonly(),
          capPercent: z.int().min(1).max(100).default(50),
        }),
      )
      .max(100)
      .readonly()
      .default([])
      .describe('Later versions of the agreement, beside the one that is built in.'),
  })
  .prefault({});

export type SlaConfig = z.output<typeof slaSection>;

export const slaConfig = plainSection(slaSection);
