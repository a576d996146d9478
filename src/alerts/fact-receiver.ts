/** The alerts' receiver of facts: asks the rules for findings in a fact, for the instant at which it became true. */
import type { HeardFact } from '../outbox/heard-facts.ts';
import type { Receiver } from '../outbox/delivery.ts';
import type { AlertEnd, Finding, Findings } from './alert.ts';
import type { Rule } from './rule.ts';
import { ALERT_RULES } from './rules/rules.ts';
import type { AlertSettings } from './settings.ts';

/** Its row in `outbox_receivers`. */
export const ALERT_RECEIVER = 'alerts';

export interface FactReceiverDeps {
  settings: () => AlertSettings;
  /**
   * Takes findings durably; if it rejects, the fact is delivered again. With the fact's id, a fact that was taken before
   * changes nothing; null if some rule threw.
   */
  take: (findings: Findings, factId: number | null) => Promise<void>;
  /** All rules if absent. */
  rules?: readonly Rule[];
}

/**
 * Makes the receiver. A fact without findings of active rules is taken at once. If a rule throws, the findings of the others
 * are taken, and the fact is delivered again.
 */
export function createFactReceiver({ settings, take, rules = ALERT_RULES }: FactReceiverDeps): Receiver {
  return {
    name: ALERT_RECEIVER,
    async deliver(fact, id) {
      const { findings, errors } = findingsOf(fact, settings(), rules);
      if (findings.found.length + findings.over.length > 0) {
        await take(findings, errors.length === 0 ? id : null);
      }
      if (errors.length > 0) throw errors[0];
    },
  };
}

function findingsOf(
  fact: HeardFact,
  settings: AlertSettings,
  rules: readonly Rule[],
): { findings: Findings; errors: unknown[] } {
  const found: Finding[] = [];
  const over: AlertEnd[] = [];
  const errors: unknown[] = [];
  for (const rule of rules) {
    const own = settings.rules[rule.word];
    if (!own.isOn || !rule.ofFact) continue;
    try {
      const said = rule.ofFact(fact, own, settings);
      found.push(...(said.found ?? []));
      over.push(...(said.over ?? []));
    } catch (error) {
      errors.push(error);
    }
  }
  return { findings: { complete: [], found, over }, errors };
}
