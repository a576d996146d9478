/**
 * Availability, claims, alerts and audit in a real Chromium: every order given by keyboard, and every number as the API has it.
 *
 * `PAGE_PICTURES=FOLDER` keeps a picture of each page in each look.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { lastMonth } from '../src/cli/demo-claim.ts';
import type { ClaimAnswer } from '../src/control/claim-schemas.ts';
import type { SlaAnswer } from '../src/control/sla-schemas.ts';
import { get } from '../test/app/calls.ts';
import { draftLastMonth, order, type ClaimMonth } from '../test/app/claim-month.ts';
import { startApp, type StartedApp } from '../test/app/start-app.ts';
import { noteErrors, openPageBrowser } from './page-browser.ts';
import { LOOKS, PICTURES, violationsOf } from './readable.ts';

let started: StartedApp;
let claim: ClaimMonth;
let browser: Browser;
let receiver: Server;
let page: Page;
const received: string[] = [];
let errors: string[] = [];
beforeAll(async () => {
  receiver = createServer((request, response) => {
    request.on('data', (piece: Buffer) => void received.push(piece.toString()));
    request.on('end', () => response.writeHead(request.url === '/broken' ? 500 : 200).end());
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => receiver.once('listening', resolve));
  const { port } = receiver.address() as AddressInfo;
  started = await startApp({
    config: {
      alerts: {
        channels: [
          { name: 'ops', type: 'webhook', url: `http://127.0.0.1:${port}/` },
          { name: 'broken', type: 'webhook', url: `http://127.0.0.1:${port}/broken` },
        ],
      },
      claims: {
        claimant: {
          company: 'Film & Co',
          accountId: 'acct-42',
          contact: 'ann@example.com',
          signatory: 'Ann',
        },
        fees: { [lastMonth(Date.now())]: { amount: '1200', currency: 'USD', source: 'INV-7' } },
      },
    },
  });
  claim = await draftLastMonth(started);
  browser = await openPageBrowser();
});
afterEach(async () => {
  await page.context().close();
  const found = errors;
  errors = [];
  expect(found).toEqual([]);
});
afterAll(async () => {
  await browser.close();
  await started.stop();
  receiver.closeAllConnections();
  receiver.close();
});

/** Opens a page; every error of its console fails the test. */
async function open(path: string, options: BrowserContextOptions = { locale: 'en-GB' }): Promise<void> {
  const context = await browser.newContext(options);
  page = await context.newPage();
  noteErrors(page, errors, /\b40[01]\b/);
  await page.goto(started.controlUrl + path);
}

/** Opens a folded order in a section, and fills its fields in, by keyboard; an empty text leaves a field as it is.
 * Says whether the token was asked for. */
async function give(section: string, name: string, values: readonly string[]): Promise<boolean> {
  await page.evaluate('document.querySelector("p.said")?.remove()');
  const summary = page.locator(`#${section} summary`, { hasText: new RegExp(`^${name}$`) }).first();
  await summary.focus();
  if (!(await page.evaluate('document.activeElement.parentElement.open'))) await page.keyboard.press('Enter');
  const field = () => page.evaluate<string | null>('document.activeElement.name ?? null');
  for (const value of values) {
    // A day has a stop for each of its parts.
    for (const last = await field(); (await field()) === last;) await page.keyboard.press('Tab');
    await page.keyboard.type(value);
  }
  await page.keyboard.press('Enter');
  const dialog = page.locator('#token[open]');
  const said = page.locator('p.said, form.order output:not(:empty)');
  await dialog.or(said).first().waitFor();
  const isAsked = await dialog.isVisible();
  if (isAsked) {
    await page.keyboard.type(started.token);
    await page.keyboard.press('Enter');
    await said.first().waitFor();
  }
  return isAsked;
}

const said = (): Promise<string> => page.locator('p.said').innerText();
const audit = async (): Promise<string[]> => {
  const { json } = await get(`${started.controlUrl}/v1/audit?actor=Ann`, {
    authorization: `Bearer ${started.token}`,
  });
  const { audit: rows } = json as unknown as { audit: { action: string; reason: string }[] };
  // Drafts follow what is said about a month.
  return rows
    .filter(({ action }) => !action.startsWith('claim.'))
    .map(({ action, reason }) => `${action} ${reason}`);
};

