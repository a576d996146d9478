/** What the data plane takes from the config; replaced as one value when the config is read again. */
import type { CashPrice } from '../kling/deduction.ts';
import type { RouteTable } from '../kling/routes.ts';
import type { PriceOptions } from '../kling/price.ts';
import type { MilliCredits, Ms } from '../units.ts';
import type { EnforceMode } from '../words.ts';
import type { IdentifyApp } from './caller.ts';
import type { FrameRules } from './frame.ts';

export interface ProxySettings {
  mode: EnforceMode;
  frame: FrameRules;
  stripPrefixes: readonly string[];
  /** The control plane's address, for those who ask us for it. */
  controlUrl: string;
  bodyBytesMax: number;
  /** All bodies under way together. */
  bodiesBytesTotal: number;
  /** Null where no apps are configured: any bearer is accepted and thrown away. */
  identify: IdentifyApp | null;
  routes: RouteTable;
  pricing: PriceOptions;
  /** What a credit is worth, for deductions in cash. */
  cashPrice: CashPrice;
  maxCreditsEach: MilliCredits | null;
  /** What configured apps have of their own. */
  appMaxCreditsEach: ReadonlyMap<string, MilliCredits | null>;
  unknownRoute: 'hold' | 'refuse' | 'pass';
  unknownRouteCredits: MilliCredits;
  injectExternalTaskId: boolean;
  /** Whether callers may lower a price by `x-kling-expected-seconds`, within what Kling accepts. */
  trustExpectedSeconds: boolean;
  /** From a create's arrival to its answer. */
  deadlineMs: Ms;
  upstreamTimeoutMs: Ms;
  /** Status of `budget_exceeded`, for clients that want another 4xx. */
  budgetStatus: number;
  promptPreviewChars: number;
  /** Whether our credentials may create on paths of the new generation. */
  hasApiKey: boolean;
}
