/** The claim as a letter in English, for someone who was not there and keeps a log of their own. */
import type { ClaimCase, ClaimLine } from './claim-case.ts';
import type { CountedIn } from './evidence.ts';
import { askedText, eastMinute, markdownTable, periodBounds, rateText, utcMinute } from './letter-words.ts';
import { formatMoney } from './money.ts';

const BLANK = '______';

/** Writes the English letter as Markdown. */
export function letterEnglish(claim: ClaimCase): string {
  const { measured } = claim.evidence;
  const sections = [
    `# Claim for compensation under the Kling AI SLA, service period ${measured.month}`,
    `Reference: ${claim.reference}`,
    claimantTable(claim),
    `## What we ask\n\n${ask(claim)}`,
    `## Why\n\n${why(claim)}`,
    `## The numbers\n\n${numbersTable(claim)}`,
    `## How to check this in your own log\n\n${howToCheck(claim)}`,
    `## The windows that cost most\n\n${worstTable(claim)}`,
    `## What your log should show\n\n${traces(claim)}`,
    `## The fee and the voucher\n\n${feeText(claim)}`,
    ...alternativeSection(claim),
    `## What we left out\n\n${leftOut(claim)}`,
    `## Deadlines\n\n${deadlines(claim)}`,
    `## Attached\n\n${attached(claim)}`,
    `## What we ask you to do\n\n${closing(claim)}`,
  ];
  return `${sections.join('\n\n')}\n`;
}

function claimantTable(claim: ClaimCase): string {
  const { settings, evidence, hosts } = claim;
  const { accountId, company, contact } = settings.claimant;
  const { firstDay, lastDay, timeZone, days } = evidence.period;
  return markdownTable(
    ['', ''],
    [
      ['To', 'Kling AI, API service'],
      ['Account', accountId ?? BLANK],
      ['Company', company ?? BLANK],
      ['Contact', contact ?? BLANK],
      ['Service period', `${firstDay ?? ''} to ${lastDay ?? ''}, both inclusive, ${days} days (${timeZone})`],
      ['API base URL', claim.baseUrl],
      ['Hosts called', hosts.join(', ')],
    ],
  );
}

function ask(claim: ClaimCase): string {
  const { principal } = claim;
  const amount = askedText(principal, claim);
  const share = `${principal.percent} % of the Monthly Service Fee`;
  return amount === null
    ? `A compensation voucher of **${share}** of this account for the service period, under articles 2.2 and 3.1 of the Service Level Agreement (SLA).`
    : `A compensation voucher of **${amount}**, which is ${share}, under articles 2.2 and 3.1 of the Service Level Agreement (SLA).`;
}

const READING_TEXT: Record<ClaimLine['reading'], string> = {
  received:
    'Error requests here are only requests that your servers answered with an HTTP status of 500 to 599. Valid ' +
    'requests are those that your servers received (1.3); as such we count all that they answered.',
  contract:
    'Error requests here are requests that your servers answered with an HTTP status of 500 to 599, and requests ' +
    'that never reached your servers through a fault on your side (SLA 1.2); the latter also count as valid requests.',
};

function why(claim: ClaimCase): string {
  const { principal, agreement } = claim;
  return (
    `Service availability in the period was **${principal.availability} %**. The SLA commits to no less than ` +
    `${agreement.commitment} % (2.2).${mainCause(claim)}\n\n${READING_TEXT[principal.reading]}\n\n` +
    'Article 2.1: availability = (1 − sum of the error rates of all 5-minute windows ÷ number of 5-minute windows ' +
    'in the period) × 100 %, where a window’s error rate = error requests ÷ valid requests in it (1.4), and the ' +
    'number of windows = 12 × 24 × days. Windows without requests add nothing to the sum and are counted in the number.'
  );
}

/** The story in a sentence: what most of it came from. */
function mainCause({ outage, agreement }: ClaimCase): string {
  if (!outage) return '';
  const { start, end, windows, failing, errors, valid, sumErrorRates, availability, percent } = outage;
  const alone =
    percent > 0
      ? ` These windows alone put the period at ${availability} %, below ${agreement.commitment} %.`
      : '';
  return (
    ` Most of it was one stretch from ${utcMinute(start)} to ${utcMinute(end)} UTC (${eastMinute(start)} to ` +
    `${eastMinute(end)} UTC+8): in ${failing} of its ${windows} windows ${errors} of ${valid} requests failed, which adds ` +
    `${sumErrorRates} to the sum below.${alone}`
  );
}

