/** Kling refuses creates for the account, a pack, a model or our address: a second send does not help. */
import { accountRefusals, type AccountRefusal } from '../../ledger/account-refusals.ts';
import type { Ms } from '../../units.ts';
import type { AlertLabels, Finding } from '../alert.ts';
import type { Look, Rule } from '../rule.ts';
import type { RuleSettings } from '../settings.ts';
import { refusesEn, refusesZh, takesEn, takesZh } from './kling-refuses-words.ts';
import { wordsOf } from '../words/values.ts';

/** An older refusal without a later one may be over. */
const SPAN_MS: Ms = 86_400_000;

export const klingRefuses: Rule = {
  word: 'kling_refuses',
  look: refusedNow,
  words: {
    en: wordsOf({ firing: refusesEn, resolved: takesEn }),
    zh: wordsOf({ firing: refusesZh, resolved: takesZh }),
  },
};

async function refusedNow({ at, store }: Look, rule: RuleSettings): Promise<readonly Finding[]> {
  const refused = await store.read(accountRefusals, { from: at - SPAN_MS, at });
  return refused.map((one) => findingOf(one, rule));
}

/** A missing right for one model wakes nobody: the others work. */
function findingOf(refusal: AccountRefusal, { severity }: RuleSettings): Finding {
  const { code, product, route, model, calls, since, lastAt } = refusal;
  const labels: AlertLabels = {
    code: String(code),
    ...(product !== null && { product }),
    ...(route !== null && { route }),
    ...(model !== null && { model }),
  };
  const found: Finding = { rule: 'kling_refuses', labels, period: null, values: { calls, lastAt }, since };
  return code === 1103 && severity === 'page' ? { ...found, severity: 'ticket' } : found;
}