test('the map is one stop of the keyboard: arrow keys go from window to window, and Enter opens the calls', async () => {
  await open(`/page/availability?month=${claim.month}`);
  const links = page.locator('#map svg a');
  expect(await links.count()).toBe(20);
  expect(await page.locator('#map svg a[tabindex="0"]').count()).toBe(1);
  await links.first().focus();
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowRight');
  const name = await page.evaluate<string>('document.activeElement.getAttribute("aria-label")');
  expect(name).toMatch(/00:10 – 00:15 Asia\/Shanghai: 1 of 1 failed$/);
  expect(await page.locator('#map .map-said').innerText()).toBe(name);
  await page.keyboard.press('End');
  expect(
    await page.evaluate<number>(
      '[...document.querySelectorAll("#map svg a")].indexOf(document.activeElement)',
    ),
  ).toBe(19);
  await page.keyboard.press('Home');
  await page.keyboard.press('Tab');
  expect(await page.evaluate('document.activeElement.closest("svg")')).toBeNull();
  await page.keyboard.press('Shift+Tab');
  await page.keyboard.press('Enter');
  await page.waitForURL(/\/page\/calls\?counted=error&month=\d{4}-\d{2}&from=/);
  expect(await page.locator('#calls tbody tr').count()).toBe(1);
});

