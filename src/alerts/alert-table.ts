/**
 * Takes the rules' findings: compares them with the open alerts and writes, in one transaction, which alerts begin, continue
 * and end, with a waiting delivery for each channel.
 *
 * An alert is `open` until its end is found; a notice is over as soon as it is written. An alert that is found again within
 * `groupMs` after its end is opened again if no channel was sent the end, so that quick changes are one alert. While
 * a silence or a stronger alert keeps an alert back, it is recorded and not sent; if it is still open afterwards, it is sent
 * then. An alert whose rule is switched off ends without a message.
 *
 * **Invariant**: the same findings again change nothing. A notice or period begins once, even if it is found again. A channel
 * is sent the end of an alert only if it was sent its beginning.
 */
import { defineRead, defineWrite, type Tx } from '../store/operation.ts';
import type { Ms } from '../units.ts';
import type { AlertStatus, AlertValues, Finding, Findings, OpenAlert } from './alert.ts';
import * as rows from './alert-rows.ts';
import { applyChannels } from './channel-table.ts';
import * as events from './event-table.ts';
import { alertFingerprint } from './fingerprint.ts';
import { INHIBITION_TAIL_MS, inhibitedBy, inhibitorsOf } from './inhibition.ts';
import { ruleDefault, RULE_WORDS, type RuleWord, type Severity } from './rule-words.ts';
import type { AlertSettings } from './settings.ts';
import { silencedRules } from './silence-table.ts';

type AlertRow = rows.AlertRow;

export interface TakeFindingsArgs {
  at: Ms;
  findings: Findings;
  settings: AlertSettings;
  /** The fact of the outbox with these findings: a fact that was taken before changes nothing. */
  factId?: number | null;
}

export interface FindingsTaken {
  /** The channels with new waiting events. */
  channels: string[];
  /** Events that were recorded and not sent: the rule, and a channel that would have got it. */
  keptBack: { rule: RuleWord; channel: string }[];
  /** Alerts that began, including notices, sent or not. */
  began: ChangedAlert[];
  /** Alerts that are over, sent or not. */
  ended: ChangedAlert[];
}

/** An alert that began or ended. */
export interface ChangedAlert extends OpenAlert {
  fingerprint: string;
  severity: Severity;
}

/** One run of {@link takeFindings}. */
interface Taking {
  tx: Tx;
  at: Ms;
  settings: AlertSettings;
  /** By fingerprint. */
  open: Map<string, AlertRow>;
  silenced: ReadonlySet<RuleWord>;
  channels: Set<string>;
  keptBack: FindingsTaken['keptBack'];
  began: AlertRow[];
  ended: AlertRow[];
}

/** Takes findings; see the head of this file. */
export const takeFindings = defineWrite(
  'alerts.takeFindings',
  async (tx: Tx, args: TakeFindingsArgs): Promise<FindingsTaken> => {
    const { at, findings, settings, factId = null } = args;
    if (factId !== null && !(await rows.takeFact(tx, factId, at))) {
      return { channels: [], keptBack: [], began: [], ended: [] };
    }
    await applyChannels(tx, settings.channels, at);
    const open = new Map((await rows.selectOpen(tx)).map((row) => [row.fingerprint, row]));
    const silenced = await silencedRules(tx, at);
    const kept = { channels: new Set<string>(), keptBack: [], began: [], ended: [] };
    const taking: Taking = { tx, at, settings, open, silenced, ...kept };
    await endWhatIsOff(taking);
    const found = new Set<string>();
    // Alerts that keep others back come first.
    const strongerFirst = findings.found.toSorted(
      (a, b) => inhibitorsOf(a.rule).length - inhibitorsOf(b.rule).length,
    );
    for (const finding of strongerFirst) found.add(await takeFound(taking, finding));
    await endWhatIsOver(taking, findings, found);
    await repeatWhatIsDue(taking);
    return {
      channels: [...taking.channels].toSorted(),
      keptBack: taking.keptBack,
      began: taking.began.map(changedOf),
      ended: taking.ended.map(changedOf),
    };
  },
  { scope: 'exclusive' },
);

function changedOf(row: AlertRow): ChangedAlert {
  const { fingerprint, severity, startedAt, found } = row;
  return { ...rows.keyOf(row), fingerprint, severity, startedAt, values: JSON.parse(found) as AlertValues };
}

const knownRules: ReadonlySet<string> = new Set(RULE_WORDS);

