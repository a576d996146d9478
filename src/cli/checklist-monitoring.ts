/** The lines under "Monitoring". */
import { heardOf } from './checklist-alerting.ts';
import type { Evidence } from './checklist-evidence.ts';
import { passed, together, warned, type LineVerdict } from '../check.ts';
import { durationText } from '../phrases.ts';

/** A running Prometheus reads within minutes. */
const READ_MS_MAX = 15 * 60_000;
const FAILURE_SHARE = 0.05;

export const monitoringLines = {
  latency,
  dashboard,
  credit_metrics: creditMetrics,
  failure_alert: failureAlert,
  json_logs: jsonLogs,
};

/** Whether the metrics are collected: Prometheus read them recently, or they are sent by OTLP. */
function taken({ config, runs, status, now }: Evidence): { isTaken: boolean; how: string } {
  const { exports } = config.telemetry;
  if (exports !== null) return { isTaken: true, how: 'Metrics are sent by OTLP.' };
  if (!runs) return { isTaken: false, how: 'No sidecar runs, so nobody reads its metrics.' };
  const readAt = status?.metrics?.readAt ?? null;
  if (readAt === null) return { isTaken: false, how: 'Nobody has read /metrics since the start.' };
  const agoMs = now - Date.parse(readAt);
  const how = `/metrics was read ${durationText(agoMs)} ago.`;
  return { isTaken: agoMs <= READ_MS_MAX, how };
}

function measured(evidence: Evidence, what: string, remedy: string): LineVerdict {
  const { isTaken, how } = taken(evidence);
  return isTaken ? passed(`${what} ${how}`) : warned(`${what} ${how}`, remedy);
}

const SCRAPE =
  'Let Prometheus read /metrics of the control plane (docs/telemetry.md), or set telemetry.otlp.';

function latency(evidence: Evidence): LineVerdict {
  return measured(
    evidence,
    'kling_request_duration_seconds has the latency of each route, method and status.',
    SCRAPE,
  );
}

function dashboard(evidence: Evidence): LineVerdict {
  return measured(
    evidence,
    'kling_requests_total and kling_task_failures_total count what succeeds and fails; whether the boards are imported cannot be seen from here.',
    `${SCRAPE} Then import the boards: kling-sidecar export grafana DIR.`,
  );
}

function creditMetrics(evidence: Evidence): LineVerdict {
  return measured(
    evidence,
    'kling_credits_total counts credits by app, operation, model and mode, and kling-sidecar usage lists each create.',
    SCRAPE,
  );
}

function failureAlert(evidence: Evidence): LineVerdict {
  const { isOn, threshold } = evidence.config.alerts.settings.rules.failure_rate;
  const verdicts = [heardOf(evidence, 'failure_rate', 'a failure rate above 5 %')];
  if (isOn && threshold !== null && threshold > FAILURE_SHARE) {
    verdicts.push(
      warned(`The rule failure_rate fires above ${threshold * 100} % only.`, 'Set its threshold to 0.05.'),
    );
  }
  return together(verdicts);
}

function jsonLogs({ config }: Evidence): LineVerdict {
  const { accessLog } = config.telemetry;
  const form = 'Each line of the log is one JSON object (readable text on a terminal).';
  if (accessLog === 'all') return passed(`${form} Every attempt at Kling has one.`);
  const left =
    accessLog === 'off'
      ? 'none'
      : accessLog === 'errors'
        ? 'those that failed or were refused'
        : `${accessLog * 100} % of those that succeeded, and all others`;
  return warned(
    `${form} Of requests, ${left} have one (telemetry.accessLog); the journal has all: kling-sidecar calls list.`,
    'Set telemetry.accessLog to all, if the log itself must have every call.',
  );
}