function numbersTable(claim: ClaimCase): string {
  const { recorded } = claim;
  const { measured } = claim.evidence;
  const reading = measured.readings[claim.principal.reading];
  const { divisor } = measured.windows;
  return markdownTable(
    ['What', 'Value'],
    [
      ['Windows in the period (12 × 24 × days)', String(divisor)],
      ['Windows with requests of ours', String(claim.windowsWithTraffic)],
      ['Windows with errors', String(claim.errors.windows)],
      [
        'Windows recorded by our gateway / by other programs of ours only / by none',
        [recorded.bySidecar, recorded.byOthers, recorded.byNobody].join(' / '),
      ],
      ['Valid requests', String(reading.valid)],
      ['Error requests', String(reading.errors)],
      ['Sum of the windows’ error rates (Σ)', reading.sumErrorRates],
      ['Availability = (1 − Σ ÷ windows) × 100 %', `${claim.principal.availability} %`],
      ['Committed', `${claim.agreement.commitment} %`],
    ],
  );
}

function howToCheck(claim: ClaimCase): string {
  const { measured } = claim.evidence;
  const { start, end } = periodBounds(claim);
  return [
    `1. Take all requests of our account to ${claim.hosts.join(', ')} from ${utcMinute(start)} UTC (${eastMinute(start)} UTC+8) to ${utcMinute(end)} UTC (${eastMinute(end)} UTC+8), the end exclusive.`,
    '2. Put each into the 5-minute window in which it began. Windows begin at minutes 00, 05, 10 … 55 of the hour, the same in UTC and in UTC+8.',
    '3. In each window divide the number of answers with HTTP status 500 to 599 by the number of all answers. The statuses 400 to 499, 429 among them, are valid requests and no errors; a task that failed after an answer of 200 is no error.' +
      contractStep(claim) +
      exclusionStep(claim) +
      exampleStep(claim),
    `4. Add up these quotients, divide by ${measured.windows.divisor}, subtract the result from 1 and multiply by 100 %.`,
    '',
    '`windows.csv` holds our counts of each window, `requests.csv` every error by time, route and status' +
      `${claim.errors.withHeaders > 0 ? ', with your `date`, `server` and `via` headers where the answer had them' : ''}. ` +
      `${recordedBy(claim)} ${clockText(claim)} Where your log shows further requests of this account in the same windows, ` +
      'please say so with their counts.',
  ].join('\n');
}

/** How far the claimant's times may be trusted at a window's border. */
function clockText({ evidence }: ClaimCase): string {
  const { answers, minMs, maxMs } = evidence.clockOffset;
  if (answers === 0) {
    return 'Our clock was not compared with yours in these windows: a request near a border may lie in the next one in your log.';
  }
  return `Your \`Date\` headers were from ${minMs ?? 0} to ${maxMs ?? 0} ms ahead of our clock in these windows.`;
}

/** What only our own record can show, where the claim rests on it. */
function contractStep(claim: ClaimCase): string {
  if (claim.principal.reading === 'received') return '';
  return ' The requests marked `contract` in `requests.csv` never arrived and are in no log of yours: we count each both as an error and as a valid request.';
}

/** What the vendor must leave out to come to the same sum. */
function exclusionStep(claim: ClaimCase): string {
  return claim.evidence.measured.requests.excluded === 0
    ? ''
    : ' Errors within the exclusions listed under “What we left out” are left out of the first number and stay in the second.';
}

/** Who counted: the claimant's gateway alone, or other programs of its own too. */
function recordedBy({ errors, recorded }: ClaimCase): string {
  const all = errors.withRequestId + errors.withoutRequestId;
  if (errors.imported === 0 && recorded.byOthers === 0)
    return 'We count what passed through our own gateway.';
  return (
    'We count what our own gateway recorded, and what other programs of ours recorded in their logs: from the latter come ' +
    `${errors.imported} of the ${all} errors listed, and all requests of ${recorded.byOthers} windows in which the gateway did not run.`
  );
}

function exampleStep(claim: ClaimCase): string {
  const worst = claim.worst[0];
  if (!worst) return '';
  const { windowStart, errors, valid } = worst;
  return ` For example, the window of ${utcMinute(windowStart)} UTC: ${errors} ÷ ${valid} = ${rateText(worst)}.`;
}

