import { describe, expect, it } from 'vitest';
import type { AlertKey, Finding, OpenAlert } from '../../src/alerts/alert.ts';
import { createFactReceiver } from '../../src/alerts/fact-receiver.ts';
import type { Rule } from '../../src/alerts/rule.ts';
import type { RuleWord } from '../../src/alerts/rule-words.ts';
import { AlertWatch, type WatchDeps } from '../../src/alerts/watch.ts';
import type { HeardFact } from '../../src/outbox/heard-facts.ts';
import { LOOK_CONFIG, NIGHT, settingsOf, signalsOf } from './making.ts';

const words: Rule['words'] = {
  en: () => ({ title: '', finding: '', advice: '' }),
  zh: () => ({ title: '', finding: '', advice: '' }),
};
const key = (rule: RuleWord, labels = {}): AlertKey => ({ rule, labels, period: null });
const finding = (rule: RuleWord): Finding => ({
  ...key(rule),
  values: {},
  since: NIGHT,
});
const open = (rule: RuleWord): OpenAlert => ({ ...key(rule), values: {}, startedAt: NIGHT });
const always = (word: RuleWord): Rule => ({ word, look: async () => [finding(word)], words });
const failing = (word: RuleWord): Rule => ({
  word,
  look: () => Promise.reject(new Error('no answer')),
  words,
});

function watchOf(rules: readonly Rule[], over: Partial<WatchDeps> = {}): AlertWatch {
  return new AlertWatch({
    store: { read: () => Promise.reject(new Error('no store')) },
    signals: () => signalsOf(),
    settings: () => settingsOf(),
    config: () => LOOK_CONFIG,
    openAlerts: async () => ({}),
    onError: (message, error) => {
      throw new Error(message, { cause: error });
    },
    rules,
    ...over,
  });
}

describe('the minute’s look', () => {
  it('lists findings of conditions as complete, and findings of notices only as new', async () => {
    const rules = [always('clock_wrong'), always('pack_nearly_empty'), always('foreign_spending')];
    const { complete, found } = await watchOf(rules).look(NIGHT);
    expect(found.map(({ rule }) => rule)).toEqual(['clock_wrong', 'pack_nearly_empty', 'foreign_spending']);
    expect(complete).toEqual(['clock_wrong', 'pack_nearly_empty']);
  });

  it('lists nothing as complete of a rule that finds a part', async () => {
    const partial: Rule = { ...always('budget_used_up'), isPartial: true };
    const { complete, found } = await watchOf([partial]).look(NIGHT);
    expect([complete, found]).toEqual([[], [finding('budget_used_up')]]);
  });

  it('reports a rule that throws, and hears all others', async () => {
    const errors: string[] = [];
    const rules = [always('clock_wrong'), failing('disk_low'), always('wal_large')];
    const watch = watchOf(rules, { onError: (message) => void errors.push(message) });
    const { complete, found } = await watch.look(NIGHT);
    expect(complete).toEqual(['clock_wrong', 'wal_large']);
    expect(found).toHaveLength(2);
    expect(errors).toEqual(['the alert rule disk_low could not be asked; its alerts stay as they are']);
  });

  it('takes nothing of a rule whose second question throws', async () => {
    const half: Rule = {
      word: 'clock_wrong',
      look: async () => [finding('clock_wrong')],
      ended: () => Promise.reject(new Error('no answer')),
      words,
    };
    const watch = watchOf([half], {
      openAlerts: async () => ({ clock_wrong: [open('clock_wrong')] }),
      onError: () => {},
    });
    expect(await watch.look(NIGHT)).toEqual({ complete: [], found: [], over: [] });
  });

  it('leaves the alerts of a rule without a result unchanged', async () => {
    const unsure: Rule = { word: 'clock_wrong', look: async () => null, words };
    expect(await watchOf([unsure]).look(NIGHT)).toEqual({ complete: [], found: [], over: [] });
  });

  it('does not ask a rule that is off', async () => {
    const settings = (): ReturnType<typeof settingsOf> => settingsOf({}, { disk_low: { isOn: false } });
    const rules = [failing('disk_low'), always('wal_large')];
    const { complete } = await watchOf(rules, { settings }).look(NIGHT);
    expect(complete).toEqual(['wal_large']);
  });

  it('asks which of a rule’s own open alerts are over, and never if there are none', async () => {
    const asked: string[][] = [];
    const ending: Rule = {
      word: 'budget_used_up',
      ended: async (_look, alerts) => {
        asked.push(alerts.map(({ rule }) => rule));
        return [{ ...key('budget_used_up'), values: { why: 'window' } }];
      },
      words,
    };
    const alerts = { budget_used_up: [open('budget_used_up')], clock_wrong: [open('clock_wrong')] };
    const { over, complete } = await watchOf([ending], { openAlerts: async () => alerts }).look(NIGHT);
    expect(over).toEqual([{ ...key('budget_used_up'), values: { why: 'window' } }]);
    expect(complete).toEqual([]);
    await watchOf([ending]).look(NIGHT);
    expect(asked).toEqual([['budget_used_up']]);
  });
});

describe('the receiver of facts', () => {
  const fact: HeardFact = { kind: 'spending_frozen', reason: 'r', actor: 'a', at: NIGHT };
  const hearing = (word: RuleWord): Rule => ({
    word,
    ofFact: () => ({ found: [finding(word)], over: [key(word, { a: 'b' })] }),
    words,
  });

  it('passes on the findings of all rules for a fact together', async () => {
    const taken: unknown[] = [];
    const rules = [hearing('spending_frozen'), always('disk_low'), hearing('claim_due')];
    const receiver = createFactReceiver({
      settings: () => settingsOf(),
      take: async (findings, factId) => void taken.push(findings, factId),
      rules,
    });
    expect(receiver.name).toBe('alerts');
    await receiver.deliver(fact, 1);
    expect(taken).toEqual([
      {
        complete: [],
        found: [finding('spending_frozen'), finding('claim_due')],
        over: [key('spending_frozen', { a: 'b' }), key('claim_due', { a: 'b' })],
      },
      1,
    ]);
  });

  it('takes a fact without findings of active rules, and writes nothing', async () => {
    const receiver = createFactReceiver({
      settings: () => settingsOf({}, { spending_frozen: { isOn: false } }),
      take: () => Promise.reject(new Error('the store is away')),
      rules: [hearing('spending_frozen')],
    });
    await expect(receiver.deliver(fact, 1)).resolves.toBeUndefined();
  });

  it('does not take a fact whose findings could not be kept', async () => {
    const receiver = createFactReceiver({
      settings: () => settingsOf(),
      take: () => Promise.reject(new Error('the store is away')),
      rules: [hearing('spending_frozen')],
    });
    await expect(receiver.deliver(fact, 1)).rejects.toThrow('the store is away');
  });

  it('keeps the findings of other rules, and asks for the fact again, if one rule throws', async () => {
    const taken: unknown[] = [];
    const broken: Rule = {
      word: 'disk_low',
      ofFact: () => {
        throw new Error('a fault of the rule');
      },
      words,
    };
    const receiver = createFactReceiver({
      settings: () => settingsOf(),
      take: async ({ found }, factId) => void taken.push(found, factId),
      rules: [broken, hearing('spending_frozen')],
    });
    await expect(receiver.deliver(fact, 1)).rejects.toThrow('a fault of the rule');
    expect(taken).toEqual([[finding('spending_frozen')], null]);
  });
});
