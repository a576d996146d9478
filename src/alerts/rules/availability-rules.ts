/** The rules about reaching Kling and about its commitment. */
import type { Rule } from '../rule.ts';
import { breakerOpen } from './breaker-open.ts';
import { failureRate } from './failure-rate.ts';
import { slaAtRisk } from './sla-at-risk.ts';
import { slaBroken, slaTierWorse } from './sla-broken.ts';
import { upstreamDown } from './upstream-down.ts';

export const availabilityRules: readonly Rule[] = [
  failureRate,
  upstreamDown,
  breakerOpen,
  slaAtRisk,
  slaBroken,
  slaTierWorse,
];
