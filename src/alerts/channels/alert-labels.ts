/** The labels of an alert in the form of Prometheus and Alertmanager. */
import type { AlertMessage, WordedAlert } from '../alert.ts';
import { shownText } from './shown-message.ts';

export type Labels = Readonly<Record<string, string>>;

const LABEL_MAX = 200;

/**
 * Gives the labels by which an alert is identified and routed: ours, and the rule's own, with `rule_` before a name that is
 * one of ours. None is empty, since an empty value is no label.
 */
export function labelsOf({ environment, account }: AlertMessage, alert: WordedAlert): Labels {
  const ours = {
    alertname: alert.rule,
    severity: alert.severity,
    environment,
    account: account ?? '',
    period: shownText(alert.period ?? '', LABEL_MAX),
    source: 'kling-sidecar',
  };
  const own = Object.entries(alert.labels).map(([name, value]) => {
    const known = labelName(name);
    return [Object.hasOwn(ours, known) ? `rule_${known}` : known, shownText(value, LABEL_MAX)];
  });
  return withoutEmpty({ ...ours, ...Object.fromEntries(own) });
}

/** Gives an alert's texts for people. */
export function annotationsOf(alert: WordedAlert): Labels {
  return withoutEmpty({
    summary: alert.title,
    description: alert.finding,
    advice: alert.advice,
    runbook_url: alert.runbookUrl,
  });
}

function labelName(name: string): string {
  return name.replaceAll(/[^a-zA-Z0-9_]/g, '_').replace(/^(?=\d|$)/, '_');
}

function withoutEmpty(texts: Labels): Labels {
  return Object.fromEntries(Object.entries(texts).filter(([, text]) => text !== ''));
}
