/** How a claim was measured, for readers who check it: formula, readings, exclusions, checks, gaps, the command. */
import {
  bold,
  code,
  heading,
  list,
  paragraph,
  plainTextOf,
  say,
  table,
  toMarkdown,
  type Block,
  type Text,
} from '../markup.ts';
import { READING_NAMES } from '../sla/reading.ts';
import { termText } from '../sla/period.ts';
import type { ControlCheck } from '../sla/blame.ts';
import type { LeftOutHost } from './left-out.ts';
import type { ClaimCase } from './claim-case.ts';
import { ENGLISH, englishPrice, partName, partQuantity } from './letter-en.ts';
import { sourceText } from './letter-fee.ts';
import { formatMoney } from './money.ts';

/** Checks and gaps listed one by one; of the others only the number is given. */
const LISTED_MAX = 200;

/** Writes `method.md`. */
export function writeMethod(claim: ClaimCase): string {
  const section = (title: string, blocks: readonly Block[]): Block[] => [
    heading(2, say`${title}`),
    ...blocks,
  ];
  return toMarkdown([
    heading(1, say`How availability in ${claim.evidence.measured.month} was measured`),
    ...section('The text', [list(agreementText(claim))]),
    ...section('The formula', FORMULA),
    ...section('The readings', readings(claim)),
    ...section('What counts as what', [list(classes(claim))]),
    ...section('Exclusions', exclusions(claim)),
    ...section('Control checks and blame', blame(claim)),
    ...section('Clocks', [paragraph(clocks(claim))]),
    ...section('Gaps', gaps(claim)),
    ...section('Whose month', [paragraph(zones(claim))]),
    ...section('The fee', fee(claim)),
    ...section('To reproduce', [list(reproduce(claim))]),
  ]);
}

function agreementText({ agreement, evidence }: ClaimCase): Text[] {
  const source = {
    config: 'as configured',
    packs: `by the dates of the packs bought: ${evidence.measured.terms.map(termText).join(', ')}`,
    none: 'whole calendar months, as no term and no pack is known that begins or ends here',
  };
  const { period } = evidence;
  const tiers = agreement.tiers.map((tier) => `below ${tier.below} %: ${tier.percent} % of the fee`);
  return [
    say`Agreement: ${agreement.name}, in force on ${period.firstDay ?? '-'}; SHA-256 of its text: ${code(agreement.textSha256)}`,
    say`Commitment ${agreement.commitment} %; tiers: ${tiers.join('; ')}; cap ${agreement.capPercent} %.`,
    say`Service period (1.1): ${period.firstDay ?? '-'} to ${period.lastDay ?? '-'}, both inclusive, ${period.days} days, zone ${period.timeZone}; terms: ${source[period.termSource]}.`,
  ];
}

const FORMULA: Block[] = [
  paragraph(
    say`Availability = (1 − Σ error rate of each 5-minute window ÷ number of windows) × 100 % (2.1).`,
  ),
  list([
    say`Error rate of a window = error requests ÷ valid requests in it (1.4); a window without valid requests adds 0.`,
    say`Number of windows = 12 × 24 × days of the period, the text’s own number, whatever daylight saving does to a day. Where the zone changes its clock within the period, the period has more or fewer real windows (12 for an hour). All counts of windows (with requests, with errors, without a recorder) are of real ones; only the sum is divided by the text’s number. Should the sum be larger than that number, availability is 0 %: it is never below 0 % nor above 100 %.`,
    say`Windows are 300 s from 1970-01-01T00:00:00Z; an attempt belongs to the window in which it began.`,
    say`Sums and comparisons are exact fractions of integers; text is rounded down to six places, rates in ${code('windows.csv')} to nine: adding those up may come out a few billionths lower.`,
  ]),
];

