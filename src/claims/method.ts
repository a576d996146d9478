/** How a claim was measured, for those who check it: formula, readings, exclusions, checks, gaps, the command. */
import { READING_NAMES } from '../sla/reading.ts';
import { termText } from '../sla/period.ts';
import type { ControlCheck } from '../sla/blame.ts';
import type { ClaimCase } from './claim-case.ts';
import { markdownTable } from './letter-words.ts';
import { formatMoney } from './money.ts';

/** Checks and gaps listed one by one; beyond that only their number is told. */
const LISTED_MAX = 200;

/** Writes `method.md`. */
export function writeMethod(claim: ClaimCase): string {
  const { measured } = claim.evidence;
  const sections = [
    `# How availability in ${measured.month} was measured`,
    `## The text\n\n${text(claim)}`,
    `## The formula\n\n${FORMULA}`,
    `## The readings\n\n${readings(claim)}`,
    `## What counts as what\n\n${classes(claim)}`,
    `## Exclusions\n\n${exclusions(claim)}`,
    `## Control checks and blame\n\n${blame(claim)}`,
    `## Clocks\n\n${clocks(claim)}`,
    `## Gaps\n\n${gaps(claim)}`,
    `## Whose month\n\n${zones(claim)}`,
    `## The fee\n\n${fee(claim)}`,
    `## To reproduce\n\n${reproduce(claim)}`,
  ];
  return `${sections.join('\n\n')}\n`;
}

function text({ agreement, evidence }: ClaimCase): string {
  const source = {
    config: 'as configured',
    packs: `by the dates of the packs bought: ${evidence.measured.terms.map(termText).join(', ')}`,
    none: 'whole calendar months, as no term and no pack is known that begins or ends here',
  };
  const { period } = evidence;
  return [
    `- Agreement: ${agreement.name}, in force on ${period.firstDay ?? '-'}; SHA-256 of its text: \`${agreement.textSha256}\``,
    `- Commitment ${agreement.commitment} %; tiers: ${agreement.tiers.map((tier) => `below ${tier.below} %: ${tier.percent} % of the fee`).join('; ')}; cap ${agreement.capPercent} %.`,
    `- Service period (1.1): ${period.firstDay ?? '-'} to ${period.lastDay ?? '-'}, both inclusive, ${period.days} days, zone ${period.timeZone}; terms: ${source[period.termSource]}.`,
  ].join('\n');
}

const FORMULA = [
  'Availability = (1 − Σ error rate of each 5-minute window ÷ number of windows) × 100 % (2.1).',
  '',
  '- Error rate of a window = error requests ÷ valid requests in it (1.4); a window without valid requests adds 0.',
  '- Number of windows = 12 × 24 × days of the period, the text’s own number, whatever daylight saving does to a day. Where the zone changes its clock within the period, the period has more or fewer real windows (12 for an hour). All counts of windows (with requests, with errors, without a recorder) are of real ones; only the sum is divided by the text’s number. Should the sum be larger than that number, availability is 0 %: it is never below 0 % nor above 100 %.',
  '- Windows are 300 s from 1970-01-01T00:00:00Z; an attempt belongs to the window in which it began.',
  '- Sums and comparisons are exact fractions of integers; text is rounded down to six places, rates in `windows.csv` to nine: adding those up may come out a few billionths lower.',
].join('\n');

function readings({ evidence, principal, withoutMaintenance }: ClaimCase): string {
  const rows = READING_NAMES.map((name) => {
    const reading = evidence.measured.readings[name];
    const { errors, valid, windows, sumErrorRates, availability, compensationPercent } = reading;
    const counts = [errors, valid, windows].map(String);
    const marked = name === principal.reading ? `**${name}** (claimed)` : name;
    return [marked, reading.title, ...counts, sumErrorRates, availability ?? '-', `${compensationPercent} %`];
  });
  const { availability: without, percent: worth } = withoutMaintenance.principal;
  const table = markdownTable(
    ['Reading', 'Meaning', 'Errors', 'Valid', 'Divided by', 'Σ', 'Availability %', 'Of the fee'],
    rows,
  );
  const { requests } = evidence.measured;
  if (requests.maintenance === 0) return table;
  return `${table}\n\n${principal.reading} without the answers of code 5001 as errors: ${without} %, ${worth} % of the fee.`;
}

function classes({ evidence }: ClaimCase): string {
  const { requests } = evidence.measured;
  return [
    `- Answered: ${requests.answered}, of them 5xx: ${requests.serverErrors} (code 5001: ${requests.maintenance}). 4xx and 429 are valid and no errors; a task that ends as failed was answered 200 and is no error.`,
    `- Never arrived (name, connection or TLS failed before the request was sent): ${requests.unreachableUpstream} through the upstream's fault, ${requests.unreachableLocal} through our own, ${requests.unreachableUnknown} unknown.`,
    `- Sent, then reset or timed out: ${requests.noAnswer}; given up by us: ${requests.aborted}. In no reading.`,
    `- Of all attempts, ${requests.bySidecar} were made by the recorder itself (${requests.byProbe} to look into windows without traffic), ${requests.retries} were second or later attempts. Requests that the recorder refused on its own never appear.`,
  ].join('\n');
}