function worstTable(claim: ClaimCase): string {
  const { worst, errors } = claim;
  const rest = errors.windows - worst.length;
  const more = rest > 0 ? `\n\nFurther windows with errors: ${rest}; \`windows.csv\` lists all.` : '';
  const table = markdownTable(
    ['Window begins (UTC)', 'Window begins (UTC+8)', 'Errors', 'Valid requests'],
    worst.map((window) => [
      utcMinute(window.windowStart),
      eastMinute(window.windowStart),
      String(window.errors),
      String(window.valid),
    ]),
  );
  return `${table}${more}`;
}

function traces(claim: ClaimCase): string {
  const { withRequestId, withoutRequestId, maintenance, importedWithRequestId } = claim.errors;
  const noted =
    importedWithRequestId > 0
      ? ` (${importedWithRequestId} of these as other programs of ours noted it; where it is none of yours, please go by time, route and status)`
      : '';
  const lines = [
    `- Of the errors counted, ${withRequestId} carry your \`request_id\`${noted}; ${withoutRequestId} came without one and are found by time, route and status.`,
  ];
  const dropped =
    claim.evidence.measured.readings[claim.principal.reading].errors - withRequestId - withoutRequestId;
  if (dropped > 0) {
    lines.push(
      `- Of ${dropped} further errors only the counts in \`windows.csv\` are left: single records are kept for a limited time.`,
    );
  }
  if (maintenance > 0) lines.push(`- ${maintenanceText(claim)}`);
  return lines.join('\n');
}

/** Why answers of code 5001 count, and what is left without them. */
function maintenanceText({ errors, principal, withoutMaintenance, lost }: ClaimCase): string {
  const { principal: without, contract } = withoutMaintenance;
  const unreached = lost.byCheck + lost.byRecorder + lost.byOperator;
  const still =
    principal.reading === 'received' && unreached > 0 && contract.percent > 0
      ? ` With the ${unreached} requests that never reached your servers (1.2) it would still be ${contract.availability} %, ` +
        `${contract.percent} % of the fee, which we then ask for in the alternative.`
      : '';
  return (
    `${errors.maintenance} of them are answers of code 5001, “under maintenance”. They count: 1.2(i) leaves out what reasonable ` +
    'maintenance initiated by you caused, 2.2(i) what you announced in advance, and a code alone shows neither. If you rely ' +
    `on either, please send the notice or the record of the work. Without these answers availability would be ` +
    `${without.availability} %, ${without.percent > 0 ? `which is still ${without.percent} % of the fee` : 'at which nothing is due'}.${still}`
  );
}

function feeText(claim: ClaimCase): string {
  const { fee, principal, agreement } = claim;
  if (!fee || !principal.voucher) {
    return `We have not entered the Monthly Service Fee of the account; please take it from your records. The percentage is ${principal.percent} % (3.1), capped at ${agreement.capPercent} % of the fee without what vouchers paid.`;
  }
  const money = (micros: number): string => formatMoney(micros, fee.currency);
  const cap = principal.voucher.isCapped ? ' The cap decides here.' : '';
  return [
    `- Monthly Service Fee: ${money(fee.amount)}, of which vouchers paid ${money(fee.paidByVoucher)}. Source: ${fee.explanation}.`,
    `- Voucher asked: the lesser of ${principal.percent} % × fee and ${agreement.capPercent} % × (fee − paid by vouchers) = **${money(principal.voucher.asked)}**.${cap}`,
    ...(fee.paidByVoucher > 0
      ? [
          `- If you hold that the percentage, too, applies only to what vouchers did not pay, the amount is ${principal.percent} % × (fee − paid by vouchers) = ${money(principal.voucher.narrower)}.`,
        ]
      : []),
  ].join('\n');
}

function alternativeSection(claim: ClaimCase): string[] {
  const { alternative } = claim;
  if (!alternative) return [];
  const { unreachableUpstream } = claim.evidence.measured.requests;
  const amount = askedText(alternative, claim);
  const worth =
    amount === null ? `${alternative.percent} % of the fee` : `${amount} (${alternative.percent} %)`;
  return [
    `## Alternative claim\n\nArticle 1.2 also makes error requests of those that never reached your servers through a fault on your side. There were ${unreachableUpstream} of them: ${lostText(claim)}. Counted as errors and as valid requests, availability is **${alternative.availability} %** and the voucher **${worth}**. Your own log cannot show these requests; \`requests.csv\` lists them as \`contract\`. We ask for this in place of the above if you agree that they count.`,
  ];
}

