/** The config sections of the data plane: `listen`, `apps`, `creates` and `refusals`. */
import { z } from 'zod';
import { configSection, plainSection } from '../config-section.ts';
import {
  APP_NAME,
  allowedHosts,
  bindHosts,
  creditsAmount,
  creditsOrZero,
  hostList,
  port,
} from '../fields.ts';
import { fromCredits, type MilliCredits, type Ms } from '../units.ts';
import { SEND_MS_MIN } from './caller.ts';

/** An origin as browsers send it: lower case, without the default port of its scheme; never `null` or `*`. */
const origin = z
  .string()
  .regex(/^[a-z][a-z0-9+.-]*:\/\/([a-z0-9]([a-z0-9._-]*[a-z0-9])?|\[[0-9a-f:.]+\])(:[1-9]\d{0,4})?$/, {
    error:
      'one exact origin in lower case, without path or "*", such as "http://localhost:3000" or "app://studio"',
  })
  .refine((text) => !/^(http:.*:80|https:.*:443)$/.test(text), {
    error: 'the origin as browsers send it: without :80 for http and :443 for https',
    params: { suggestion: 'leave the port out' },
  });

export const listenSection = z
  .strictObject({
    host: bindHosts,
    port: port.default(5564),
    allowedHosts,
    allowedOrigins: z
      .array(origin)
      .max(100)
      .readonly()
      .default([])
      .describe(
        'Exact origins of web pages and desktop apps that may call, and so spend; others are refused.',
      ),
    stripPrefixes: z
      .array(
        z.string().regex(/^(\/[A-Za-z0-9._~-]+)+$/, {
          error: 'a path of plain segments without a slash at its end, such as "/kling"',
        }),
      )
      .max(20)
      .readonly()
      .default([])
      .describe('Prefixes that are removed before a path is matched, such as "/kling".'),
    tls: z
      .strictObject({ port: port.default(5574), certFile: z.string().min(1), keyFile: z.string().min(1) })
      .nullable()
      .default(null)
      .describe('A second listener that speaks TLS.'),
    maxBodyMiB: z.int().min(1).max(1024).default(128),
    bodiesMiBTotal: z
      .int()
      .min(1)
      .max(65_536)
      .nullable()
      .default(null)
      .describe(
        'All bodies of open requests together; above it callers wait. null: 128, or maxBodyMiB if that is more.',
      ),
    drainMs: z
      .int()
      .min(0)
      .max(600_000)
      .default(25_000)
      .describe('How long a stop waits for creates in flight.'),
  })
  .prefault({});

/** `tls` files are absolute once loaded. */
export type ListenConfig = Omit<z.output<typeof listenSection>, 'host'> & {
  hosts: readonly string[];
};

export function toListenConfig({ host, ...rest }: z.output<typeof listenSection>): ListenConfig {
  return { ...rest, hosts: hostList(host) };
}

const app = z
  .strictObject({
    name: z
      .string()
      .regex(APP_NAME, { error: '1 to 64 letters, digits, dots, dashes or underscores' })
      .refine((name) => name !== 'other', {
        error: 'a name other than "other", which stands for apps that are not known',
        params: { suggestion: 'choose another name' },
      }),
    keyFile: z
      .string()
      .min(1)
      .optional()
      .describe('Callers send this key as their bearer; several during rotation.'),
    accessKey: z
      .string()
      .min(1)
      .max(256)
      .optional()
      .describe('Callers sign JWTs with this and secretKeyFile.'),
    secretKeyFile: z.string().min(1).optional(),
    maxCreditsEach: creditsAmount.nullable().default(null),
    requestsPerMinute: z.int().min(1).max(1_000_000).nullable().default(null),
    injectExternalTaskId: z
      .boolean()
      .nullable()
      .default(null)
      .describe('null: like creates.injectExternalTaskId.'),
    trustExpectedSeconds: z
      .boolean()
      .nullable()
      .default(null)
      .describe('null: like creates.trustExpectedSeconds.'),
  })
  .superRefine((value, ctx) => {
    const hasPair = value.accessKey !== undefined && value.secretKeyFile !== undefined;
    const hasHalf = value.accessKey !== undefined || value.secretKeyFile !== undefined;
    if (value.keyFile === undefined ? hasPair : !hasHalf) return;
    ctx.addIssue({
      code: 'custom',
      message: 'either keyFile, or accessKey with secretKeyFile',
      params: {
        suggestion: hasHalf && !hasPair ? 'give both halves of the pair' : 'keep one of the two forms',
      },
    });
  });

