/** A new store that takes over what the account spends: what it waits for, and what it does not. */
import { afterEach, describe, expect, it } from 'vitest';
import { get, type Got } from '../app/calls.ts';
import type { StartOptions } from '../app/start-app.ts';
import { Account } from '../journeys/lost-store.ts';
import { advanceBy, advanceUntil, whileMoving } from '../money/hand-clock.ts';

const MINUTE = 60_000;
const VIDEO = { what: 'video', app: 'red', tag: 'blue', fails: false } as const;
const SPEECH = { ...VIDEO, what: 'speech' } as const;
const DAILY = { budgets: [{ name: 'daily', credits: 100, window: 'day' }] };
const PAIR = {
  KLING_ACCESS_KEY: 'emulator-ak',
  KLING_SECRET_KEY: 'emulator-sk-0123456789abcdef0123456789abcdef',
};

let account: Account;
let log = '';
afterEach(() => account.close());

/** An account with a video that has ended (10 credits), and the sidecar's store lost. */
async function lost(options: Pick<StartOptions, 'config' | 'env'> = {}): Promise<void> {
  account = await Account.open({ config: DAILY, ...(options.env && { env: options.env }) });
  expect((await account.create(VIDEO)).status).toBe(200);
  await account.endTasks();
}

async function restart(options: Pick<StartOptions, 'config' | 'env'> = {}): Promise<void> {
  log = '';
  const logTo = { write: (text: string) => void (log += text) };
  await account.loseStore({ ...options, logTo, config: { ...DAILY, ...options.config } });
}

const create = (what: Parameters<Account['create']>[0] = VIDEO): Promise<Got> =>
  whileMoving(account.clock, account.create(what));

async function used(): Promise<{ settled: number; held: number }> {
  const { json } = await get(`${account.app.controlUrl}/v1/budgets`);
  const [row] = (json as unknown as { budgets: { settledCredits: number; heldCredits: number }[] }).budgets;
  return { settled: row?.settledCredits ?? 0, held: row?.heldCredits ?? 0 };
}

const paths = (): string[] => account.emulator.requests().map(({ path }) => path);