test('a span is excluded, withdrawn, and somebody is blamed, by keyboard', async () => {
  const of = async (): Promise<SlaAnswer> =>
    (await get(`${started.controlUrl}/v1/sla/${claim.month}`)).json as unknown as SlaAnswer;
  const day = (hour: string): string => `${claim.month}-10T${hour}+08:00`;
  await open(`/page/availability?month=${claim.month}`);
  await give('exclude', 'Exclude', [day('00:00'), day('00:10'), '2.2(i', 'their mail', 'Ann']);
  expect(await said()).toBe('Done.');
  expect((await of()).requests.excluded).toBe(2);
  await page.locator('#exclude tbody', { hasText: 'their mail' }).waitFor();
  await give('exclude', 'Withdraw', ['a mistake', 'Ann']);
  await page.locator('#exclude', { hasText: 'Nothing is excluded.' }).waitFor();
  expect((await of()).requests.excluded).toBe(0);
  await give('blame', 'Say who failed', [day('00:00'), day('01:00'), 'ours', 'our firewall', 'Ann']);
  await page.locator('#blame tbody', { hasText: 'our firewall' }).waitFor();
  expect(await audit()).toEqual([
    'sla.blame our firewall',
    'sla.withdraw a mistake',
    'sla.exclude their mail',
  ]);
  // A window's own link opens the form with its span, and the tab keeps the token.
  await page.locator('#worst').getByRole('link', { name: 'Exclude' }).first().click();
  await page.waitForURL(/from=.*#exclude$/);
  await page.locator('#exclude details[open] input[name=from][value]').waitFor();
  expect(await give('exclude', 'Exclude', ['', '', '', 'their page', 'Ann'])).toBe(false);
  await page.locator('#exclude tbody', { hasText: 'their page' }).waitFor();
  await give('exclude', 'Withdraw', ['a mistake', 'Ann']);
  await page.locator('#exclude', { hasText: 'Nothing is excluded.' }).waitFor();
  // What the API refuses is said at the form, and nothing is lost.
  await page.locator('#exclude input[name=from]').fill('');
  await give('exclude', 'Exclude', ['yesterday', '', '', 'x', 'Ann']);
  await page.locator('#exclude output', { hasText: 'an instant' }).waitFor();
});

test('a claim is drafted, filed, granted, and its folder kept as an archive, by keyboard', async () => {
  const of = async (): Promise<ClaimAnswer['claims'][number] | undefined> =>
    ((await get(`${started.controlUrl}/v1/claims/${claim.month}`)).json as unknown as ClaimAnswer).claims[0];
  await open(`/page/claims/${claim.month}`);
  await give('month', 'Draft again', ['a look', 'Ann']);
  expect(await said()).toContain('a voucher of 120.00 USD');
  await give('claim', 'Mark', ['filed', 'T-1', '', '', '', 'sent by mail', 'Ann']);
  expect(await of()).toMatchObject({ state: 'filed', ticket: 'T-1', granted: null });
  await give('claim', 'Mark', ['granted', '', '120.00', 'CODE-1', '', 'their mail', 'Ann']);
  expect(await of()).toMatchObject({ state: 'granted', ticket: 'T-1', granted: 120, voucherCode: 'CODE-1' });
  await page.locator('#claim', { hasText: 'CODE-1' }).waitFor();
  // Nothing follows a grant but more details.
  expect(await page.locator('#claim select[name=state] option').allTextContents()).toEqual(['granted']);
  // With the token in the tab, the script loads the file; without it, the browser does.
  for (const isFresh of [false, true]) {
    if (isFresh) await open(`/page/claims/${claim.month}`);
    const link = page.locator('#claim a[download]');
    await link.focus();
    const [download] = await Promise.all([page.waitForEvent('download'), page.keyboard.press('Enter')]);
    expect(download.suggestedFilename()).toMatch(new RegExp(`^kling-claim-${claim.month}-r\\d+\\.zip$`));
    const path = await download.path();
    expect(execFileSync('python3', ['-m', 'zipfile', '-l', path]).toString()).toContain('claim.zh.html');
  }
});

test('each channel is tested, a rule is silenced and its silence ended, by keyboard', async () => {
  await open('/page/alerts');
  await give('channels', 'Send a test to all channels', ['is it heard?', 'Ann']);
  expect(await said()).toMatch(/^1 of 2 took the test; broken: /);
  expect(received.join('')).toContain('channel_test');
  await page.locator('#channels tbody tr', { hasText: 'ops' }).getByText('taken').waitFor();
  await give('silences', 'Silence a rule', ['tasks_st', '2h', 'we know', 'Ann']);
  await page.locator('#silences tbody', { hasText: 'we know' }).waitFor();
  await give('silences', 'End the silence', ['it is over', 'Ann']);
  await page.locator('#silences', { hasText: 'No rule is silenced.' }).waitFor();
});

test('the audit has filters, and each value leads to its like', async () => {
  await open('/page/audit?action=sla.exclude');
  await page.locator('#token[open]').waitFor();
  await page.keyboard.type(started.token);
  await page.keyboard.press('Enter');
  await page.locator('#audit tbody tr').first().waitFor();
  // One from each way to the form.
  expect(await page.locator('#audit tbody tr').count()).toBe(2);
  await page.locator('#audit').getByRole('link', { name: 'Ann' }).first().click();
  await page.locator('#audit tbody', { hasText: 'we know' }).waitFor();
  expect(page.url()).toMatch(/actor=Ann$/);
  await page.locator('input[name=action]').fill('sla.blame');
  await page.keyboard.press('Enter');
  await page.waitForURL(/action=sla\.blame/);
  await page.locator('#audit tbody', { hasText: 'our firewall' }).waitFor();
  expect(await page.locator('#audit tbody tr').count()).toBe(1);
});

test.each(LOOKS)(
  'every page is readable by everybody: %s',
  async (look, options) => {
    await order(started, '/v1/exclusions', {
      from: new Date(claim.outageAt).toISOString(),
      to: new Date(claim.outageAt + 600_000).toISOString(),
      clause: '2.2(i)',
      source: 'their mail',
    });
    const pages = [
      ['availability', `/page/availability?month=${claim.month}`],
      ['availability-now', '/page/availability'],
      ['claims', '/page/claims'],
      ['claim', `/page/claims/${claim.month}`],
      ['alerts', '/page/alerts?rule=tasks_stuck'],
    ] as const;
    for (const [name, path] of pages) {
      if (name !== 'availability') await page.context().close();
      await open(path, options);
      const wide = await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth');
      expect([name, wide <= 0]).toEqual([name, true]);
      await page.evaluate(`for (const each of document.querySelectorAll('details')) each.open = true`);
      expect([name, await violationsOf(page)]).toEqual([name, []]);
      if (PICTURES) {
        mkdirSync(PICTURES, { recursive: true });
        await page.screenshot({ path: join(PICTURES, `${name}-${look}.png`), fullPage: true });
      }
    }
  },
  120_000,
);
