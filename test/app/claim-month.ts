/** A month with an outage, recorded elsewhere, so that a real app has a claim to draft. */
import { lastMonth } from '../../src/cli/demo-claim.ts';
import { startOfDay } from '../../src/sla/period.ts';
import { post } from './calls.ts';
import type { StartedApp } from './start-app.ts';

type Started = Pick<StartedApp, 'controlUrl' | 'token'>;

/** Windows in which every request failed: 20 of 8,928 are less than the promised 99.90 %. */
const FAILED_WINDOWS = 20;

/** Sends an order to the control plane, with the token. */
export async function order(
  { controlUrl, token }: Started,
  path: string,
  body: Record<string, unknown>,
): Promise<{ status: number; json: Record<string, unknown> }> {
  const answer = await post(controlUrl + path, body, { authorization: `Bearer ${token}` });
  return { status: answer.status, json: answer.json as unknown as Record<string, unknown> };
}

export interface ClaimMonth {
  /** The last month that is over. */
  month: string;
  /** The first instant of its outage. */
  outageAt: number;
  /** The folder of its first draft. */
  folder: string;
}

/** Imports the outage of the month before an instant, which is the app's present, and drafts its claim. */
export async function draftLastMonth(started: Started, now = Date.now()): Promise<ClaimMonth> {
  const month = lastMonth(now);
  const outageAt = startOfDay(`${month}-10`, 'Asia/Shanghai');
  const lines = Array.from({ length: FAILED_WINDOWS }, (_, window) => ({
    text: JSON.stringify({
      time: outageAt + window * 300_000,
      method: 'GET',
      path: '/tasks',
      status: 503,
      requestId: `lost-${window}`,
    }),
    repeat: 0,
  }));
  const host = 'api-singapore.klingai.com';
  const batch = { run: 'r', file: 'log.jsonl', source: 'gateway', host, lines, isLast: true };
  const imported = await order(started, '/v1/import', batch);
  const drafted = await order(started, `/v1/claims/${month}/draft`, { reason: 'a test' });
  const claim = drafted.json['claim'] as { folder: string } | null;
  if (!claim) throw new Error(`no claim: ${JSON.stringify([imported, drafted])}`);
  return { month, outageAt, folder: claim.folder };
}
