/** Stands in for parts of the app that the tests of this folder do not need for real. */
import type { ChecklistState, ConfigInUse } from '../../src/control/commands.ts';
import type { PricedRequest } from '../../src/control/estimate.ts';

/** The config of the tests, but for the time at which it was read. */
export const CONFIG_IN_USE: Omit<ConfigInUse, 'readAt'> = {
  file: '/x/sidecar.config.json',
  lines: [
    { key: 'mode', value: 'protect', origin: 'default' },
    { key: 'listen.port', value: 5564, origin: 'file' },
    { key: 'budgets[0].credits', value: 100, origin: 'env:KLING_SIDECAR__BUDGETS__0__CREDITS' },
    { key: 'KLING_API_KEY', value: '[redacted]', origin: 'env:KLING_API_KEY' },
  ],
  afterRestart: [{ key: 'listen.port', value: 7000, origin: 'file' }],
};

/** A price list of the tests: ten credits, or what the body says; `/unknown` has no price. */
export function priceBySeconds(target: string, body: Readonly<Record<string, unknown>>): PricedRequest {
  const credits = typeof body['credits'] === 'number' ? body['credits'] : 10_000;
  const isUnknown = target === '/unknown';
  return {
    operation: 'text-to-video',
    model: typeof body['model_name'] === 'string' ? body['model_name'] : 'kling-v3',
    mode: 'pro',
    basis: isUnknown ? 'unknown' : 'exact',
    credits: isUnknown ? null : credits,
    heldCredits: credits,
    heldCreditsIfStandard: Math.ceil(credits / 2),
    notes: [],
    refusal: body['broken'] === true ? 'body_refused: broken' : null,
  };
}

/** A checklist of one line, which is judged whenever it is asked for with an instant. */
export function checklistStandIn({ since }: { since?: number | undefined }): Promise<ChecklistState> {
  const judged = {
    checklist: {
      version: '9.9.9',
      environment: 'test',
      upstream: 'https://api.test',
      fingerprint: null,
      counts: { ok: 1, warn: 0, fail: 0, 'not ours': 0 },
      lines: [
        {
          id: 'bearer',
          heading: 'Authentication',
          line: 'Authorization: Bearer <token> format verified',
          level: 'ok' as const,
          reason: 'It is.',
          remedy: null,
        },
      ],
      checks: [{ name: 'node', level: 'ok' as const, finding: 'Node runs.', advice: null }],
    },
    startedAt: since ?? 0,
    tookMs: 1234,
  };
  return Promise.resolve({
    isJudging: since === undefined,
    startedAt: since ?? 0,
    nextAt: since === undefined ? null : since + 60_000,
    problem: null,
    judged: since === undefined ? null : judged,
  });
}