/** Ends, without a message, alerts of rules that are switched off or that this version does not know. */
async function endWhatIsOff(taking: Taking): Promise<void> {
  const { tx, at, settings } = taking;
  for (const alert of taking.open.values()) {
    if (knownRules.has(alert.rule) && settings.rules[alert.rule].isOn) continue;
    await takeBackFiring(taking, alert);
    await rows.endAlert(tx, alert.id, Math.max(at, alert.startedAt));
    taking.open.delete(alert.fingerprint);
    taking.ended.push(alert);
  }
}

async function takeFound(taking: Taking, finding: Finding): Promise<string> {
  const { tx, settings } = taking;
  const fingerprint = alertFingerprint(finding);
  const { isOn, severity: usual } = settings.rules[finding.rule];
  if (!isOn) return fingerprint;
  const severity = finding.severity ?? usual;
  const found = JSON.stringify(finding.values);
  const open = taking.open.get(fingerprint);
  const last = open ?? (await rows.selectLast(tx, fingerprint));
  if (open || (last && (await canOpenAgain(taking, last)))) {
    const row = { ...(open ?? last), severity, found, endedAt: null } as AlertRow;
    await rows.updateAlert(tx, row.id, severity, found);
    taking.open.set(fingerprint, row);
    if (!open) await openAgain(taking, row);
    return fingerprint;
  }
  const isNew = ruleDefault(finding.rule).kind === 'condition' || (await isFirst(taking, fingerprint));
  if (isNew) await begin(taking, finding, { fingerprint, last, severity });
  return fingerprint;
}

function isFirst({ tx, at }: Taking, fingerprint: string): Promise<boolean> {
  return rows.takeAlertKey(tx, fingerprint, at);
}

/** Returns whether an alert ended so recently that no channel was sent its end. */
async function canOpenAgain({ tx, at, settings }: Taking, { id, endedAt }: AlertRow): Promise<boolean> {
  return endedAt !== null && at - endedAt < settings.groupMs && !(await events.isEndSent(tx, id));
}

/** Withdraws the end, and begins again for channels whose deliveries of beginning and end were both withdrawn. */
async function openAgain(taking: Taking, alert: AlertRow): Promise<void> {
  const { tx, at } = taking;
  await events.takeBackEnd(tx, alert.id);
  taking.began.push(alert);
  const channels = await channelsThatDoNotKnow(taking, alert);
  if (channels.length === 0) return;
  const keptBack = await keptBackBy(taking, alert.rule);
  const sentAt = keptBack === null ? at : null;
  await rows.noteSent(tx, alert.id, sentAt, keptBack);
  taking.open.set(alert.fingerprint, { ...alert, sentAt, keptBack });
  if (sentAt !== null) await addEvent(taking, alert, { status: 'firing', channels });
}

async function channelsThatDoNotKnow({ tx, settings }: Taking, alert: AlertRow): Promise<string[]> {
  const known = await events.channelsThatKnow(tx, alert.id);
  return events.channelsOf(alert.rule, settings).filter((name) => !known.includes(name));
}

async function begin(
  taking: Taking,
  finding: Finding,
  of: { fingerprint: string; last: AlertRow | undefined; severity: AlertRow['severity'] },
): Promise<void> {
  const { tx, at, settings } = taking;
  const { kind } = ruleDefault(finding.rule);
  const keptBack = await keptBackBy(taking, finding.rule);
  const channels = events.channelsOf(finding.rule, settings);
  const { last, ...rest } = of;
  const startedAt = startOf(finding.since, last, at);
  const alert = await rows.insertAlert(tx, { finding, kind, startedAt, at, keptBack, ...rest });
  taking.began.push(alert);
  if (kind !== 'notice') taking.open.set(alert.fingerprint, alert);
  await addEvent(taking, alert, { status: 'firing', channels: keptBack === null ? channels : [] });
  if (keptBack !== null) taking.keptBack.push(...channels.map((channel) => ({ rule: alert.rule, channel })));
  for (const weaker of inhibitedBy(finding.rule)) await keepBackPending(taking, weaker);
}

/** No two alerts of a fingerprint start at the same instant, even if the rule gives the same one. */
function startOf(since: Ms, last: AlertRow | undefined, at: Ms): Ms {
  const start = Math.min(since, at);
  if (!last) return start;
  return start > Math.max(last.startedAt, last.endedAt ?? 0) ? start : Math.max(at, last.startedAt + 1);
}

async function keptBackBy(taking: Taking, rule: RuleWord): Promise<rows.KeptBack | null> {
  if (taking.silenced.has(rule)) return 'silence';
  for (const stronger of inhibitorsOf(rule)) {
    if ([...taking.open.values()].some((alert) => alert.rule === stronger)) return 'inhibited';
    const endedAt = await rows.lastEndOf(taking.tx, stronger);
    if (endedAt !== null && Math.abs(taking.at - endedAt) < INHIBITION_TAIL_MS) return 'inhibited';
  }
  return null;
}

