import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BillingRow, Pack } from '../../src/account/account.ts';
import { recordDeductions, recordPacks, recordRead } from '../../src/account/account-table.ts';
import { applyBudgets } from '../../src/budget/budget-table.ts';
import { recordDraft } from '../../src/claims/claim-table.ts';
import { systemClock } from '../../src/clock.ts';
import { STORE_READER } from '../../src/cli/offline.ts';
import { admit } from '../../src/ledger/admit.ts';
import { closeCreate } from '../../src/ledger/close.ts';
import { addDays, addMonths, dayOf } from '../../src/sla/period.ts';
import { openStore } from '../../src/store/sqlite/open-store.ts';
import { newHold, rule } from '../ledger/making.ts';
import { openLedger } from '../outbox/test-ledger.ts';
import { cli, type CliRun } from './run-cli.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const now = systemClock.now();
const ZONE = 'Asia/Shanghai';
const today = dayOf(now, ZONE);
const MONTH = addMonths(today.slice(0, 7), -1);

let folder: string;
let file: string;
const run = (...args: string[]): Promise<CliRun> =>
  cli(args, { cwd: folder, env: { KLING_API_KEY: 'a-key-for-tests' } });
/** Runs it, and gives the lines of a thing. */
async function examine(code = 0): Promise<(name: string) => string[]> {
  const done = await run('doctor');
  expect(done).toMatchObject({ code, err: '' });
  const lines = done.out.split('\n');
  return (name) => lines.filter((line) => line.slice(6).startsWith(`${name} `));
}
const configure = (config: object): Promise<void> =>
  writeFile(path.join(folder, 'sidecar.config.json'), JSON.stringify({ control: { port: 1 }, ...config }));

const pack = (over: Partial<Pack>): Pack => ({
  id: 'p-1',
  name: 'Video-100Units-5Con-3Months',
  kind: 'decreasing_total',
  total: 100_000_000,
  remaining: 90_500_000,
  purchasedAt: null,
  effectiveAt: now - 60 * DAY,
  invalidAt: now + 3.5 * DAY,
  status: 'online',
  ...over,
});
const deduction = (taskId: string, at: number, over: Partial<BillingRow> = {}): BillingRow => ({
  wallet: 'package',
  taskId,
  at,
  before: 90_000_000,
  amount: 1_000_000,
  packId: 'p-1',
  product: 'video',
  cashType: null,
  currency: null,
  apiKeyName: 'staging',
  ...over,
});

/** A store as a sidecar leaves it: a task that is known, a hold in doubt, an account that was read. */
async function fill(): Promise<void> {
  const workers = { reader: STORE_READER, writer: new URL('../../src/app/store-writer.ts', import.meta.url) };
  const store = await openStore({ path: file, clock: systemClock, workers });
  const ledger = openLedger(store);
  await store.write(applyBudgets, { rules: [rule()], at: now - 5 * DAY });
  for (const [id, at] of [
    ['h1', now - 5 * DAY],
    ['h2', now - 3 * HOUR],
  ] as const) {
    await ledger.run(admit, { hold: newHold(id, { at }), guard: null, enforce: true });
  }
  const sighting = {
    taskId: 't-ours',
    externalTaskId: null,
    state: 'submitted',
    statusMessage: null,
    updatedAt: null,
    createdAt: null,
    deduction: null,
    results: [],
  } as const;
  const end = { calls: [], answer: null };
  await ledger.run(closeCreate, {
    ...end,
    holdId: 'h1',
    at: now - 5 * DAY,
    end: { kind: 'task', sighting: { ...sighting, results: [] } },
  });
  await ledger.run(closeCreate, {
    ...end,
    holdId: 'h2',
    at: now - 3 * HOUR,
    end: { kind: 'unknown', evidence: 'HTTP 500' },
  });
  const packs = [
    pack({}),
    pack({ id: 'p-2', name: 'Image-10Units', remaining: 0, status: 'runOut', invalidAt: now + 90 * DAY }),
    pack({ id: 'p-0', name: 'Old', status: 'expired', invalidAt: now - DAY }),
  ];
  await store.write(recordPacks, { packs, at: now - HOUR });
  const deductions = [
    deduction('t-ours', now - 5 * DAY),
    deduction('t-before-us', now - 6 * DAY),
    deduction('t-fresh', now - HOUR / 2),
  ];
  await store.write(recordDeductions, { deductions });
  for (const what of ['package', 'balance'] as const) {
    await store.write(recordRead, {
      what,
      readAt: now - HOUR,
      fromAt: now - 100 * DAY,
      throughAt: now - DAY,
    });
  }
  await store.close();
}

