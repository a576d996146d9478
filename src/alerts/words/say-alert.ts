/** An alert in the words of its beginning, for lists, status and the log. */
import type { Ms } from '../../units.ts';
import type { OpenAlert, WordedAlert } from '../alert.ts';
import type { Severity } from '../rule-words.ts';
import type { AlertSettings } from '../settings.ts';
import { compose } from './compose.ts';

export interface SaidAlert extends OpenAlert {
  fingerprint: string;
  severity: Severity;
  endedAt?: Ms | null;
}

/** Gives an alert the words of its beginning's message. */
export function sayAlert(
  alert: SaidAlert,
  settings: AlertSettings,
): Pick<WordedAlert, 'title' | 'finding' | 'advice' | 'runbookUrl'> {
  const { rule, labels, period, values, startedAt, endedAt = null, fingerprint, severity } = alert;
  const event = {
    id: 0,
    rule,
    labels,
    period,
    values,
    startedAt,
    endedAt,
    fingerprint,
    severity,
    status: 'firing' as const,
    at: startedAt,
  };
  const [said] = compose([event], startedAt, settings, 0).alerts;
  return said ?? { title: rule, finding: '', advice: '', runbookUrl: '' };
}