function readings({ evidence, principal, withoutMaintenance }: ClaimCase): Block[] {
  const rows = READING_NAMES.map((name) => {
    const reading = evidence.measured.readings[name];
    const { errors, valid, windows, sumErrorRates, availability, compensationPercent } = reading;
    const marked = name === principal.reading ? say`${bold(name)} (claimed)` : say`${name}`;
    const cells = [reading.title, errors, valid, windows, sumErrorRates, availability ?? '-'];
    return [marked, ...cells.map((cell) => say`${cell}`), say`${compensationPercent} %`];
  });
  const { availability: without, percent: worth } = withoutMaintenance.principal;
  const shown = table(
    ['Reading', 'Meaning', 'Errors', 'Valid', 'Divided by', 'Σ', 'Availability %', 'Of the fee'].map(
      (title) => say`${title}`,
    ),
    rows,
  );
  if (evidence.measured.requests.maintenance === 0) return [shown];
  const note = say`${principal.reading} without the answers of code 5001 as errors: ${without} %, ${worth} % of the fee.`;
  return [shown, paragraph(note)];
}

function classes({ evidence }: ClaimCase): Text[] {
  const { requests } = evidence.measured;
  return [
    say`Answered: ${requests.answered}, of them 5xx: ${requests.serverErrors} (code 5001: ${requests.maintenance}). 4xx and 429 are valid and no errors; a task that ends as failed was answered 200 and is no error. An answer whose body broke off counts by its status line, which Kling's own log shows.`,
    say`Never arrived (name, connection or TLS failed before the request was sent): ${requests.unreachableUpstream} through the upstream's fault, ${requests.unreachableLocal} through our own, ${requests.unreachableUnknown} unknown.`,
    say`Sent, then reset or timed out: ${requests.noAnswer}; given up by us: ${requests.aborted}. In no reading.`,
    say`Of all attempts, ${requests.bySidecar} were made by the recorder itself (${requests.byProbe} to look into windows without traffic), ${requests.retries} were second or later attempts. Requests that the recorder refused on its own never appear.`,
    ...otherHosts(evidence.leftOut),
  ];
}

/** Their number alone: the documents go to the vendor, who must not learn our other hosts. */
function otherHosts(leftOut: readonly LeftOutHost[]): Text[] {
  const total = leftOut.reduce((sum, { calls }) => sum + calls, 0);
  return total === 0 ? [] : [say`Requests to other hosts, which are no part of the claim: ${total}.`];
}

function exclusions({ evidence }: ClaimCase): Block[] {
  const { exclusions: inForce, requests } = evidence.measured;
  const considered = paragraph(
    say`Considered: 1.2(i)-(iii) and 2.2(i)-(x). An exclusion is entered where a notice or a finding supports it, with its source; none is assumed. Its errors leave the numerator, its answers stay valid requests. Answers of code 5001 alone are no notice given in advance and stay errors; the reading withoutMaintenance shows the month without them.`,
  );
  if (inForce.length === 0) return [considered, paragraph(say`None was entered for this period.`)];
  const head = ['From', 'To (exclusive)', 'Clause', 'Source', 'Entered by', 'Entered at'];
  const rows = inForce.map((one) => [one.start, one.end, one.clause, one.source, one.actor, one.at]);
  return [
    considered,
    table(
      head.map((title) => say`${title}`),
      rows.map((row) => row.map((cell) => say`${cell}`)),
    ),
    paragraph(say`Errors left out: ${requests.excluded}.`),
  ];
}

function blame({ evidence, lost }: ClaimCase): Block[] {
  const { checks, corrections } = evidence;
  const { byCheck, byRecorder, byOperator } = lost;
  const reached = checks.filter((check) => check.reached).length;
  const items = [
    ...checks.slice(0, LISTED_MAX).map(checkLine),
    ...restLine(checks.length),
    ...corrections.map(
      (one) =>
        say`corrected to ${one.blame}: ${iso(one.start)} to ${iso(one.end)}, by ${one.actor} at ${iso(one.at)}: ${one.source}`,
    ),
  ];
  return [
    paragraph(
      say`When an attempt cannot reach Kling, independent addresses are asked for a TCP connection, at most every 30 s. One that accepts makes a failed connection the upstream’s fault; none, though one did within the hour before, makes it ours; else it stays unknown and is not claimed. A name that was not resolved is the upstream’s fault only where another name resolves as well. A failed TLS handshake, a proxy of ours and a lack of connections of our own are never blamed on the upstream by a check. An operator’s correction overrides all of that and names its source.`,
    ),
    paragraph(
      say`Checks in the period: ${checks.length}, of them ${reached} reached an address. Of the requests blamed on the upstream, ${byCheck} follow from a check, ${byRecorder} from what the program that recorded them said (imported), ${byOperator} from an operator's correction.`,
    ),
    ...(items.length > 0 ? [list(items)] : []),
  ];
}