/** Keeps back alerts that a stronger alert covers, except those that one channel has already: they go to the others too. */
async function keepBackPending(taking: Taking, rule: RuleWord): Promise<void> {
  for (const alert of taking.open.values()) {
    if (alert.rule !== rule || (await events.isBegunSent(taking.tx, alert.id))) continue;
    await takeBackFiring(taking, alert, 'inhibited');
  }
}

async function takeBackFiring(
  taking: Taking,
  alert: AlertRow,
  why: rows.KeptBack | null = null,
): Promise<void> {
  const { tx } = taking;
  const taken = await events.takeBackFiring(tx, alert.id);
  if (taken === 0 || (await events.channelsThatKnow(tx, alert.id)).length > 0) return;
  await rows.noteSent(tx, alert.id, null, why);
  taking.open.set(alert.fingerprint, { ...alert, sentAt: null, keptBack: why });
}

/** Ends alerts that are reported as over, and those that are missing from a complete list. Alerts that were found continue. */
async function endWhatIsOver(taking: Taking, findings: Findings, found: ReadonlySet<string>): Promise<void> {
  const over = new Map(findings.over.map((ended) => [alertFingerprint(ended), ended.values ?? {}]));
  const complete = new Set(findings.complete);
  for (const alert of taking.open.values()) {
    const values = over.get(alert.fingerprint) ?? (complete.has(alert.rule) ? {} : null);
    if (values !== null && !found.has(alert.fingerprint)) await end(taking, alert, values);
  }
}

async function end(taking: Taking, begun: AlertRow, values: AlertValues): Promise<void> {
  const { tx, at } = taking;
  const alert = { ...begun, found: JSON.stringify({ ...JSON.parse(begun.found), ...values }) };
  const endedAt = Math.max(at, alert.startedAt);
  await rows.updateAlert(tx, alert.id, alert.severity, alert.found);
  await rows.endAlert(tx, alert.id, endedAt);
  taking.open.delete(alert.fingerprint);
  taking.ended.push(alert);
  const channels = await events.channelsThatKnow(tx, alert.id);
  if (channels.length === 0) return;
  await events.insertEvent(tx, { alert, status: 'resolved', at, endedAt, channels });
  for (const channel of channels) taking.channels.add(channel);
}

/** Repeats alerts that are open for long, and sends open ones that were kept back until now. */
async function repeatWhatIsDue(taking: Taking): Promise<void> {
  const { tx, at, settings } = taking;
  for (const alert of taking.open.values()) {
    if (!isRepeatDue(alert, at, settings.repeatMs)) continue;
    if ((await keptBackBy(taking, alert.rule)) !== null) continue;
    await rows.noteSent(tx, alert.id, at, null);
    await sendAgain(taking, alert);
  }
}

/** Sends the beginning to channels that lack it, and a repeat to the others if one is due. */
async function sendAgain(taking: Taking, alert: AlertRow): Promise<void> {
  const without = await channelsThatDoNotKnow(taking, alert);
  if (without.length > 0) await addEvent(taking, alert, { status: 'firing', channels: without });
  if (alert.sentAt === null) return;
  const channels = events.channelsOf(alert.rule, taking.settings).filter((name) => !without.includes(name));
  if (channels.length > 0) await addEvent(taking, alert, { status: 'repeat', channels });
}

/** After a clock was set back, a repeat waits at most `repeatMs`. */
function isRepeatDue({ kind, sentAt }: AlertRow, at: Ms, repeatMs: Ms): boolean {
  if (sentAt === null) return true;
  return kind === 'condition' && Math.abs(at - sentAt) >= repeatMs;
}

async function addEvent(
  taking: Taking,
  alert: AlertRow,
  { status, channels }: { status: AlertStatus; channels: readonly string[] },
): Promise<void> {
  const { tx, at } = taking;
  await events.insertEvent(tx, { alert, status, at, endedAt: null, channels });
  for (const channel of channels) taking.channels.add(channel);
}

/** Open alerts, by rule; a rule without any is absent. */
export type OpenAlertKeys = Partial<Record<RuleWord, OpenAlert[]>>;

/** Gives the keys of all open alerts with their last values, by rule, oldest first. */
export const openAlertKeys = defineRead('alerts.openKeys', async (tx: Tx): Promise<OpenAlertKeys> => {
  const keys: OpenAlertKeys = {};
  for (const row of await rows.selectOpen(tx)) {
    const values = JSON.parse(row.found) as AlertValues;
    (keys[row.rule] ??= []).push({ ...rows.keyOf(row), values, startedAt: row.startedAt });
  }
  return keys;
});
