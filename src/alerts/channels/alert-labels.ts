/** The labels of an alert as Prometheus and Alertmanager know labels. */
import type { AlertMessage, WordedAlert } from '../alert.ts';

export type Labels = Readonly<Record<string, string>>;

/**
 * Gives what an alert is told apart and routed by; ours have the last word over a rule's own. None is empty, since an empty
 * value is no label.
 */
export function labelsOf({ environment, account }: AlertMessage, alert: WordedAlert): Labels {
  const own = Object.entries(alert.labels).map(([name, value]) => [labelName(name), value]);
  return withoutEmpty({
    ...Object.fromEntries(own),
    ...(alert.period === null ? {} : { period: alert.period }),
    alertname: alert.rule,
    severity: alert.severity,
    environment,
    account: account ?? '',
    source: 'kling-sidecar',
  });
}

/** Gives what people read of an alert. */
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
