/** The config sections about Kling itself: `auth`, `pricing` and `price`. */
import { z } from 'zod';
import { configSection, plainSection } from '../config-section.ts';
import { calendarDay, creditsOrZero } from '../fields.ts';
import { fromCredits, type MilliCredits, type Ms } from '../units.ts';
import { FREE_OPERATIONS, OPERATIONS, type Mode, type OperationWord } from '../words.ts';
import { listedModel } from './models.ts';

/** Operations that may cost something: all but reads and free writes. */
const pricedOperation = z.enum(OPERATIONS).exclude(FREE_OPERATIONS);

export const authSection = z
  .strictObject({
    mode: z
      .enum(['auto', 'api_key', 'ak_sk'])
      .default('auto')
      .describe('auto uses an API key if there is one, else access key and secret key.'),
    command: z
      .union([
        z.string().refine((line) => line.trim() !== '' && !/["'`|&;<>$\\\n\r\0]/.test(line), {
          error: 'a program and its arguments, split at spaces; it runs without a shell',
          params: {
            suggestion: 'write a list where an argument needs spaces or quotes: ["vault", "read", …]',
          },
        }),
        z.array(z.string().min(1)).min(1).readonly(),
      ])
      .nullable()
      .default(null)
      .describe('Prints JSON with apiKey, or accessKey and secretKey: how a secrets manager is plugged in.'),
    account: z
      .string()
      .regex(/^[A-Za-z0-9._-]{1,64}$/, { error: 'letters, digits, dot, dash and underscore, at most 64' })
      .nullable()
      .default(null)
      .describe(
        'Your name for the account of the credentials: another key with the same name belongs to the same account.',
      ),
    trustedDirectories: z
      .array(z.string().min(1))
      .max(100)
      .readonly()
      .default([])
      .describe('Folders besides /run/secrets and the like whose secret files may be readable by others.'),
  })
  .prefault({});

export interface AuthConfig {
  mode: 'auto' | 'api_key' | 'ak_sk';
  /** Program and arguments; null if none is configured. */
  command: readonly string[] | null;
  /** The operator's name for the account of the credentials; null: each key counts as an account of its own. */
  account: string | null;
  /** Absolute. */
  trustedDirectories: readonly string[];
}

export function toAuthConfig(section: z.output<typeof authSection>): AuthConfig {
  const { command } = section;
  return { ...section, command: typeof command === 'string' ? command.trim().split(/\s+/) : command };
}

const override = z
  .strictObject({
    operation: pricedOperation.optional(),
    path: z
      .string()
      .regex(/^(\/[A-Za-z0-9._~-]+)+$/, { error: 'a path of plain segments such as "/v1/videos/new-thing"' })
      .optional()
      .describe('Adds a route that creates and bills.'),
    model: z.string().min(1).max(64).optional(),
    mode: z.enum(['std', 'pro', '4k']).optional(),
    sound: z.union([z.boolean(), z.enum(['on', 'off'])]).optional(),
    credits: creditsOrZero.optional().describe('The whole task.'),
    creditsPerSecond: creditsOrZero.optional(),
    creditsEach: creditsOrZero.optional().describe('Each output.'),
    from: calendarDay.optional().describe('The first day (UTC) on which it applies.'),
  })
  .superRefine((value, ctx) => {
    const require = (names: readonly string[], given: readonly unknown[], suggestion: string): void => {
      if (given.filter((field) => field !== undefined).length === 1) return;
      ctx.addIssue({ code: 'custom', message: `exactly one of ${names.join(', ')}`, params: { suggestion } });
    };
    require(['operation', 'path'], [value.operation, value.path], 'add "operation": "text-to-video"');
    const amounts = ['credits', 'creditsPerSecond', 'creditsEach'] as const;
    require(amounts, amounts.map((name) => value[name]), 'keep the one that fits how Kling bills it');
  });

export const pricingSection = z
  .strictObject({
    list: z
      .enum(['vendor', 'checklist'])
      .default('vendor')
      .describe('checklist prices eight printed rows of the older credit table as printed.'),
    overrides: z.array(override).max(1000).readonly().default([]),
    assumeSeconds: z
      .partialRecord(pricedOperation, z.number().gt(0).max(86_400))
      .default({})
      .describe('Assumed lengths that only the media show, for each operation; else the documented maximum.'),
  })
  .prefault({});

/** One price that the operator set, in the units of {@link MilliCredits}. */
export interface PriceOverride {
  operation: OperationWord | null;
  path: string | null;
  model: string | null;
  mode: Mode | null;
  sound: boolean | null;
  amount: { per: 'task' | 'second' | 'each'; credits: MilliCredits };
  /** The instant from which it applies; null for always. */
  from: Ms | null;
}

export interface PricingConfig {
  list: 'vendor' | 'checklist';
  overrides: readonly PriceOverride[];
  assumeSeconds: Readonly<Partial<Record<OperationWord, number>>>;
}

export function toPricingConfig(section: z.output<typeof pricingSection>): PricingConfig {
  return { ...section, overrides: section.overrides.map(toOverride) };
}

function toOverride(row: z.output<typeof override>): PriceOverride {
  return {
    operation: row.operation ?? null,
    path: row.path ?? null,
    model: row.model === undefined ? null : (listedModel(row.model) ?? row.model),
    mode: row.mode ?? null,
    sound: row.sound === undefined ? null : row.sound === true || row.sound === 'on',
    amount: toAmount(row),
    from: row.from === undefined ? null : Date.parse(`${row.from}T00:00:00Z`),
  };
}

function toAmount(row: z.output<typeof override>): PriceOverride['amount'] {
  if (row.credits !== undefined) return { per: 'task', credits: fromCredits(row.credits) };
  if (row.creditsPerSecond !== undefined) {
    return { per: 'second', credits: fromCredits(row.creditsPerSecond) };
  }
  return { per: 'each', credits: fromCredits(row.creditsEach ?? 0) };
}

export const priceSection = z
  .strictObject({
    perCredit: z.number().min(0.00001).max(1000).default(0.014).describe('What one credit costs you.'),
    currency: z
      .string()
      .regex(/^[A-Z]{3}$/, { error: 'a currency code of three capitals such as "USD" or "CNY"' })
      .default('USD'),
  })
  .prefault({});

export type PriceConfig = z.output<typeof priceSection>;

export const authConfig = configSection({
  schema: authSection,
  withPaths: (auth, absolute) => ({
    ...auth,
    trustedDirectories: auth.trustedDirectories.map((folder) => absolute(folder)),
  }),
  toConfig: toAuthConfig,
});
export const pricingConfig = configSection({ schema: pricingSection, toConfig: toPricingConfig });
export const priceConfig = plainSection(priceSection);