function restLine(count: number): Text[] {
  return count > LISTED_MAX ? [say`and ${count - LISTED_MAX} more`] : [];
}

function checkLine(check: ControlCheck): Text {
  const targets = check.detail.map(
    ({ target, reached, cause }) => `${target} ${reached ? 'reached' : (cause ?? 'failed')}`,
  );
  return say`${iso(check.at)}: ${targets.join(', ')}`;
}

function clocks({ evidence }: ClaimCase): Text {
  const { answers, minMs, maxMs, meanMs } = evidence.clockOffset;
  if (answers === 0)
    return say`In the windows with errors our clock was not compared with a ${code('Date')} header of Kling’s; the times are the recorder’s clock’s.`;
  return say`Kling's ${code('Date')} header less our clock, over ${answers} answers in the windows with errors: from ${minMs ?? 0} ms to ${maxMs ?? 0} ms, mean ${meanMs ?? 0} ms (the header counts whole seconds).`;
}

function gaps({ evidence, recorded }: ClaimCase): Block[] {
  const { gaps: all, windows } = evidence.measured;
  if (all.length === 0) return [paragraph(say`The recorder ran in every window of the period.`)];
  const items = all
    .slice(0, LISTED_MAX)
    .map((gap) => say`${gap.start} to ${gap.end}: ${gap.windows} windows`);
  return [
    paragraph(
      say`In ${windows.notObserved} windows the recorder did not run. For ${recorded.byOthers} of them requests that other programs of the claimant recorded were imported; of the other ${recorded.byNobody} there is no record: they add nothing to the sum and are still counted in the number of windows, to the claimant's disadvantage.`,
    ),
    list([...items, ...restLine(all.length)]),
  ];
}

function zones({ evidence }: ClaimCase): Text {
  const { warnings, timeZone } = evidence.measured;
  return warnings.length === 0
    ? say`Months are those of ${timeZone}. In UTC and in UTC+8 the tier is the same.`
    : say`Months are those of ${timeZone}. ${warnings.join(' ')}`;
}

function fee({ fee: picked, settings }: ClaimCase): Block[] {
  if (!picked) return [paragraph(say`No source says what the service cost in the period.`)];
  const { source, amount, currency } = picked;
  const explained = plainTextOf(sourceText(picked, ENGLISH));
  const isEntered = source.kind !== 'billing' || settings.packPrices.length > 0;
  const note = isEntered ? '' : ' No price of a pack was entered.';
  const from = paragraph(say`${formatMoney(amount, currency)}: ${explained}.${note}`);
  if (source.kind !== 'billing' || source.parts.length === 0) return [from];
  const rows = source.parts.map((part) => [
    say`${partName(part)}`,
    say`${partQuantity(part)}`,
    say`${part.rows}`,
    say`${part.amount === null ? '-' : formatMoney(part.amount, currency)}`,
    say`${englishPrice(part)}`,
  ]);
  const head = ['Pack or purse', 'Deducted', 'Rows', 'Worth', 'Price'].map((title) => say`${title}`);
  return [from, table(head, rows)];
}

function reproduce({ evidence }: ClaimCase): Text[] {
  const { month, digest } = evidence.measured;
  return [
    say`From the store: ${code(`kling-sidecar sla verify ${month}`)} (windows against the journal), ${code(`kling-sidecar sla report ${month} --format json`)}, ${code(`kling-sidecar claim draft ${month}`)} (the same bytes again).`,
    say`From these files: add up ${code('received_error_rate')} (or ${code('contract_error_rate')}) in ${code('windows.csv')}, divide by the number of windows, subtract from 1. ${code('sha256sum -c manifest.sha256')} checks the files.`,
    say`Digest of everything the numbers follow from: ${code(digest)}`,
  ];
}

function iso(at: number): string {
  return new Date(at).toISOString();
}
