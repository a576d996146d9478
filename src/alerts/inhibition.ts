/** The rules whose alerts keep back the alerts of weaker rules: those are recorded and not sent. */
import type { Ms } from '../units.ts';
import type { RuleWord } from './rule-words.ts';

/** By the weaker rule: the rules that keep it back while an alert of theirs is open. */
const INHIBITED_BY: Partial<Record<RuleWord, readonly RuleWord[]>> = {
  breaker_open: ['upstream_down'],
  failure_rate: ['upstream_down', 'breaker_open'],
};

/**
 * How long after the end of the stronger alert the weaker one is still kept back: the failure rate reads two 5-minute
 * windows, which contain the outage for that time, and one more look.
 */
export const INHIBITION_TAIL_MS: Ms = 11 * 60_000;

/** Gives the rules whose open alerts keep back alerts of this one; empty for most. */
export function inhibitorsOf(rule: RuleWord): readonly RuleWord[] {
  return INHIBITED_BY[rule] ?? [];
}

/** Gives the rules whose alerts are kept back while an alert of this one is open; empty for most. */
export function inhibitedBy(rule: RuleWord): readonly RuleWord[] {
  const rules = Object.keys(INHIBITED_BY) as RuleWord[];
  return rules.filter((weaker) => inhibitorsOf(weaker).includes(rule));
}