describe('a new store', () => {
  it('counts a task that has ended by its deduction, and an open one by the highest price until it ends', async () => {
    await lost();
    await account.create({ ...VIDEO, what: 'newVideo' });
    await restart({ config: { budgets: [{ name: 'daily', credits: 100_000, window: 'day' }] } });
    await account.adopted();
    // 300 seconds of an avatar in professional mode.
    expect(await used()).toEqual({ settled: 10, held: 2400 });
    await account.endTasks();
    expect(await used()).toEqual({ settled: account.charged, held: 0 });
    expect(log).toContain('store_adopted');
  });

  it('holds no more for an open task than one create may cost', async () => {
    await lost();
    await account.create(VIDEO);
    await restart({ config: { creates: { maxCreditsEach: 60 } } });
    await account.adopted();
    expect(await used()).toEqual({ settled: 10, held: 60 });
  });

  it('refuses creates while Kling’s books cannot be read, says why, and goes on once they can', async () => {
    await lost();
    account.emulator.addFault({
      kind: 'http',
      status: 500,
      match: { path: '/account/billing/package' },
      times: 'always',
    });
    await restart();
    const refused = await create();
    expect(refused.status).toBe(503);
    expect(refused.json).toMatchObject({
      code: 9060,
      data: { word: 'ledger_unavailable', adoption: 'waiting' },
    });
    expect(refused.json.message).toContain('the ledger of units: HTTP 500');
    expect((await get(`${account.app.dataUrl}/v1/videos/text2video?pageNum=1&pageSize=1`)).status).toBe(200);
    expect(account.emulator.book().charges).toHaveLength(1);
    account.emulator.clearFaults();
    await account.adopted();
    expect((await create()).status).toBe(200);
    expect(await used()).toEqual({ settled: 10, held: 10 });
  });

  it('admits creates after a quarter of an hour without Kling’s books, and adopts them when they are back', async () => {
    await lost();
    account.emulator.addFault({ kind: 'http', status: 500, match: { path: '/tasks' }, times: 'always' });
    await restart();
    await advanceBy(account.clock, 14 * MINUTE, 10_000);
    expect((await create()).status).toBe(503);
    await advanceBy(account.clock, 2 * MINUTE, 10_000);
    expect((await create()).status).toBe(200);
    expect((await account.status()).adoption?.problem).toContain('HTTP 500');
    expect(log).toContain('adoption_problem');
    account.emulator.clearFaults();
    await advanceUntil(account.clock, async () => (await used()).settled === 10);
    expect(await used()).toEqual({ settled: 10, held: 10 });
  });

  it('does without a list that Kling refuses for good, and says so', async () => {
    await lost();
    const match = { path: '/account/billing/balance' };
    account.emulator.addFault({ kind: 'code', code: 1103, match, times: 'always' });
    await restart();
    await account.adopted();
    expect((await account.status()).adoption?.problem).toContain('the ledger of money (HTTP 403, code 1103)');
    expect(await used()).toEqual({ settled: 10, held: 0 });
  });

  it('lets a create pass whose credentials Kling refuses: Kling’s own answer says more', async () => {
    await lost();
    await restart({ env: { KLING_API_KEY: 'another-key' } });
    const refused = await create();
    expect([refused.status, refused.json.code]).toEqual([401, 1002]);
    expect((await account.status()).adoption?.state).toBe('waiting');
  });

  it('reads the lists of the routes with access and secret key', async () => {
    await lost({ env: PAIR });
    await account.create({ ...VIDEO, what: 'image' });
    await restart({ env: PAIR });
    await account.adopted();
    const { settled, held } = await used();
    expect(settled).toBe(10);
    expect(held).toBeGreaterThanOrEqual(6);
    await account.endTasks();
    expect(await used()).toEqual({ settled: account.charged, held: 0 });
    expect(paths().filter((path) => path === '/tasks')).toEqual([]);
  });

  it('adopts later what a ledger shows later, and none of its own creates', async () => {
    await lost();
    await account.create(SPEECH);
    await account.clock.advance(1_000);
    account.emulator.addFault({ kind: 'code', code: 1103, match: { path: '/account/billing/package' } });
    await restart();
    await account.adopted();
    expect(await used()).toEqual({ settled: 10, held: 0 });
    await create(SPEECH);
    expect(await used()).toEqual({ settled: 10.5, held: 0 });
    await account.clock.advance(MINUTE);
    await advanceUntil(account.clock, async () => (await account.status()).adoption?.problem === null);
    expect(await used()).toEqual({ settled: 11, held: 0 });
  });

  it('asks for nothing twice, and adopts nothing again, after a restart of its own', async () => {
    await lost();
    await restart();
    await account.adopted();
    await account.restart({ config: DAILY });
    await advanceBy(account.clock, 2 * MINUTE, 10_000);
    expect(await used()).toEqual({ settled: 10, held: 0 });
    await advanceUntil(account.clock, async () => (await account.status()).adoption?.state === 'done', {
      stepMs: 10 * MINUTE,
    });
    const asked = paths().length;
    await advanceBy(account.clock, 60 * MINUTE, 10 * MINUTE);
    expect(paths()).toHaveLength(asked);
  });

  it('counts what it adopted in a budget that is added later', async () => {
    await lost();
    await restart();
    await account.adopted();
    await account.app.reload({
      budgets: [
        { name: 'apps', credits: 50, window: 'day', per: 'app', match: { operation: 'text-to-video' } },
      ],
      store: { adopt: true },
    });
    expect((await account.rooms()).get('video red blue apps')).toBe(40);
  });

  it('waits for nothing in mode observe, or without a budget that refuses', async () => {
    await lost();
    account.emulator.addFault({ kind: 'http', status: 500, match: { path: '/tasks' }, times: 'always' });
    await restart({ config: { mode: 'observe' } });
    expect((await create()).status).toBe(200);
    await account.loseStore({
      config: { budgets: [{ name: 'daily', credits: 10, window: 'day', mode: 'shadow' }] },
    });
    expect((await create()).status).toBe(200);
  });

  it('is not adopted if it has had a create, or with store.adopt off', async () => {
    await lost();
    await account.restart({ config: { ...DAILY, store: { adopt: true } } });
    expect((await account.status()).adoption).toBeNull();
    await restart({ config: { store: { adopt: false } } });
    expect((await account.status()).adoption).toBeNull();
    expect((await create()).status).toBe(200);
    expect(paths().filter((path) => path.startsWith('/account/billing'))).toEqual([]);
  });

  it('is ready at once, and asks six times for an account that was never used', async () => {
    account = await Account.open({ config: { ...DAILY, store: { adopt: true } } });
    await account.adopted();
    expect((await create()).status).toBe(200);
    expect(paths().filter((path) => path === '/tasks' || path.startsWith('/account/'))).toHaveLength(6);
    expect((await account.status()).adoption).toMatchObject({ state: 'open', problem: null, heldCredits: 0 });
  });
});
