/** Silences: by an operator's order, alerts of a rule are recorded and not sent until an instant. One for each rule. */
import { recordAudit } from '../budget/audit-table.ts';
import { defineWrite, type Tx } from '../store/operation.ts';
import type { Ms } from '../units.ts';
import type { RuleWord } from './rule-words.ts';

export interface Silence {
  rule: RuleWord;
  /** Exclusive. */
  until: Ms;
  reason: string;
  actor: string;
  /** When it was ordered. */
  at: Ms;
}

/** Gives the silences in force at an instant, by rule. */
export function selectSilences(tx: Tx, at: Ms): Promise<Silence[]> {
  return tx.all<Silence>(
    'SELECT rule, until, reason, actor, at FROM alert_silences WHERE until > ? ORDER BY rule',
    at,
  );
}

/** Gives the rules that are silenced at an instant. */
export async function silencedRules(tx: Tx, at: Ms): Promise<ReadonlySet<RuleWord>> {
  return new Set((await selectSilences(tx, at)).map(({ rule }) => rule));
}

/** Silences a rule until an instant; a second silence of the rule replaces the first. */
export const silenceRule = defineWrite(
  'alerts.silence',
  async (tx: Tx, args: Silence): Promise<Silence> => {
    const before = await silenceOf(tx, args.rule, args.at);
    await tx.run(
      `INSERT INTO alert_silences (rule, until, reason, actor, at) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (rule) DO UPDATE SET until = excluded.until, reason = excluded.reason, actor = excluded.actor,
       at = excluded.at`,
      args.rule,
      args.until,
      args.reason,
      args.actor,
      args.at,
    );
    const { at, actor, rule: subject, reason } = args;
    await recordAudit(tx, {
      at,
      actor,
      action: 'alert.silence',
      subject,
      before: describe(before),
      after: describe(args),
      reason,
    });
    return args;
  },
  { scope: 'exclusive' },
);

export interface EndSilenceArgs {
  rule: RuleWord;
  reason: string;
  actor: string;
  at: Ms;
}

/** Ends a rule's silence; does nothing, without an audit row, if none is in force. */
export const endSilence = defineWrite(
  'alerts.endSilence',
  async (tx: Tx, args: EndSilenceArgs): Promise<{ wasSilenced: boolean }> => {
    const { at, actor, rule: subject, reason } = args;
    const before = await silenceOf(tx, subject, at);
    await tx.run('DELETE FROM alert_silences WHERE rule = ?', subject);
    if (!before) return { wasSilenced: false };
    await recordAudit(tx, {
      at,
      actor,
      action: 'alert.endSilence',
      subject,
      before: describe(before),
      after: describe(undefined),
      reason,
    });
    return { wasSilenced: true };
  },
  { scope: 'exclusive' },
);

async function silenceOf(tx: Tx, rule: RuleWord, at: Ms): Promise<Silence | undefined> {
  return (await selectSilences(tx, at)).find((silence) => silence.rule === rule);
}

function describe(silence: Silence | undefined): string {
  return silence
    ? `silenced until ${new Date(silence.until).toISOString()}: ${silence.reason}`
    : 'not silenced';
}
