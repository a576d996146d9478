import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { z } from 'zod';
import * as claimSchemas from '../../src/control/claim-schemas.ts';
import * as schemas from '../../src/control/sla-schemas.ts';
import { journalCalls } from '../../src/sla/journal.ts';
import { newCall, newUnreachable, journalled } from '../sla/making.ts';
import { ask, order, START, startRig, type Answer, type Rig } from './fixture.ts';

let rig: Rig;
beforeEach(async () => {
  rig = await startRig();
  const at = START - 86_400_000;
  await rig.ledger.run(
    journalCalls,
    journalled([
      newCall({ at }),
      newCall({ at: at + 1000, status: 503, code: 5001, outcome: 'server_error' }),
      newUnreachable({ at: at + 2000 }),
      newCall({ at: at + 600_000, status: 429 }),
    ]),
  );
});
afterEach(() => rig.close());

const get = (target: string): Promise<Answer> => ask(rig.url, target);
/** Checks an answer against the shape that /openapi.json tells of it, nothing more and nothing less. */
function checked<S extends z.ZodType>(answer: Answer, schema: S): z.output<S> {
  expect(answer.status).toBe(200);
  const parsed = schema.parse(answer.json);
  expect(parsed).toEqual(answer.json);
  return parsed;
}

describe('availability', () => {
  test('of the present month has the shape that is promised', async () => {
    const month = checked(await get('/v1/sla/2026-11'), schemas.slaAnswer);
    expect(month).toMatchObject({
      month: '2026-11',
      timeZone: 'Asia/Shanghai',
      start: '2026-10-31T16:00:00.000Z',
      end: '2026-11-30T16:00:00.000Z',
      days: 30,
      windows: { total: 8640, withTraffic: 2, withErrors: 1 },
      requests: { valid: 3, errors: 1, unreachable: 1, excluded: 0, maintenance: 1 },
      sumErrorRates: '0.500000',
      availability: '99.994212',
      commitment: '99.90',
      breached: false,
      compensationPercent: 0,
      revision: 0,
      budget: { allowed: '8.640', used: '0.500000', left: '8.140000' },
      live: { budget: { allowed: '8.640' } },
    });
    const drawn = checked(await get('/v1/sla/2026-11?map=true'), schemas.slaAnswer);
    const start = '2026-11-20T10:00:00.000Z';
    expect(drawn).toEqual({
      ...month,
      map: [
        { start, windows: 1, valid: 2, errors: 1 },
        { start: '2026-11-20T10:10:00.000Z', windows: 1, valid: 1, errors: 0 },
      ],
    });
    expect((await get('/v1/sla/2026-11?map=false')).status).toBe(400);
    const { windows } = checked(await get('/v1/sla/2026-11/windows'), schemas.windowsAnswer);
    expect(windows).toMatchObject([
      { valid: 2, errors: 1, byClass: { ok: 1, server_error: 1, unreachable: 1 } },
      { valid: 1, errors: 0, byClass: { throttled: 1 } },
    ]);
  });

  test('has a present month, in the zone of the agreement', async () => {
    const present = checked(await get('/v1/sla'), schemas.presentAnswer);
    expect(present).toEqual({ month: '2026-11', timeZone: 'Asia/Shanghai' });
    rig.clock.advance(Date.UTC(2026, 10, 30, 16) - START);
    expect((await get('/v1/sla')).json).toMatchObject({ month: '2026-12' });
  });

  test('of a text that is no month is refused', async () => {
    for (const month of ['2026-13', '2026-1', 'now']) {
      expect([month, (await get(`/v1/sla/${month}`)).status]).toEqual([month, 400]);
    }
  });

  test('a month’s calls come page by page as lines of an import', async () => {
    const first = checked(await get('/v1/sla/2026-11/calls?limit=3'), schemas.exportAnswer);
    expect(first.lines).toHaveLength(3);
    const cursor = encodeURIComponent(first.nextCursor ?? '');
    const rest = checked(await get(`/v1/sla/2026-11/calls?cursor=${cursor}`), schemas.exportAnswer);
    expect(rest).toMatchObject({ nextCursor: null });
    expect(JSON.parse(rest.lines[0] ?? '')).toMatchObject({ status: 429 });
  });

  test('an exclusion and a blame change it, with an audit', async () => {
    const span = { from: '2026-11-20T10:00:00Z', to: '2026-11-20T10:05:00Z' };
    const body = { ...span, clause: '2.2(i)', source: 'a mail', actor: 'ana' };
    const entered = checked(await order(rig.url, '/v1/exclusions', { body }), schemas.exclusionAnswer);
    expect(checked(await get('/v1/exclusions'), schemas.exclusionsAnswer).exclusions).toEqual(
      entered.exclusions,
    );
    const blamed = await order(rig.url, '/v1/blame', {
      body: { ...span, blame: 'upstream', source: 'their page', actor: 'ana' },
    });
    expect(checked(blamed, schemas.blameAnswer).attempts).toBe(1);
    const month = checked(await get('/v1/sla/2026-11'), schemas.slaAnswer);
    expect(month.requests).toMatchObject({ errors: 0, excluded: 2, unreachableUpstream: 1 });
    const { audit } = (await order(rig.url, '/v1/audit', { method: 'GET' })).json as {
      audit: { action: string; actor: string; reason: string }[];
    };
    expect(audit.slice(0, 2).map(({ action, actor, reason }) => [action, actor, reason])).toEqual([
      ['sla.blame', 'ana', 'their page'],
      ['sla.exclude', 'ana', 'a mail'],
    ]);
    const { corrections } = checked(await get('/v1/blame?month=2026-11'), schemas.correctionsAnswer);
    expect(corrections).toMatchObject([
      { id: blamed.json['id'], from: '2026-11-20T10:00:00.000Z', blame: 'upstream', source: 'their page' },
    ]);
    for (const path of ['exclusions', 'blame']) {
      expect(Object.values((await get(`/v1/${path}?month=2026-10`)).json)).toEqual([[]]);
      expect((await get(`/v1/${path}?month=2026-11`)).json).toEqual((await get(`/v1/${path}`)).json);
      expect((await get(`/v1/${path}?month=now`)).status).toBe(400);
    }
    const wrong = await order(rig.url, '/v1/exclusions', { body: { ...body, to: span.from } });
    expect(wrong).toMatchObject({ status: 400, json: { word: 'bad_usage' } });
  });
});