async function write(deductions: BillingRow[]): Promise<void> {
  const workers = { reader: STORE_READER, writer: new URL('../../src/app/store-writer.ts', import.meta.url) };
  const store = await openStore({ path: file, clock: systemClock, workers });
  await store.write(recordDeductions, { deductions });
  await store.write(recordRead, { what: 'balance', problem: 'code 1002: no right' });
  const claim = {
    month: MONTH,
    revision: 1,
    folder,
    manifest: 'm',
    reading: 'received',
    percent: 10,
    asked: 120_500_000,
    currency: 'USD',
    earliest: addDays(today, -3),
    draftedAt: now,
  } as const;
  const order = { actor: 'job', reason: 'x' };
  const ledger = openLedger(store);
  await ledger.run(recordDraft, { claim: { ...claim, latest: addDays(today, 9) }, order });
  await ledger.run(recordDraft, {
    claim: { ...claim, month: addMonths(MONTH, -1), latest: addDays(today, -1) },
    order,
  });
  await store.close();
}

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'kling-doctor-'));
  file = path.join(folder, 'data/sidecar.db');
  await configure({});
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('doctor without a running sidecar', () => {
  it('looks at what is there before the first start', async () => {
    const { out, code } = await run('doctor');
    expect(code).toBe(0);
    expect(out).toMatch(/^note {2}store +There is none at .*sidecar\.db yet\./m);
    expect(out).toMatch(/^note {2}control token +There is none yet/m);
    expect(out).toMatch(/^warn {2}sidecar +None answers at 127\.0\.0\.1:1/m);
    const bare = await cli(['doctor'], { cwd: folder });
    expect(bare.code).toBe(1);
    expect(bare.out).toMatch(/^FAIL {2}credentials +None are set: a start would be refused\./m);
    await configure({ store: { requireExisting: true } });
    expect((await examine(1))('store')[0]).toMatch(/^FAIL {2}store +.*does not exist/);
    await configure({});
  });

  it('reads the store: doubts, packs, charges of known tasks alone', async () => {
    await fill();
    const lines = await examine();
    expect(lines('ledger')).toEqual([
      expect.stringMatching(/^ok {4}ledger +2 holds, 2 entries and 2 counters agree\.$/),
    ]);
    expect(lines('doubts')).toEqual([
      expect.stringMatching(
        /^warn {2}doubts +1 hold of 10 credits: .*, the oldest for 3 hours\. They are looked up/,
      ),
    ]);
    const packs = lines('packs');
    expect(packs).toHaveLength(2);
    expect(packs.join('\n')).toMatch(
      /Video-100Units-5Con-3Months with 90\.5 of 100 units, which expire in 3 days \(\d{4}-/,
    );
    expect(packs.join('\n')).toMatch(/Image-10Units has run out\./);
    expect(lines('account')).toEqual([expect.stringMatching(/^ok {4}account .* the oldest 1 hour ago\.$/)]);
    expect(lines('other spending')).toEqual([
      expect.stringMatching(/^ok {4}other spending +Every charge from .* is of a task that/),
    ]);
    expect(lines('claims')[0]).toMatch(/^ok /);
    expect(lines('fees')[0]).toMatch(
      /^note .*no price was entered for .*Video-100Units-5Con-3Months.* 0\.014 USD a credit/,
    );
  });

  it('shows others’ spending, missing data of Kling, and claims with their last days', async () => {
    await write([
      deduction('t-a', now - 2 * DAY, { amount: 250_000 }),
      deduction('t-b', now - 2 * DAY, { amount: 8_000_000, product: 'image' }),
      deduction('t-c', now - DAY, {
        wallet: 'balance',
        amount: 1_230_000,
        product: null,
        currency: 'USD',
        cashType: 'balance',
      }),
    ]);
    let lines = await examine();
    expect(lines('other spending')[0]).toMatch(
      /^warn .*Kling charged 1\.23 USD and 8 image units and 0\.25 video units for 3 tasks .*\(such as t-c, t-b, t-a; made with the key "staging"\)\. Another program/,
    );
    expect(lines('account')[0]).toMatch(
      /^warn .*did not give the ledger of money \(last read 1 hour ago\): code 1002: no right\./,
    );
    const claims = lines('claims');
    expect(claims[0]).toMatch(
      new RegExp(`^warn .*claim of ${MONTH} \\(120\\.50 USD\\) may be filed until .*: 9 days left\\.`),
    );
    expect(claims[1]).toMatch(/^note .*never was\. Close it: claim mark \S+ expired\.$/);
    await configure({
      claims: {
        claimant: { accountId: '1', company: 'C', contact: 'c@example.com', signatory: 'Ana' },
        packs: [
          { pack: 'p-1', amount: 10 },
          { pack: 'Image-10Units', amount: 1 },
          { pack: 'Old', amount: 1 },
        ],
      },
    });
    lines = await examine();
    expect(lines('claimant')[0]).toMatch(/^ok/);
    expect(lines('fees')[0]).toMatch(/^ok .*claims\.packs has the price of every pack\.$/);
  });

  it('fails where a counter is not what its entries say, and where others may write', async () => {
    const db = new Database(file);
    db.exec('UPDATE budget_counters SET settled = settled + 1000 WHERE held > 0');
    db.close();
    const [ledger] = (await examine(1))('ledger');
    expect(ledger).toMatch(
      /^FAIL {2}ledger .* do not agree: counter \S+ has settled 1000 and held 10000, its holds say 0 and 10000/,
    );
    const json = JSON.parse((await run('doctor', '--json')).out) as {
      checks: { name: string; level: string }[];
    };
    expect(json.checks.filter(({ level }) => level === 'fail')).toMatchObject([{ name: 'ledger' }]);
    await chmod(file, 0o644);
    expect((await examine(1))('store')[0]).toMatch(/^warn .*Others may read .* Run chmod 600/);
    await chmod(file, 0o666);
    expect((await examine(1))('store')[0]).toMatch(/^FAIL .*Others may write/);
  });

  it('says where another program has the control address, and still reads the store', async () => {
    const other: Server = createServer((_request, response) => response.end('hello'));
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    await configure({ control: { port: (other.address() as AddressInfo).port } });
    const { out, code } = await run('doctor');
    other.close();
    expect(code).toBe(1);
    expect(out).toMatch(
      /^FAIL {2}sidecar +What listens at 127\.0\.0\.1:\d+ is no sidecar’s control plane\./m,
    );
    expect(out).toMatch(/^warn {2}doubts /m);
  });
});
