import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { claimCommands, slaCommands, type SlaCommandsDeps } from '../../src/app/sla-commands.ts';
import { listClaims } from '../../src/claims/claim-table.ts';
import { createManualClock } from '../../src/clock.ts';
import { loadConfig } from '../../src/config/config.ts';
import type { Fact } from '../../src/facts.ts';
import { listAudit } from '../../src/ledger/audit.ts';
import { journalCalls } from '../../src/sla/journal.ts';
import { createMemoryStore, type MemoryStore } from '../ledger/memory-store.ts';
import { openMemoryLedger, type TestLedger } from '../outbox/test-ledger.ts';
import { newCall, journalled } from '../sla/making.ts';

const OUTAGE = Date.UTC(2026, 9, 5, 3);
const WINDOW = 300_000;
const ORDER = { actor: 'ana', reason: 'monthly' };

let store: MemoryStore;
let folder: string;
let deps: SlaCommandsDeps;
let ledger: TestLedger;
const heard = (): Fact['kind'][] => ledger.published.map(({ kind }) => kind);
beforeEach(async () => {
  store = createMemoryStore();
  folder = await mkdtemp(join(tmpdir(), 'claim-review-'));
  ledger = openMemoryLedger(store);
  const { config } = loadConfig({ env: {}, cwd: folder });
  const reader: SlaCommandsDeps['reader'] = { read: (operation, args) => store.run(operation, args) };
  deps = {
    clock: createManualClock(Date.UTC(2026, 10, 21)),
    config: () => config,
    reader,
    writer: {
      store: { write: reader.read, background: (operation, take) => store.run(operation, take(false)) },
      ledger,
    },
  };
  const failed = Array.from({ length: 10 }, (_, n) => newCall({ at: OUTAGE + n * WINDOW, status: 500 }));
  await store.run(journalCalls, journalled(failed));
  await claimCommands(deps).draft('2026-10', ORDER);
});
afterEach(async () => {
  store.close();
  await rm(folder, { recursive: true });
});

async function states(): Promise<string[]> {
  const rows = await store.run(listClaims, { month: '2026-10' });
  return rows.map(({ revision, state }) => `r${revision} ${state}`);
}

const windows = (first: number, count: number) => ({
  start: OUTAGE + first * WINDOW,
  end: OUTAGE + (first + count) * WINDOW,
});

describe('an order that changes what counts', () => {
  it('supersedes, withdraws and restores a draft at once', async () => {
    const sla = slaCommands(deps);
    const notice = { clause: '2.2(i)', source: 'a mail' };
    await sla.exclude({ ...windows(0, 1), ...notice }, 'ana');
    expect(await states()).toEqual(['r2 draft', 'r1 superseded']);
    const { id } = await sla.exclude({ ...windows(1, 1), ...notice }, 'ana');
    expect(await states()).toEqual(['r2 withdrawn', 'r1 superseded']);
    await sla.withdraw(id, ORDER);
    expect(await states()).toEqual(['r2 draft', 'r1 superseded']);
    await sla.blame({ ...windows(20, 1), blame: 'local', source: 'our firewall' }, 'ana');
    expect(await states()).toEqual(['r3 draft', 'r2 superseded', 'r1 superseded']);
    expect(heard()).toEqual([
      'claim_drafted',
      'claim_drafted',
      'claim_withdrawn',
      'claim_drafted',
      'claim_drafted',
    ]);
  });

  it('is done though the draft cannot be written, which the audit says', async () => {
    const claims = join(folder, 'data', 'claims');
    await rename(claims, `${claims}.away`);
    await writeFile(claims, 'no folder');
    await slaCommands(deps).exclude({ ...windows(0, 1), clause: '2.2(i)', source: 'a mail' }, 'ana');
    expect(await states()).toEqual(['r1 draft']);
    const { audit } = await store.run(listAudit, { limit: 10, cursor: null });
    expect(audit[0]).toMatchObject({ action: 'claim.review', after: expect.stringContaining('failed: E') });
  });
});
