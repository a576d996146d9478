import { describe, expect, it } from 'vitest';
import { RULE_WORDS } from '../../src/alerts/rule-words.ts';
import type { AlertAnswer } from '../../src/control/alert-schemas.ts';
import { alertLink } from '../../src/page/alert-links.ts';
import { NAVIGATION } from '../../src/page/layout.ts';
import { Links } from '../../src/page/links.ts';

const links = new Links(new URLSearchParams('zone=UTC'));
const alert = (fields: Partial<AlertAnswer>): AlertAnswer => ({
  rule: 'failure_rate',
  kind: 'condition',
  severity: 'page',
  labels: {},
  period: null,
  fingerprint: 'f',
  title: 't',
  finding: '',
  advice: '',
  runbookUrl: 'https://example.com',
  startedAt: '2026-11-21T10:00:00.000Z',
  endedAt: null,
  sentAt: null,
  keptBack: null,
  ...fields,
});

describe('an alert', () => {
  it('of every rule leads to a page that exists, if to any', () => {
    const pages: readonly string[] = NAVIGATION.map(([, path]) => path);
    for (const rule of RULE_WORDS) {
      const href = alertLink(links, alert({ rule }));
      if (href === null) continue;
      const { pathname, searchParams } = new URL(href, 'http://localhost');
      expect([rule, pages.includes(pathname), searchParams.get('zone')]).toEqual([rule, true, 'UTC']);
    }
  });

  it('leads to the rows that it is about', () => {
    expect(alertLink(links, alert({ rule: 'tasks_stuck', labels: { product: 'video' } }))).toBe(
      '/page/tasks?stuck=true&product=video&zone=UTC',
    );
    expect(alertLink(links, alert({ rule: 'claim_due', labels: { month: '2026-10' } }))).toBe(
      '/page/claims/2026-10?zone=UTC',
    );
    expect(alertLink(links, alert({ rule: 'sla_tier_worse', period: '2026-11/25' }))).toBe(
      '/page/availability?month=2026-11&zone=UTC',
    );
    const over = alert({ endedAt: '2026-11-21T11:00:00.000Z' });
    expect(decodeURIComponent(alertLink(links, over) ?? '')).toBe(
      '/page/calls?failed=true&from=2026-11-21T09:00:00.000Z&to=2026-11-21T11:00:00.000Z&zone=UTC',
    );
  });
});
