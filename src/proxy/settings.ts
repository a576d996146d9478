/** The data plane's settings from the config; replaced as one value when the config is read again. */
import type { CashPrice } from '../account/row-credits.ts';
import type { RouteTable } from '../kling/routes.ts';
import type { PriceOptions } from '../kling/price.ts';
import type { MilliCredits, Ms } from '../units.ts';
import type { EnforceMode } from '../words.ts';
import type { RetryRule } from '../task-retries/retry-rules.ts';
import type { CallerApp, IdentifyApp } from './caller.ts';
import type { FrameRules } from './frame.ts';
import type { PollCapSettings } from './poll-cap.ts';

/** How creates get an address for callbacks. */
export interface CallbackSettings {
  /** Gives the address for a hold: ASCII that needs no escape in JSON. */
  urlFor: (holdId: string) => string;
  /** Gives why a caller's own address cannot be called in Kling's place; null if it can. Null: callers keep their own. */
  relayFault: ((url: string) => string | null) | null;
}

export interface ProxySettings {
  mode: EnforceMode;
  frame: FrameRules;
  stripPrefixes: readonly string[];
  /** The control plane's address, for hints in refusals. */
  controlUrl: string;
  bodyBytesMax: number;
  /** The limit of all bodies of open requests together. */
  bodiesBytesTotal: number;
  /** Null if no apps are configured: every bearer is accepted and dropped. */
  identify: IdentifyApp | null;
  /** The configured apps by their name; empty if none are configured. */
  apps: ReadonlyMap<string, CallerApp>;
  routes: RouteTable;
  pricing: PriceOptions;
  /** The price of a credit, for deductions in cash. */
  cashPrice: CashPrice;
  maxCreditsEach: MilliCredits | null;
  /** Settings of the configured apps. */
  appMaxCreditsEach: ReadonlyMap<string, MilliCredits | null>;
  unknownRoute: 'hold' | 'refuse' | 'pass';
  unknownRouteCredits: MilliCredits;
  injectExternalTaskId: boolean;
  /** Null without callbacks. */
  callbacks: CallbackSettings | null;
  /** Whether callers may lower a price by `x-kling-expected-seconds`, within the lengths that Kling accepts. */
  trustExpectedSeconds: boolean;
  /** From a create's arrival to its answer. */
  deadlineMs: Ms;
  /** Whether creates may be sent again; never in `observe` mode. */
  resendsCreates: boolean;
  /** Null without a cap of reads of one task, and in `observe` mode. */
  pollCap: PollCapSettings | null;
  upstreamTimeoutMs: Ms;
  /** Which creates are kept and made again if their task fails; none in `observe` mode. */
  retryRules: readonly RetryRule[];
  /** The status of `budget_exceeded`, for clients that need another 4xx. */
  budgetStatus: number;
  promptPreviewChars: number;
  /** Whether reads show our addresses of kept results in place of Kling's; never in `observe` mode. */
  rewritesAddresses: boolean;
  /** Whether our credentials may create on paths of the new generation. */
  hasApiKey: boolean;
}
