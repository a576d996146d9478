/**
 * Deadlines of claims as facts: a draft that may be filed, a draft whose time runs out, a missed one, a voucher
 * that ends.
 *
 * **Invariant**: each notice of a month is reported once; if several are due together, only the gravest. A month
 * with a filed revision or a withdrawn draft gets no more reminders. The outbox's keys remember what was reported.
 */
import type { Fact } from '../facts.ts';
import { deadlineKey } from '../outbox/heard-facts.ts';
import { defineFactWrite, isKeyTaken, takeKey } from '../outbox/outbox-table.ts';
import { daysBetween } from '../sla/period.ts';
import type { Migration, Tx } from '../store/operation.ts';
import type { Ms } from '../units.ts';
import { listClaims } from './claim-table.ts';
import { currentRevision, type Claim, type ClaimState } from './claim.ts';

export const noticeMigrations: readonly Migration[] = [
  {
    id: '061-claim-notices',
    sqlite: `
CREATE TABLE claim_notices (
  month TEXT NOT NULL,
  notice TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (month, notice)
) STRICT, WITHOUT ROWID;
`,
  },
  {
    id: '102-claim-notices-in-outbox',
    sqlite: `
INSERT INTO outbox_keys (key, at)
SELECT 'claim_deadline:' || month || ':' || notice, at FROM claim_notices;
DROP TABLE claim_notices;
`,
  },
];

/** Days before the last day on which an unfiled draft is reported again, once on each. */
const URGED_DAYS = [14, 3, 1] as const;
/** Days before a voucher's end on which the end is reported. */
const VOUCHER_DAYS = 14;

/** A claim in one of these states was sent or given up: no reminder is needed. */
const WAS_FILED: readonly ClaimState[] = ['filed', 'acknowledged', 'granted', 'rejected', 'expired'];

type ClaimDeadline = Extract<Fact, { kind: 'claim_deadline' }>;

/** A notice that is due; the outbox remembers it by its `name`. */
interface Notice {
  name: string;
  step: ClaimDeadline['step'];
  daysLeft: number;
}

/** Gives the notices that are due by a day, `YYYY-MM-DD` in the agreement's zone, and were not reported yet. */
export const noteDeadlines = defineFactWrite(
  'claims.noteDeadlines',
  async (tx: Tx, args: { today: string; at: Ms }): Promise<{ facts: ClaimDeadline[] }> => {
    const facts: ClaimDeadline[] = [];
    // Newest month and revision first: the first of a month is its last revision.
    const claims = await listClaims.run(tx, { month: null });
    for (const month of new Set(claims.map((claim) => claim.month))) {
      const revisions = claims.filter((claim) => claim.month === month);
      const fact = await noteMonth(tx, revisions, args);
      if (fact) facts.push(fact);
    }
    return { facts };
  },
  { scope: 'exclusive' },
);

async function noteMonth(
  tx: Tx,
  revisions: readonly Claim[],
  { today, at }: { today: string; at: Ms },
): Promise<ClaimDeadline | null> {
  const last = currentRevision(revisions);
  if (!last) return null;
  const isUrgent = last.state === 'draft' && !revisions.some(({ state }) => WAS_FILED.includes(state));
  const due = [...(isUrgent ? draftNotices(last, today) : []), ...voucherNotices(revisions, today)];
  const fresh: Notice[] = [];
  for (const notice of due) {
    if (!(await isKeyTaken(tx, deadlineKey(last.month, notice.name)))) fresh.push(notice);
  }
  const gravest = fresh.pop();
  if (!gravest) return null;
  // The outbox row of the gravest notice records its key.
  for (const { name } of fresh) await takeKey(tx, deadlineKey(last.month, name), at);
  const { month, revision, percent, asked, currency, earliest, latest, folder } = last;
  const { step, name: notice, daysLeft } = gravest;
  const claim = { month, revision, percent, asked, currency, earliest, latest, folder };
  return { kind: 'claim_deadline', step, notice, daysLeft, ...claim, at };
}

/** Lists what is due of a draft, the gravest last. */
function draftNotices({ earliest, latest }: Claim, today: string): Notice[] {
  const daysLeft = daysBetween(today, latest);
  if (daysLeft < 0) return [{ name: 'missed', step: 'missed', daysLeft }];
  if (today < earliest) return [];
  const urged = URGED_DAYS.filter((days) => daysLeft <= days);
  return [
    { name: 'open', step: 'open', daysLeft },
    ...urged.map((days) => ({ name: `due_${days}`, step: 'due' as const, daysLeft })),
  ];
}

function voucherNotices(revisions: readonly Claim[], today: string): Notice[] {
  const granted = revisions.find(
    ({ state, voucherExpires }) => state === 'granted' && voucherExpires !== null,
  );
  const daysLeft = daysBetween(today, granted?.voucherExpires ?? '');
  return daysLeft >= 0 && daysLeft <= VOUCHER_DAYS
    ? [{ name: 'voucher_ends', step: 'voucher_ends', daysLeft }]
    : [];
}
