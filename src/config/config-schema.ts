/** The whole config file's schema, composed of the section that each folder owns. */
import { z } from 'zod';
import { alertsSection } from '../alerts/alerts-config.ts';
import { budgetsSection } from '../budget/budget-config.ts';
import { claimsSection } from '../claims/claims-config.ts';
import { controlSection, probesSection } from '../control/control-config.ts';
import { jobsSection } from '../jobs/jobs-config.ts';
import { authSection, priceSection, pricingSection } from '../kling/kling-config.ts';
import { limitsSection } from '../pacing/pacing-config.ts';
import { accountSection, tasksSection } from '../asking/polling-config.ts';
import { appsSection, createsSection, listenSection, refusalsSection } from '../proxy/proxy-config.ts';
import { slaSection } from '../sla/sla-config.ts';
import { storeSection } from '../store/store-config.ts';
import { telemetrySection } from '../telemetry/telemetry-config.ts';
import { upstreamSection } from '../upstream/upstream-config.ts';

/** The sections in the order in which they are printed. */
export const SECTIONS = {
  $schema: z.string().default('./schema.json').describe('For editors only.'),
  mode: z
    .enum(['protect', 'observe'])
    .default('protect')
    .describe('observe never refuses for money, never queues, never edits.'),
  environment: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, {
      error: '1 to 64 letters, digits, dots, dashes or underscores, beginning with a letter or digit',
    })
    .default('default')
    .describe('A label for telemetry.'),
  listen: listenSection,
  control: controlSection,
  probes: probesSection,
  upstream: upstreamSection,
  auth: authSection,
  store: storeSection,
  apps: appsSection,
  budgets: budgetsSection,
  pricing: pricingSection,
  creates: createsSection,
  refusals: refusalsSection,
  limits: limitsSection,
  tasks: tasksSection,
  account: accountSection,
  sla: slaSection,
  claims: claimsSection,
  price: priceSection,
  alerts: alertsSection,
  jobs: jobsSection,
  telemetry: telemetrySection,
};
export type SectionName = keyof typeof SECTIONS;

export const configSchema = z.strictObject(SECTIONS);

/** The file's values with every default written out: decimals for credits, paths as written. */
export type ConfigValues = z.output<typeof configSchema>;