describe('an import', () => {
  const line = (fields: object): { text: string; repeat: number } => ({
    text: JSON.stringify({ time: START - 1000, method: 'GET', path: '/tasks', status: 200, ...fields }),
    repeat: 0,
  });
  const batch = { run: 'r', file: 'log.jsonl', source: 'gateway' };

  test('writes new calls, counts known ones, and leaves two rows in the audit', async () => {
    const body = { ...batch, lines: [line({}), line({ status: 500 })] };
    expect(checked(await order(rig.url, '/v1/import', { body }), schemas.importAnswer)).toEqual({
      imported: 2,
      known: 0,
    });
    const again = { ...body, lines: [...body.lines, { ...line({}), repeat: 1 }], isLast: true };
    expect(checked(await order(rig.url, '/v1/import', { body: again }), schemas.importAnswer)).toEqual({
      imported: 1,
      known: 2,
    });
    const { audit } = (await order(rig.url, '/v1/audit', { method: 'GET' })).json as {
      audit: { action: string; after: string; reason: string }[];
    };
    expect(audit.slice(0, 2).map(({ after, reason }) => [after, reason])).toEqual([
      ['3 new calls', 'import of log.jsonl'],
      ['begun', 'import of log.jsonl'],
    ]);
  });

  test('with a bad line writes nothing', async () => {
    const body = { ...batch, lines: [line({}), line({ status: 99 })] };
    const answer = await order(rig.url, '/v1/import', { body });
    expect(answer).toMatchObject({ status: 400, json: { word: 'bad_usage' } });
    expect(answer.text).toMatch(/status must be a number from 200 to 599/);
    expect(checked(await get('/v1/sla/2026-11'), schemas.slaAnswer).requests.valid).toBe(3);
  });
});

describe('claims', () => {
  test('a month without one says when it could be filed; a month that runs cannot be drafted', async () => {
    expect(checked(await get('/v1/claims'), claimSchemas.claimsAnswer)).toEqual({ claims: [] });
    expect(checked(await get('/v1/claims/2026-10'), claimSchemas.claimAnswer)).toMatchObject({
      filing: 'open',
      dates: { fifthWorkday: '2026-11-06', earliest: '2026-11-07', latest: '2026-12-31', calendar: 'CN' },
      claims: [],
    });
    const running = await order(rig.url, '/v1/claims/2026-11/draft', { body: {} });
    expect(running).toMatchObject({ status: 400, json: { word: 'bad_usage' } });
    const nothing = await order(rig.url, '/v1/claims/2026-10/draft', { body: {} });
    expect(checked(nothing, claimSchemas.draftAnswer)).toMatchObject({ due: false, claim: null });
    const mark = { body: { state: 'filed', reason: 'sent' } };
    expect(await order(rig.url, '/v1/claims/2026-10/mark', mark)).toMatchObject({ status: 404 });
  });
});
