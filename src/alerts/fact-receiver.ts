/** The outbox's receiver of alerts: turns a fact into what the rules find in it, at the instant at which it was made true. */
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
   * Takes findings durably; the fact is handed over again where it rejects. With the id of their fact, those of a fact that
   * was taken before change nothing; null where the fact was not understood whole.
   */
  take: (findings: Findings, factId: number | null) => Promise<void>;
  /** All rules where absent. */
  rules?: readonly Rule[];
}

/**
 * Makes the receiver. A fact in which no rule that is on finds anything is taken at once; where a rule throws, what the
 * others found is taken, and the fact is handed over again.
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
