/** Asks one rule about real rows, at an instant. */
import type { Finding, OpenAlert } from '../../../src/alerts/alert.ts';
import type { Look, LookConfig, Rule } from '../../../src/alerts/rule.ts';
import type { RuleWord } from '../../../src/alerts/rule-words.ts';
import type { AlertSettings, RuleSettings } from '../../../src/alerts/settings.ts';
import type { Signals } from '../../../src/alerts/signals.ts';
import type { MemoryStore } from '../../ledger/memory-store.ts';
import { LOOK_CONFIG, settingsOf, signalsOf } from '../making.ts';

export interface AskedWith {
  signals?: Partial<Signals>;
  config?: Partial<LookConfig>;
  rules?: Partial<Record<RuleWord, Partial<RuleSettings>>>;
  settings?: Partial<AlertSettings>;
}

/** Makes a look into a store. */
export function lookAt(store: MemoryStore, at: number, { signals, config }: AskedWith = {}): Look {
  return {
    at,
    store: { read: store.run },
    signals: signalsOf(signals),
    config: { ...LOOK_CONFIG, ...config },
  };
}

/** Gives what a rule finds at an instant; null where it cannot know. */
export async function findAt(
  store: MemoryStore,
  rule: Rule,
  at: number,
  asked: AskedWith = {},
): Promise<readonly Finding[] | null> {
  const settings = settingsOf(asked.settings, asked.rules);
  return (await rule.look?.(lookAt(store, at, asked), settings.rules[rule.word], settings)) ?? null;
}

/** Gives the alerts that a rule ends at an instant, of those that are open. */
export async function endedAt(
  store: MemoryStore,
  rule: Rule,
  at: number,
  open: readonly OpenAlert[],
): Promise<readonly unknown[]> {
  return (await rule.ended?.(lookAt(store, at), open, settingsOf())) ?? [];
}
