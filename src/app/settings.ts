/** From the config and the secrets to what the data plane works with. */
import { priceRules } from './prices.ts';
import type { Clock } from '../clock.ts';
import type { Config } from '../config/config.ts';
import type { AppSecret, Secrets } from '../config/secrets.ts';
import { claimedAccessKey, verifyAppToken, type AppKeys } from '../kling/token.ts';
import { appsByBearer, type CallerApp } from '../proxy/caller.ts';
import { hostNames } from '../proxy/frame.ts';
import type { CallbackSettings, ProxySettings } from '../proxy/settings.ts';

const BYTES_PER_MIB = 1_048_576;
/** MiB that all bodies under way may take where the config says nothing. */
const BODIES_MIB_TOTAL = 128;

/** What settings are made of beside the config. */
export interface SettingsParts {
  /** Those that the data plane's listeners got. */
  ports: readonly number[];
  controlUrl: string;
  clock: Clock;
  callbacks: CallbackSettings | null;
}

/** Makes the data plane's settings. */
export function proxySettings(
  config: Config,
  secrets: Secrets,
  { ports, controlUrl, clock, callbacks }: SettingsParts,
): ProxySettings {
  const allowedHosts = new Set(ports.flatMap((port) => [...hostNames(port, config.listen.allowedHosts)]));
  return {
    ...priceRules(config, clock),
    mode: config.mode,
    frame: {
      allowedHosts,
      allowedOrigins: new Set(config.listen.allowedOrigins),
      forwardHeaders: config.upstream.forwardHeaders.map((name) => name.toLowerCase()),
    },
    controlUrl,
    ...bodyLimits(config.listen),
    ...identifyApps(config, secrets, clock),
    cashPrice: config.price,
    injectExternalTaskId: config.creates.injectExternalTaskId,
    callbacks,
    trustExpectedSeconds: config.creates.trustExpectedSeconds,
    deadlineMs: config.creates.deadlineMs,
    resendsCreates: config.mode === 'protect' && config.creates.resend === 'auto',
    pollCap: pollCapOf(config),
    upstreamTimeoutMs: config.upstream.timeoutMs,
    retryRules: config.mode === 'protect' ? config.tasks.retryFailed : [],
    budgetStatus: config.refusals.budgetStatus,
    promptPreviewChars: config.store.promptPreviewChars,
    rewritesAddresses: config.mode === 'protect' && config.results.rewriteUrls,
    hasApiKey: secrets.kling.kind === 'api_key',
  };
}

function pollCapOf({ mode, tasks }: Config): ProxySettings['pollCap'] {
  if (mode !== 'protect' || tasks.pollCapPerTask === null) return null;
  return { reads: tasks.pollCapPerTask, intervalMs: tasks.pollIntervalMs };
}

/** One body is never larger than all together may be. */
function bodyLimits({
  maxBodyMiB,
  bodiesMiBTotal,
}: Config['listen']): Pick<ProxySettings, 'bodyBytesMax' | 'bodiesBytesTotal'> {
  const totalMiB = bodiesMiBTotal ?? Math.max(BODIES_MIB_TOTAL, maxBodyMiB);
  return {
    bodyBytesMax: Math.min(maxBodyMiB, totalMiB) * BYTES_PER_MIB,
    bodiesBytesTotal: totalMiB * BYTES_PER_MIB,
  };
}

function identifyApps(
  config: Config,
  secrets: Secrets,
  clock: Clock,
): Pick<ProxySettings, 'identify' | 'apps'> {
  if (config.apps.length === 0) return { identify: null, apps: new Map() };
  const secretOf = new Map(secrets.apps.map((app) => [app.name, app]));
  const apps = config.apps.map((app): CallerApp => {
    const secret = secretOf.get(app.name);
    return {
      name: app.name,
      keys: secret?.kind === 'key' ? secret.keys : [],
      maxCreditsEach: app.maxCreditsEach,
      requestsPerMinute: app.requestsPerMinute,
      injectExternalTaskId: app.injectExternalTaskId,
      trustExpectedSeconds: app.trustExpectedSeconds,
    };
  });
  const signers = new Map(
    secrets.apps.filter(isSigner).map((app): [string, AppKeys & { name: string }] => [app.accessKey, app]),
  );
  const identify = appsByBearer(apps, async (token) => {
    const signer = signers.get(claimedAccessKey(token) ?? '');
    return signer && (await verifyAppToken(token, signer, clock)) ? signer.name : null;
  });
  return { identify, apps: new Map(apps.map((app) => [app.name, app])) };
}

function isSigner(app: AppSecret): app is Extract<AppSecret, { kind: 'ak_sk' }> {
  return app.kind === 'ak_sk';
}
