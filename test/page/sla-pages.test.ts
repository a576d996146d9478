/** The pages of availability and claims: a month with an outage, its drafted claim, and what operators say about it. */
import { appendFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ClaimAnswer } from '../../src/control/claim-schemas.ts';
import type { SlaAnswer } from '../../src/control/sla-schemas.ts';
import { lastMonth } from '../../src/cli/demo-claim.ts';
import { get } from '../app/calls.ts';
import { draftLastMonth, order, type ClaimMonth } from '../app/claim-month.ts';
import { startApp, type StartedApp } from '../app/start-app.ts';
import { TYPED, opened, read, textOf } from './reader.ts';

const EVIL = '<img src=x onerror=alert(1)>';

let started: StartedApp;
let claim: ClaimMonth;
beforeAll(async () => {
  started = await startApp({
    config: {
      claims: {
        claimant: { company: EVIL },
        fees: { [lastMonth(Date.now())]: { amount: '1200', currency: 'USD', source: 'INV-7' } },
      },
    },
  });
  claim = await draftLastMonth(started);
});
afterAll(() => started.stop());

const open = (path: string): Promise<string> => opened(started, path);

const iso = (at: number): string => new Date(at).toISOString();

describe('the page Availability', () => {
  const page = async (more = ''): Promise<string> => open(`/page/availability?month=${claim.month}${more}`);

  it('shows the numbers of the API, in the zone of the agreement, with its arithmetic', async () => {
    const { json } = await get(`${started.controlUrl}/v1/sla/${claim.month}`);
    const sla = json as unknown as SlaAnswer;
    const html = await page('&zone=UTC');
    const text = textOf(html);
    const { received } = sla.readings;
    expect(sla.requests.errors).toBe(20);
    expect(text).toContain(`Availability ${sla.availability} %`);
    expect(text).toContain(
      `100 × (1 − ${received.sumErrorRates} / ${received.windows}) = ${received.availability} %`,
    );
    expect(text).toContain('Error budget used, in windows 20.000000 / 8.928 Left of it -11.072000');
    expect(text).toContain('The commitment is broken: 10 % of the month’s fee');
    expect(text).toContain(`${claim.month}-10 00:00:00 Asia/Shanghai`);
    // The links keep the zone of the page.
    expect(html).toContain(`href="/page/calls?counted=error&amp;month=${claim.month}&amp;zone=UTC">20</a>`);
    expect(html).toContain(`href="/page/claims/${claim.month}?zone=UTC"`);
    // Each number that is a link is the number of rows that it leads to.
    const numbers = [...html.matchAll(/<a href="\/page\/calls\?([^"]+)">(\d+)<\/a>/g)];
    expect(numbers.length).toBeGreaterThan(20);
    for (const [, query = '', number] of numbers) {
      const filter = query.replaceAll('&amp;', '&').replace('&zone=UTC', '');
      const { total } = (await get(`${started.controlUrl}/v1/calls?${filter}&total=true`))
        .json as unknown as { total: number };
      expect([filter, String(total)]).toEqual([filter, number]);
    }
  });

  it('leads from each window with errors to its calls, and to the months beside it', async () => {
    const html = await page();
    const span = `from=${encodeURIComponent(iso(claim.outageAt))}&amp;to=${encodeURIComponent(iso(claim.outageAt + 300_000))}`;
    const links = [...html.matchAll(/<a href="([^"]+)" aria-label="([^"]+)"><title>/g)];
    expect(links).toHaveLength(20);
    expect(links[0]?.[1]).toBe(`/page/calls?counted=error&amp;month=${claim.month}&amp;${span}`);
    expect(links[0]?.[2]).toMatch(/1 of 1 failed$/);
    expect(html).toMatch(/rel="prev"[^>]*>← \d{4}-\d{2}<\/a>/);
    expect(html).toMatch(/rel="next"/);
    expect(await open('/page/availability')).not.toMatch(/rel="next"/);
    const calls = await open((links[0]?.[1] ?? '').replaceAll('&amp;', '&'));
    // The list alone: below it are the sums of the routes.
    const [list = ''] = /<section id="calls".*?<\/section>/s.exec(calls) ?? [];
    expect(list.match(/<tr>/g)).toHaveLength(2);
  });

  it('is live while its month runs, and still when it is over', async () => {
    expect(await page()).not.toContain('data-live=""');
    expect(await open('/page/availability')).toContain('data-live=""');
  });

  it('shows what operators said, each with the order that changes it', async () => {
    const before = await page();
    expect(textOf(before)).toContain('Nothing is excluded.');
    expect(textOf(before)).toContain('Nobody has corrected the control checks.');
    const later = claim.outageAt + 86_400_000;
    const span = { from: iso(later), to: iso(later + 3_600_000), actor: 'ann' };
    const excluded = await order(started, '/v1/exclusions', { ...span, clause: '2.2(i)', source: EVIL });
    await order(started, '/v1/blame', { ...span, blame: 'local', source: 'our firewall' });
    const html = await page(`&from=${span.from}&to=${span.to}`);
    expect(html).not.toContain('<img');
    expect(textOf(html)).toContain(EVIL);
    expect(html).toContain(`data-path="/v1/exclusions/${String(excluded.json['id'])}"`);
    expect(textOf(html)).toContain('ourselves our firewall ann');
    // The forms are open, and have the span of the address.
    expect(html.match(/<details open="">/g)).toHaveLength(2);
    expect(html.match(new RegExp(`name="from" type="text" value="${span.from}"`, 'g'))).toHaveLength(2);
    const other = await open('/page/availability');
    expect(textOf(other)).toContain('Nothing is excluded.');
  });

  it('says what is wrong with a month that is none', async () => {
    const { status, text } = await read(`${started.controlUrl}/page/availability?month=soon`, TYPED);
    expect(status).toBe(400);
    expect(textOf(text)).toContain('a month such as 2026-10');
  });
});