/** How it is known that requests never arrived, and through whose fault. */
function lostText({ lost }: ClaimCase): string {
  const ways: [number, string][] = [
    [lost.byCheck, 'while an independent address was reachable from our gateway'],
    [lost.byRecorder, 'as the program that recorded them judged'],
    [lost.byOperator, 'as a person of ours found, with the source in `method.md`'],
  ];
  return ways.flatMap(([count, how]) => (count > 0 ? [`${count} ${how}`] : [])).join(', ');
}

function leftOut(claim: ClaimCase): string {
  const { requests, exclusions } = claim.evidence.measured;
  const { noAnswer, unreachableLocal, unreachableUnknown } = requests;
  const classes: [number, string][] = [
    [noAnswer, 'were sent and brought no answer'],
    [unreachableLocal, 'never left, through a fault of our own'],
    [unreachableUnknown, 'never arrived, nobody knows through whose fault'],
  ];
  const lines = classes.map(([count, what]) => `- Requests that ${what}: ${count}, not claimed.`);
  lines.unshift(...unreachedLines(claim));
  if (exclusions.length === 0)
    lines.push('- As far as we know no exclusion of article 1.2 or 2.2 applies to the period.');
  for (const one of exclusions) {
    lines.push(
      `- ${one.start} to ${one.end}, clause ${one.clause}: ${one.source}. Its errors are not claimed.`,
    );
  }
  if (requests.excluded > 0) lines.push(`- Errors left out by these exclusions: ${requests.excluded}.`);
  return lines.join('\n');
}

/** What 1.2 makes errors too, where the claim neither rests on it nor asks for it in the alternative. */
function unreachedLines(claim: ClaimCase): string[] {
  const { principal, alternative } = claim;
  const { requests, readings } = claim.evidence.measured;
  if (principal.reading !== 'received' || alternative || requests.unreachableUpstream === 0) return [];
  return [
    `- Requests that never reached your servers through a fault on your side: ${requests.unreachableUpstream} (${lostText(claim)}). ` +
      'They are error requests under 1.2; your log cannot show them, so they are not counted above. With them availability ' +
      `would be ${readings.contract.availability ?? '-'} %.`,
  ];
}

function deadlines({ dates, evidence }: ClaimCase): string {
  const sure = dates.isEstimated ? ' (estimated: the calendar has no data for that year)' : '';
  return (
    `Article 3.2: the fifth working day of the following month was ${dates.fifthWorkday}${sure}, so this claim may be filed from ` +
    `${dates.earliest} to ${dates.latest}, both inclusive (${evidence.period.timeZone}). Working days: ${dates.calendarSource}.`
  );
}

function attached(claim: ClaimCase): string {
  const { errors } = claim.evidence;
  const kinds = new Map<string, number>();
  for (const { countedIn } of errors) kinds.set(countedIn, (kinds.get(countedIn) ?? 0) + 1);
  const listed = COUNTED.flatMap(([kind, text]) => {
    const count = kinds.get(kind) ?? 0;
    return count > 0 ? [`${count} ${text} (\`${kind}\`)`] : [];
  });
  return [
    '- `windows.csv`: counts and error rate of every window with requests',
    `- \`requests.csv\`: every failed request; its column \`counted_in\` tells ${listed.join(', ')}`,
    '- `summary.json`: the numbers of this letter for programs (`principal` is what we ask; `month` holds every reading)',
    '- `method.md`: how they were measured, and all ways to read the SLA side by side',
    '- `claim.html`: this letter with a calendar of the windows, for printing',
    '- `claim.zh.md`: this letter in Chinese',
    '- `manifest.sha256`: checksums of these files',
  ].join('\n');
}

const COUNTED: readonly [CountedIn, string][] = [
  ['received+contract', 'answered with 5xx'],
  ['contract', 'that never reached you through a fault on your side'],
  ['excluded', 'left out by an exclusion'],
  ['none', 'that we do not count'],
];

function closing({ settings }: ClaimCase): string {
  return [
    'Please confirm receipt, and tell us your decision. Where your counts differ from ours, please send yours for the windows above.',
    '',
    `Place and date: ${BLANK}`,
    '',
    `Name: ${settings.claimant.contact ?? BLANK}`,
  ].join('\n');
}