function exclusions({ evidence }: ClaimCase): string {
  const { exclusions: inForce, requests } = evidence.measured;
  const considered =
    'Considered: 1.2(i)-(iii) and 2.2(i)-(x). An exclusion is entered where a notice or a finding supports it, with its ' +
    'source; none is assumed. Its errors leave the numerator, its answers stay valid requests. Answers of code 5001 ' +
    'alone are no notice given in advance and stay errors; the reading withoutMaintenance shows the month without them.';
  if (inForce.length === 0) return `${considered}\n\nNone was entered for this period.`;
  const table = markdownTable(
    ['From', 'To (exclusive)', 'Clause', 'Source', 'Entered by', 'Entered at'],
    inForce.map((one) => [one.start, one.end, one.clause, one.source, one.actor, one.at]),
  );
  return `${considered}\n\n${table}\n\nErrors left out: ${requests.excluded}.`;
}

function blame({ evidence, lost }: ClaimCase): string {
  const { checks, corrections } = evidence;
  const rule =
    'When an attempt cannot reach Kling, independent addresses are asked for a TCP connection, at most every 30 s. One ' +
    'that accepts makes it the upstream’s fault; none, though one did within the hour before, makes it ours; else it ' +
    'stays unknown and is not claimed. An operator’s correction stands above that and names its source.';
  const { byCheck, byRecorder, byOperator } = lost;
  const made =
    `Checks in the period: ${checks.length}, of them ${checks.filter((check) => check.reached).length} reached an address. ` +
    `Of the requests blamed on the upstream, ${byCheck} follow from a check, ${byRecorder} from what the program that recorded ` +
    `them said (imported), ${byOperator} from an operator's correction.`;
  const list = checks.slice(0, LISTED_MAX).map(checkLine);
  const corrected = corrections.map(
    (one) =>
      `- corrected to ${one.blame}: ${iso(one.start)} to ${iso(one.end)}, by ${one.actor} at ${iso(one.at)}: ${one.source}`,
  );
  const rest = checks.length > LISTED_MAX ? [`- and ${checks.length - LISTED_MAX} more`] : [];
  return [rule, '', made, '', ...list, ...rest, ...corrected].join('\n').trimEnd();
}

function checkLine(check: ControlCheck): string {
  const targets = check.detail.map(
    ({ target, reached, cause }) => `${target} ${reached ? 'reached' : (cause ?? 'failed')}`,
  );
  return `- ${iso(check.at)}: ${targets.join(', ')}`;
}

function clocks({ evidence }: ClaimCase): string {
  const { answers, minMs, maxMs, meanMs } = evidence.clockOffset;
  if (answers === 0)
    return 'In the windows with errors our clock was not compared with a `Date` header of Kling’s; the times are the recorder’s clock’s.';
  return `Kling's \`Date\` header less our clock, over ${answers} answers in the windows with errors: from ${minMs ?? 0} ms to ${maxMs ?? 0} ms, mean ${meanMs ?? 0} ms (the header counts whole seconds).`;
}

function gaps(claim: ClaimCase): string {
  const { evidence } = claim;
  const { gaps: all, windows } = evidence.measured;
  if (all.length === 0) return 'The recorder ran in every window of the period.';
  const list = all.slice(0, LISTED_MAX).map((gap) => `- ${gap.start} to ${gap.end}: ${gap.windows} windows`);
  const rest = all.length > LISTED_MAX ? [`- and ${all.length - LISTED_MAX} more`] : [];
  return [
    `In ${windows.notObserved} windows the recorder did not run. For ${claim.recorded.byOthers} of them requests that other programs of the claimant recorded were imported; of the other ${claim.recorded.byNobody} there is no record: they add nothing to the sum and are still counted in the number of windows, to the claimant's disadvantage.`,
    '',
    ...list,
    ...rest,
  ].join('\n');
}

function zones({ evidence }: ClaimCase): string {
  const { warnings, timeZone } = evidence.measured;
  return warnings.length === 0
    ? `Months are those of ${timeZone}. In UTC and in UTC+8 the tier is the same.`
    : `Months are those of ${timeZone}. ${warnings.join(' ')}`;
}

function fee({ fee: picked, settings }: ClaimCase): string {
  if (!picked) return 'No source says what the service cost in the period.';
  const from = `${formatMoney(picked.amount, picked.currency)}: ${picked.explanation}.`;
  if (picked.parts.length === 0) return from;
  const rows = picked.parts.map((part) => [
    part.name,
    `${part.quantity / 1_000_000} ${part.unit}`,
    String(part.rows),
    part.amount === null ? '-' : formatMoney(part.amount, picked.currency),
    part.basis,
  ]);
  const table = markdownTable(['Pack or purse', 'Deducted', 'Rows', 'Worth', 'Price'], rows);
  const entered = settings.packPrices.length === 0 ? ' No price of a pack was entered.' : '';
  return `${from}${entered}\n\n${table}`;
}

function reproduce({ evidence }: ClaimCase): string {
  const { month, digest } = evidence.measured;
  return [
    `- From the store: \`kling-sidecar sla verify ${month}\` (windows against the journal), \`kling-sidecar sla report ${month} --format json\`, \`kling-sidecar claim draft ${month}\` (the same bytes again).`,
    '- From these files: add up `received_error_rate` (or `contract_error_rate`) in `windows.csv`, divide by the number of windows, subtract from 1. `sha256sum -c manifest.sha256` checks the files.',
    `- Digest of everything the numbers follow from: \`${digest}\``,
  ].join('\n');
}

function iso(at: number): string {
  return new Date(at).toISOString();
}