export const appsSection = z
  .array(app)
  .max(1000)
  .readonly()
  .superRefine((apps, ctx) => {
    const refuseRepeats = (field: 'name' | 'accessKey'): void => {
      const seen = new Set<string>();
      for (const [index, entry] of apps.entries()) {
        const value = entry[field];
        if (value === undefined) continue;
        if (seen.has(value)) {
          const params = { suggestion: `give this app its own ${field}` };
          const message = `a ${field} that no other app has`;
          ctx.addIssue({ code: 'custom', path: [index, field], message, params });
        }
        seen.add(value);
      }
    };
    refuseRepeats('name');
    refuseRepeats('accessKey');
  })
  .default([]);

/** One app and the form of its credentials; the keys themselves are read with the secrets. */
export interface AppConfig {
  name: string;
  auth: { kind: 'key'; keyFile: string } | { kind: 'ak_sk'; accessKey: string; secretKeyFile: string };
  maxCreditsEach: MilliCredits | null;
  requestsPerMinute: number | null;
  /** Null: like `creates.injectExternalTaskId`. */
  injectExternalTaskId: boolean | null;
  /** Null: like `creates.trustExpectedSeconds`. */
  trustExpectedSeconds: boolean | null;
}

export function toAppConfigs(apps: z.output<typeof appsSection>): readonly AppConfig[] {
  return apps.map(({ keyFile, accessKey, secretKeyFile, ...rest }) => ({
    ...rest,
    auth:
      keyFile === undefined
        ? { kind: 'ak_sk', accessKey: accessKey ?? '', secretKeyFile: secretKeyFile ?? '' }
        : { kind: 'key', keyFile },
    maxCreditsEach: rest.maxCreditsEach === null ? null : fromCredits(rest.maxCreditsEach),
  }));
}

export const createsSection = z
  .strictObject({
    maxCreditsEach: creditsAmount.nullable().default(null),
    unknownRoute: z
      .enum(['hold', 'refuse', 'pass'])
      .default('hold')
      .describe('A create on a route without a price: held at unknownRouteCredits, refused, or not held.'),
    unknownRouteCredits: creditsOrZero.default(450),
    injectExternalTaskId: z.boolean().default(true),
    trustExpectedSeconds: z
      .boolean()
      .default(true)
      .describe(
        'Whether x-kling-expected-seconds may lower a price; never below the shortest length that Kling accepts.',
      ),
    deadlineMs: z
      .int()
      .min(SEND_MS_MIN + 1000)
      .max(29_999)
      .default(25_000)
      .describe('Queue, retries and answer of a create together; under the 30 s of careful clients.'),
    resend: z
      .enum(['auto', 'never'])
      .default('auto')
      .describe(
        'Whether a create is sent again where Kling made nothing for it; "never" sends each create once, in any case.',
      ),
  })
  .prefault({});

export interface CreatesConfig {
  maxCreditsEach: MilliCredits | null;
  unknownRoute: 'hold' | 'refuse' | 'pass';
  unknownRouteCredits: MilliCredits;
  injectExternalTaskId: boolean;
  trustExpectedSeconds: boolean;
  deadlineMs: Ms;
  resend: 'auto' | 'never';
}

export function toCreatesConfig(section: z.output<typeof createsSection>): CreatesConfig {
  return {
    ...section,
    maxCreditsEach: section.maxCreditsEach === null ? null : fromCredits(section.maxCreditsEach),
    unknownRouteCredits: fromCredits(section.unknownRouteCredits),
  };
}

/** Statuses on which common clients send a create again: 408, 409, 425 and 429 (kling-api.md, section 12). */
const RETRIED = new Set([408, 409, 425, 429]);

export const refusalsSection = z
  .strictObject({
    budgetStatus: z
      .int()
      .min(400)
      .max(499)
      .refine((status) => !RETRIED.has(status), {
        error: 'a status from 400 to 499 on which clients do not send again (so not 408, 409, 425 or 429)',
        params: { suggestion: 'the default is 403; 402 is free as well' },
      })
      .default(403),
  })
  .prefault({});

export type RefusalsConfig = z.output<typeof refusalsSection>;

export const listenConfig = configSection({
  schema: listenSection,
  withPaths: (listen, absolute) => ({
    ...listen,
    tls: listen.tls && {
      ...listen.tls,
      certFile: absolute(listen.tls.certFile),
      keyFile: absolute(listen.tls.keyFile),
    },
  }),
  toConfig: toListenConfig,
});
export const appsConfig = configSection({
  schema: appsSection,
  withPaths: (apps, absolute) =>
    apps.map((one) => ({
      ...one,
      ...(one.keyFile === undefined ? {} : { keyFile: absolute(one.keyFile) }),
      ...(one.secretKeyFile === undefined ? {} : { secretKeyFile: absolute(one.secretKeyFile) }),
    })),
  toConfig: toAppConfigs,
});
export const createsConfig = configSection({ schema: createsSection, toConfig: toCreatesConfig });
export const refusalsConfig = plainSection(refusalsSection);
