/** From the config's section to the question that a month is measured by. */
import type { Ms } from '../units.ts';
import { KLING_AGREEMENTS } from './agreement.ts';
import type { StoredMonthQuestion } from './month-table.ts';
import type { SlaConfig } from './sla-config.ts';

/** Makes the question for a month (`YYYY-MM`) of every host, as the report shows it. */
export function monthQuestion({ sla }: { sla: SlaConfig }, month: string, now: Ms): StoredMonthQuestion {
  const { timeZone, terms, agreements } = sla;
  return {
    month,
    timeZone,
    terms: { source: terms.length === 0 ? 'none' : 'config', terms },
    agreements: [...KLING_AGREEMENTS, ...agreements],
    now,
    hosts: null,
  };
}