describe('the page Audit', () => {
  it('shows hostile texts as texts, and what a filter leaves', async () => {
    const authorization = `Bearer ${started.token}`;
    const audit = async (query: string): Promise<string> => {
      const { status, text } = await read(`${started.controlUrl}/page/audit?${query}`, {
        ...TYPED,
        authorization,
      });
      expect([query, status]).toEqual([query, 200]);
      return text;
    };
    const html = await audit('action=sla.exclude');
    expect(html).not.toContain('<img');
    expect(textOf(html)).toContain(`2.2(i) ${EVIL}`);
    expect(html).toContain('href="/page/audit?actor=ann"');
    expect(textOf(await audit('actor=nobody'))).toContain('No change matches.');
  });
});

describe('the page Claims', () => {
  it('shows the months with tier, dates and state, and the folder as an archive', async () => {
    const { json } = await get(`${started.controlUrl}/v1/claims/${claim.month}`);
    const { claims } = json as unknown as ClaimAnswer;
    const html = await open('/page/claims');
    const text = textOf(html);
    const [row] = claims;
    expect(text).toContain(`${claim.month} draft 10 % 120 USD ${row?.earliest} – ${row?.latest}`);
    expect(text).toMatch(/the month runs/);
    expect(text).toMatch(/not drafted/);
    expect(html).toContain(
      `href="/v1/claims/${claim.month}/folder.zip?revision=${row?.revision}" download="kling-claim-${claim.month}-r${row?.revision}.zip"`,
    );
  });

  it('shows both letters as they will be sent, with hostile texts as texts', async () => {
    const html = await open(`/page/claims/${claim.month}`);
    const text = textOf(html);
    expect(html).not.toContain('<img');
    expect(html).toMatch(/<div class="letter" lang="en"><h4>/);
    expect(html).toMatch(/<div class="letter" lang="zh"><h4>/);
    expect(text).toContain(`Company ${EVIL}`);
    expect(text).toContain('What we ask');
    expect(text).toMatch(/申请事项/);
    expect(text).toContain('The letter has blanks');
    expect(text).not.toContain('Somebody has edited');
    expect(text).toContain('manifest.sha256');
    // A draft can be filed or expire; its revision is part of the order.
    expect(html).toMatch(
      /data-path="\/v1\/claims\/[\d-]+\/mark"[^>]*data-fixed="{&quot;revision&quot;:\d+}"/,
    );
    expect(html).toMatch(/<option value="draft">.*<option value="filed">.*<option value="expired">/);
    expect(html).not.toContain('<option value="granted">');
  });

  it('says that a letter was edited, and what to do where its folder is gone', async () => {
    await appendFile(join(claim.folder, 'claim.en.md'), '\nYours,\u202e <b>Ann</b>\n');
    const edited = await open(`/page/claims/${claim.month}?revision=1`);
    expect(textOf(edited)).toContain('Somebody has edited this letter');
    expect(textOf(edited)).toContain('Yours, <b>Ann</b>');
    expect(edited).not.toContain('\u202e');
    await rename(claim.folder, `${claim.folder}.away`);
    const gone = textOf(await open(`/page/claims/${claim.month}?revision=1`));
    expect(gone).toContain('manifest.sha256 cannot be read; draft');
    await rename(`${claim.folder}.away`, claim.folder);
  });

  it('is on the page Now as long as something may come of it', async () => {
    const owed = async (): Promise<string> =>
      textOf(/<section id="owed".*?<\/section>/s.exec(await open('/'))?.[0] ?? '');
    expect(await owed()).toContain(`${claim.month}: 120 USD draft may be filed`);
    for (const state of ['filed', 'rejected'])
      await order(started, `/v1/claims/${claim.month}/mark`, { state, reason: 'a test' });
    expect(await owed()).toContain('No claim is open');
  });

  it('says what may be done in a month without a claim', async () => {
    const past = textOf(await open('/page/claims/2026-01'));
    expect(past).toContain('There is no claim for this month.');
    expect(past).toContain('too late');
    const present = textOf(await open(`/page/claims/${lastMonth(Date.now() + 31 * 86_400_000)}`));
    expect(present).toContain('A claim can be drafted once the month is over.');
    const { status } = await read(`${started.controlUrl}/page/claims/2019-01`, TYPED);
    expect(status).toBe(400);
  });
});
