/** Where an alert leads: the page with the rows that it is about. */
import type { AlertAnswer } from '../control/alert-schemas.ts';
import { HOUR_MS } from '../zone.ts';
import { MONTH_FORM } from '../sla/period.ts';
import type { Links } from './links.ts';

/** Gives the address of an alert's subject; null if no page shows it. */
export function alertLink(links: Links, alert: AlertAnswer): string | null {
  const { rule, labels, period } = alert;
  const { app, product, month } = labels;
  switch (rule) {
    case 'budget_threshold':
    case 'budget_used_up':
    case 'budget_forecast':
    case 'spending_frozen':
      return links.to('/');
    case 'credits_refused':
      return links.to('/page/calls', { kind: 'refused', app, ...timeOf(alert) });
    case 'failure_rate':
    case 'upstream_down':
    case 'breaker_open':
    case 'kling_refuses':
    case 'credentials_refused':
      return links.to('/page/calls', { failed: 'true', ...timeOf(alert) });
    case 'poll_loop':
      return links.to('/page/calls', { app, ...timeOf(alert) });
    case 'sla_at_risk':
    case 'sla_broken':
    case 'sla_tier_worse':
      return links.to('/page/availability', { month: monthOf(period) });
    case 'tasks_stuck':
      return links.to('/page/tasks', { stuck: 'true', product });
    case 'tasks_lost':
      return links.to('/page/tasks', { state: 'lost' });
    case 'task_contradicted':
      return links.to('/page/tasks', { app });
    case 'holds_in_doubt':
      return links.to('/page/holds', { inDoubt: 'true' });
    case 'deduction_differs':
    case 'ledger_drift':
    case 'foreign_spending':
    case 'pack_nearly_empty':
    case 'pack_expires':
      return links.to('/page/spending');
    case 'queue_saturated':
    case 'queue_full':
      return links.to('/page/queue');
    case 'claim_open':
    case 'claim_withdrawn':
    case 'claim_due':
    case 'claim_missed':
    case 'voucher_ends':
      return links.to(month === undefined ? '/page/claims' : `/page/claims/${month}`);
    case 'clock_wrong':
    case 'store_trouble':
    case 'disk_low':
    case 'wal_large':
    case 'job_failed':
    case 'job_missed':
    case 'price_stale':
    case 'route_unpriced':
      return links.to('/page/checklist');
    case 'results_expiring':
    case 'results_full':
    case 'callbacks_refused':
    case 'callbacks_undelivered':
    case 'daily_digest':
    case 'weekly_report':
    case 'channel_test':
      return null;
  }
}

/** From an hour before it began, which made it fire, to its end. */
function timeOf({ startedAt, endedAt }: AlertAnswer): { from: string; to: string | null } {
  return { from: new Date(Date.parse(startedAt) - HOUR_MS).toISOString(), to: endedAt };
}

/** A period is a month, or begins with one. */
function monthOf(period: string | null): string | null {
  const month = (period ?? '').slice(0, 7);
  return MONTH_FORM.test(month) ? month : null;
}
