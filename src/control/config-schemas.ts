/** The shapes of `/v1/config`: every value of the config with its origin, secrets masked. */
import { z } from '@hono/zod-openapi';
import { instant } from './schema-parts.ts';

/** Where a value may come from, for a filter: `env` is any variable. */
export const CONFIG_ORIGINS = ['file', 'env', 'default'] as const;

const line = z
  .object({
    key: z.string().describe('Such as `listen.port` or `budgets[0].credits`, or the name of a variable.'),
    value: z.unknown().describe('As in a config file; a secret is `[redacted]`.'),
    origin: z.string().describe('`file`, `default`, or `env:` and the name of the variable.'),
  })
  .openapi('ConfigLine');

export const configAnswer = z
  .object({
    file: z.string().nullable().describe('The file that was read; null: there is none.'),
    readAt: instant.describe('When config and secrets were last read and taken.'),
    values: z.array(line).describe('The values in use that match.'),
    total: z.int().describe('All values in use.'),
    afterRestart: z
      .array(line)
      .describe(
        'Values that were read since the start and wait for a restart; a filter does not change them.',
      ),
  })
  .openapi('ConfigAnswer');

export type ConfigAnswer = z.infer<typeof configAnswer>;

export const configQuery = z.strictObject({
  search: z
    .string()
    .max(200)
    .optional()
    .openapi({ description: 'A part of the key, the value or the origin, in any case.' }),
  origin: z.enum(CONFIG_ORIGINS).optional(),
});
export type ConfigQuery = z.output<typeof configQuery>;
