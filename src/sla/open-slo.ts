/**
 * The agreement's objective as an OpenSLO v1 file, for operators who keep all their objectives in that form.
 *
 * OpenSLO has no mean of error rates over time slices; `Timeslices` with the committed share is the nearest method,
 * and the file names the difference (github.com/OpenSLO/OpenSLO, specification v1, read 2026-11-21).
 */
import { ratioOf, type Agreement } from './agreement.ts';
import { toDecimal } from './fraction.ts';

/** Writes the objective as YAML. */
export function writeOpenSlo(agreement: Agreement, timeZone: string): string {
  const target = toDecimal(ratioOf(agreement.commitment), 4);
  return `apiVersion: openslo/v1
kind: SLO
metadata:
  name: kling-api-availability
  displayName: Kling API availability
  annotations:
    kling-sidecar/agreement: ${JSON.stringify(agreement.name)}
    kling-sidecar/agreement-sha256: ${agreement.textSha256}
spec:
  description: >-
    Mean error rate of all 5-minute windows of a calendar month stays at or below one minus the target. Windows
    without requests count as free of errors. Kling's agreement averages rates; a time-slice method that calls each
    window good or bad is stricter or looser by the windows that failed in part.
  service: kling-api
  indicator:
    metadata:
      name: kling-five-minute-errors
    spec:
      ratioMetric:
        counter: false
        bad:
          metricSource:
            type: Prometheus
            spec:
              query: kling_sla_window_errors
        total:
          metricSource:
            type: Prometheus
            spec:
              query: kling_sla_window_requests
  timeWindow:
    - duration: 1M
      isRolling: false
      calendar:
        startTime: "2026-01-01 00:00:00"
        timeZone: ${timeZone}
  budgetingMethod: Timeslices
  objectives:
    - displayName: committed
      target: ${target}
      timeSliceTarget: ${target}
      timeSliceWindow: 5m
`;
}
