/**
 * The minute's look: asks every rule that is on what is true now, and which of its open alerts are over.
 *
 * **Invariant**: rules do not disturb each other. One that throws is reported and leaves its alerts as they are.
 */
import type { Store } from '../store/store.ts';
import type { Ms } from '../units.ts';
import type { AlertEnd, Finding, Findings, OpenAlert } from './alert.ts';
import type { Look, LookConfig, Rule } from './rule.ts';
import { ruleDefault, type RuleWord } from './rule-words.ts';
import { ALERT_RULES } from './rules/rules.ts';
import type { AlertSettings } from './settings.ts';
import type { Signals } from './signals.ts';

export interface WatchDeps {
  store: Pick<Store, 'read'>;
  /** Gives what the process knows at this moment. */
  signals: () => Signals;
  settings: () => AlertSettings;
  config: () => LookConfig;
  /** Gives the alerts that fire, by rule. */
  openAlerts: () => Promise<Partial<Record<RuleWord, readonly OpenAlert[]>>>;
  onError: (message: string, error: unknown) => void;
  /** All rules where absent. */
  rules?: readonly Rule[];
}

interface Seen {
  complete: RuleWord[];
  found: Finding[];
  over: AlertEnd[];
}

export class AlertWatch {
  readonly #deps: WatchDeps;

  constructor(deps: WatchDeps) {
    this.#deps = deps;
  }

  /** Asks the rules at an instant. Rejects only where the open alerts cannot be read. */
  async look(at: Ms): Promise<Findings> {
    const { store, signals, settings, config, openAlerts, onError, rules = ALERT_RULES } = this.#deps;
    const present = settings();
    const look: Look = { at, store, signals: signals(), config: config() };
    const open = await openAlerts();
    const seen: Seen = { complete: [], found: [], over: [] };
    for (const rule of rules) {
      if (!present.rules[rule.word].isOn) continue;
      try {
        await ask(rule, { look, settings: present, open: open[rule.word] ?? [] }, seen);
      } catch (error) {
        onError(`the alert rule ${rule.word} could not be asked; its alerts stay as they are`, error);
      }
    }
    return seen;
  }
}

/** Adds what a rule says to what was seen, all of it or nothing. */
async function ask(
  rule: Rule,
  { look, settings, open }: { look: Look; settings: AlertSettings; open: readonly OpenAlert[] },
  seen: Seen,
): Promise<void> {
  const found = rule.look ? await rule.look(look, settings.rules[rule.word], settings) : null;
  const over = rule.ended && open.length > 0 ? await rule.ended(look, open, settings) : [];
  seen.over.push(...over);
  if (found === null) return;
  seen.found.push(...found);
  if (!rule.isPartial && ruleDefault(rule.word).kind !== 'notice') seen.complete.push(rule.word);
}
