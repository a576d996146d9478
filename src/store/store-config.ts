/** The `store` section of the config. */
import { z } from 'zod';
import { plainSection } from '../config-section.ts';

export const storeSection = z
  .strictObject({
    path: z
      .string()
      .min(1)
      .refine((path) => !path.includes('\0') && !/^(:memory:|file:)/.test(path), {
        error: 'the path of a file on a local disk',
        params: { suggestion: 'the default is "data/sidecar.db"' },
      })
      .default('data/sidecar.db')
      .describe('The SQLite file; a relative path starts at the config file’s folder.'),
    requireExisting: z.boolean().default(false).describe('Refuse to start where no store exists yet.'),
    adopt: z
      .boolean()
      .default(true)
      .describe(
        'A new store takes over what the account spends in the present windows of the budgets, before its first create.',
      ),
    waitForOwnerMs: z
      .int()
      .min(0)
      .max(3_600_000)
      .default(60_000)
      .describe('How long a start waits for another sidecar to give the store up.'),
    callRetentionDays: z.int().min(1).max(36_500).default(120),
    promptPreviewChars: z.int().min(0).max(1000).default(100).describe('0 keeps no preview.'),
    promptRetentionDays: z.int().min(0).max(36_500).default(14),
  })
  .prefault({});

/** `path` is absolute once loaded. */
export type StoreConfig = z.output<typeof storeSection>;

export const storeConfig = plainSection(storeSection, (store, absolute) => ({
  ...store,
  path: absolute(store.path),
}));
