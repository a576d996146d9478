/**
 * The one table of the config's sections: what a file may hold, the schema, the checked values and the `Config` in use all
 * follow from it. A folder's section is one line here.
 */
import path from 'node:path';
import { z } from 'zod';
import { plainSection, type ConfigSection } from '../config-section.ts';
import { alertsConfig } from '../alerts/alerts-config.ts';
import { budgetsConfig } from '../budget/budget-config.ts';
import { callbacksConfig } from '../callbacks/callbacks-config.ts';
import { claimsConfig } from '../claims/claims-config.ts';
import { controlConfig, probesConfig } from '../control/control-config.ts';
import { jobsConfig } from '../jobs/jobs-config.ts';
import { authConfig, priceConfig, pricingConfig } from '../kling/kling-config.ts';
import { breakerConfig } from '../pacing/breaker-config.ts';
import { limitsConfig } from '../pacing/pacing-config.ts';
import { accountConfig, tasksConfig } from '../asking/polling-config.ts';
import { appsConfig, createsConfig, listenConfig, refusalsConfig } from '../proxy/proxy-config.ts';
import { resultsConfig } from '../results/results-config.ts';
import { slaConfig } from '../sla/sla-config.ts';
import { storeConfig } from '../store/store-config.ts';
import { telemetryConfig } from '../telemetry/telemetry-config.ts';
import type { OtlpExports } from '../telemetry/otlp-config.ts';
import { upstreamConfig } from '../upstream/upstream-config.ts';

/** The sections in the order in which they are printed. */
export const SECTION_TABLE = {
  $schema: plainSection(z.string().default('./schema.json').describe('For editors only.')),
  mode: plainSection(
    z
      .enum(['protect', 'observe'])
      .default('protect')
      .describe('observe never refuses for money, never queues, never edits.'),
  ),
  environment: plainSection(
    z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, {
        error: '1 to 64 letters, digits, dots, dashes or underscores, beginning with a letter or digit',
      })
      .default('default')
      .describe('A label for telemetry.'),
  ),
  listen: listenConfig,
  control: controlConfig,
  probes: probesConfig,
  upstream: upstreamConfig,
  auth: authConfig,
  store: storeConfig,
  apps: appsConfig,
  budgets: budgetsConfig,
  pricing: pricingConfig,
  creates: createsConfig,
  refusals: refusalsConfig,
  limits: limitsConfig,
  breaker: breakerConfig,
  tasks: tasksConfig,
  results: resultsConfig,
  callbacks: callbacksConfig,
  account: accountConfig,
  sla: slaConfig,
  claims: claimsConfig,
  price: priceConfig,
  alerts: alertsConfig,
  jobs: jobsConfig,
  telemetry: telemetryConfig,
};

type Table = typeof SECTION_TABLE;
export type SectionName = keyof Table;

/** The table's schemas alone. */
export const SECTIONS = mapSections(({ schema }) => schema) as {
  [Name in SectionName]: Table[Name]['schema'];
};

/** Gives an object with what `make` gives for each section, in the table's order. */
function mapSections(
  make: (section: ConfigSection<z.ZodType, unknown, unknown>, name: SectionName) => unknown,
): Record<string, unknown> {
  const names = Object.keys(SECTION_TABLE) as SectionName[];
  return Object.fromEntries(names.map((name) => [name, make(SECTION_TABLE[name], name)]));
}

export const configSchema = z.strictObject(SECTIONS);

/** The file's values with every default written out: decimals for credits, paths as written. */
export type ConfigValues = z.output<typeof configSchema>;

/** Every section as the program uses it. */
export type ReadySections = {
  readonly [Name in Exclude<SectionName, '$schema'>]: Readonly<ReturnType<Table[Name]['toConfig']>>;
};

/** What sections need besides the others' values. */
export interface FromLoader {
  /** Gives the name that a model's creates are booked under. */
  bookedName(model: string): string;
  /** What is sent by OTLP, which the environment says too; null if nothing is. */
  exports: OtlpExports | null;
  /** Whole credits that the account's tier gives a day; null for no limit. */
  tierCreditsPerDay: number | null;
}

/** Gives the values with every path absolute: relative ones start at the config file's folder. */
export function resolvePaths(values: ConfigValues, folder: string): ConfigValues {
  const absolute = (target: string): string => path.resolve(folder, target);
  return mapSections(
    ({ withPaths }, name) => withPaths?.(values[name], absolute) ?? values[name],
  ) as ConfigValues;
}

/** Makes every section ready for use; paths are absolute already. */
export function readySections(values: ConfigValues, fromLoader: FromLoader): ReadySections {
  const others = { ...values, ...fromLoader } satisfies NeededOthers;
  const { $schema: _, ...ready } = mapSections((section, name) => section.toConfig(values[name], others));
  return ready as ReadySections;
}

/** All that any section asks of the others: a section that asks for more than there is does not compile. */
type NeededOthers = {
  [Name in SectionName]: (others: Parameters<Table[Name]['toConfig']>[1]) => void;
}[SectionName] extends (all: infer All) => void
  ? All
  : never;
