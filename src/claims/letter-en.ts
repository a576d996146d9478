/** The letter's phrases in English, for a reader who was not there and keeps a log of their own. */
import { BLANK } from './claim-folder.ts';
import { bold, code, joinTexts, say, type Text } from '../markup.ts';
import type { FeePart } from './billing-fee.ts';
import { quantityText, type LetterWords, type Worth } from './letter-words.ts';
import { formatMoney } from './money.ts';

export const ENGLISH: LetterWords = {
  htmlLang: 'en',
  language: 'en',
  comma: ', ',
  gap: ' ',
  blank: BLANK,
  title: (month) => say`Claim for compensation under the Kling AI SLA, service period ${month}`,
  reference: (reference) => say`Reference: ${reference}`,
  headings: {
    ask: say`What we ask`,
    why: say`Why`,
    numbers: say`The numbers`,
    check: say`How to check this in your own log`,
    worst: say`The windows that cost most`,
    traces: say`What your log should show`,
    fee: say`The fee and the voucher`,
    alternative: say`Alternative claim`,
    leftOut: say`What we left out`,
    deadlines: say`Deadlines`,
    attached: say`Attached`,
    closing: say`What we ask you to do`,
  },

  claimant: {
    to: say`To`,
    account: say`Account`,
    company: say`Company`,
    contact: say`Contact`,
    period: say`Service period`,
    baseUrl: say`API base URL`,
    hosts: say`Hosts called`,
  },
  vendor: say`Kling AI, API service`,
  period: ({ firstDay, lastDay, days, timeZone }) =>
    say`${firstDay} to ${lastDay}, both inclusive, ${days} days (${timeZone})`,

  ask: ({ percent, amount }) =>
    amount === null
      ? say`A compensation voucher of ${bold(`${percent} % of the Monthly Service Fee`)} of this account for the service period, under articles 2.2 and 3.1 of the Service Level Agreement (SLA).`
      : say`A compensation voucher of ${bold(amount)}, which is ${percent} % of the Monthly Service Fee, under articles 2.2 and 3.1 of the Service Level Agreement (SLA).`,
  whyAvailability: ({ availability, commitment }) =>
    say`Service availability in the period was ${bold(`${availability} %`)}. The SLA commits to no less than ${commitment} % (2.2).`,
  outage: ({ isMost, windows, failing, errors, valid, sumErrorRates }, { from, to }) =>
    say`${isMost ? 'Most of it was one stretch' : 'The stretch that cost most was'} from ${from.utc} to ${to.utc} UTC (${from.east} to ${to.east} UTC+8): in ${failing} of its ${windows} windows ${errors} of ${valid} requests failed, which adds ${sumErrorRates} to the sum below.`,
  outageAlone: ({ availability, commitment }) =>
    say`These windows alone put the period at ${availability} %, below ${commitment} %.`,
  reading: {
    received: say`Error requests here are only requests that your servers answered with an HTTP status of 500 to 599. Valid requests are those that your servers received (1.3); as such we count all that they answered.`,
    contract: say`Error requests here are requests that your servers answered with an HTTP status of 500 to 599, and requests that never reached your servers through a fault on your side (SLA 1.2); the latter also count as valid requests.`,
  },
  formula: say`Article 2.1: availability = (1 − sum of the error rates of all 5-minute windows ÷ number of 5-minute windows in the period) × 100 %, where a window’s error rate = error requests ÷ valid requests in it (1.4), and the number of windows = 12 × 24 × days. Windows without requests add nothing to the sum and are counted in the number.`,

  numbersHead: [say`What`, say`Value`],
  numbers: {
    windows: say`Windows in the period (12 × 24 × days)`,
    withRequests: say`Windows with valid requests of ours`,
    withErrors: say`Windows with errors`,
    recorded: say`Windows recorded by our gateway / by other programs of ours only / by none`,
    valid: say`Valid requests`,
    errors: say`Error requests`,
    sum: say`Sum of the windows’ error rates (Σ)`,
    availability: say`Availability = (1 − Σ ÷ windows) × 100 %`,
    committed: say`Committed`,
  },
  percent: (value) => say`${value} %`,

  checkRequests: ({ hosts, from, to }) =>
    say`Take all requests of our account to ${hosts} from ${from.utc} UTC (${from.east} UTC+8) to ${to.utc} UTC (${to.east} UTC+8), the end exclusive.`,
  checkWindows: say`Put each into the 5-minute window in which it began. Windows begin at minutes 00, 05, 10 … 55 of the hour, the same in UTC and in UTC+8.`,
  checkQuotient: say`In each window divide the number of answers with HTTP status 500 to 599 by the number of all answers. The statuses 400 to 499, 429 among them, are valid requests and no errors; a task that failed after an answer of 200 is no error.`,
  checkUnreached: say`The requests marked ${code('contract')} in ${code('requests.csv')} never arrived and are in no log of yours: we count each both as an error and as a valid request.`,
  checkExclusions: say`Errors within the exclusions listed under “What we left out” are left out of the first number and stay in the second.`,
  checkExample: ({ begins, errors, valid, rate }) =>
    say`For example, the window of ${begins.utc} UTC: ${errors} ÷ ${valid} = ${rate}.`,
  checkSum: (windows) =>
    say`Add up these quotients, divide by ${windows}, subtract the result from 1 and multiply by 100 %.`,
  checkFiles: (hasHeaders) =>
    hasHeaders
      ? say`${code('windows.csv')} holds our counts of each window, ${code('requests.csv')} the errors recorded singly, by time, route and status, with your ${code('date')}, ${code('server')} and ${code('via')} headers where the answer had them.`
      : say`${code('windows.csv')} holds our counts of each window, ${code('requests.csv')} the errors recorded singly, by time, route and status.`,
  recordedByGateway: say`We count what passed through our own gateway.`,
  recordedByOthersToo: say`We count what our own gateway recorded, and what other programs of ours recorded in their logs.`,
  recordedErrors: ({ imported, listed }) =>
    say`From the latter come ${imported} of the ${listed} errors listed.`,
  recordedWindows: (windows) =>
    say`From the latter come all requests of ${windows} windows in which the gateway did not run.`,
  clockUnknown: say`Our clock was not compared with yours in these windows: a request near a border may lie in the next one in your log.`,
  clockAhead: ({ fromMs, toMs }) =>
    say`Your ${code('Date')} headers, which count whole seconds, were ${fromMs} to ${toMs} ms ahead of our clock in these windows.`,
  clockBehind: ({ fromMs, toMs }) =>
    say`Your ${code('Date')} headers, which count whole seconds, were ${fromMs} to ${toMs} ms behind our clock in these windows.`,
  clockAround: ({ behindMs, aheadMs }) =>
    say`Your ${code('Date')} headers, which count whole seconds, were between ${behindMs} ms behind and ${aheadMs} ms ahead of our clock in these windows.`,
  furtherRequests: say`Where your log shows further requests of this account in the same windows, please say so with their counts.`,

  worstHead: [say`Window begins (UTC)`, say`Window begins (UTC+8)`, say`Errors`, say`Valid requests`],
  furtherWindows: (windows) =>
    say`Further windows with errors: ${windows}; ${code('windows.csv')} lists all.`,

  answeredWithId: (errors) => say`Errors that carry your ${code('request_id')}: ${errors}.`,
  idsNotedElsewhere: (errors) =>
    say`Of these, other programs of ours noted the id of ${errors}; where it is none of yours, please go by time, route and status.`,
  answeredWithoutId: (errors) => say`Errors without one, to be found by time, route and status: ${errors}.`,
  unreachedErrors: (errors) =>
    say`Errors that never reached your servers, and are in no log of yours: ${errors}.`,
  unlistedErrors: (errors) =>
    say`Further errors of which only the counts in ${code('windows.csv')} are left: ${errors}. Single records are kept for a limited time.`,
  maintenance: (errors) =>
    say`Errors that are answers of code 5001, “under maintenance”: ${errors}. They count: 1.2(i) leaves out what reasonable maintenance initiated by you caused, 2.2(i) what you announced in advance, and a code alone shows neither. If you rely on either, please send the notice or the record of the work.`,
  withoutMaintenance: ({ availability, percent }) =>
    percent > 0
      ? say`Without these answers availability would be ${availability} %, which is still worth ${percent} % of the fee.`
      : say`Without these answers availability would be ${availability} %, at which nothing is due.`,
  maintenanceAndUnreached: ({ requests, availability, percent }) =>
    say`With the ${requests} requests that never reached your servers (1.2) it would then be ${availability} %, ${percent} % of the fee, which we ask for in that case.`,

  feeUnknown: ({ percent, capPercent }) =>
    say`We do not know the Monthly Service Fee of the account; please take it from your records. The percentage is ${percent} % (3.1), capped at ${capPercent} % of the fee without what vouchers paid.`,
  fee: ({ amount, paidByVoucher, source }) =>
    say`Monthly Service Fee: ${amount}, of which vouchers paid ${paidByVoucher}. Source: ${source}.`,
  feeInvoice: (number) =>
    number === null
      ? say`the invoiced fee as entered by the account holder`
      : say`the invoiced fee as entered by the account holder (${number})`,
  feeBilling: (rows, parts) =>
    say`the ${rows} deductions that your own billing API lists for the period by deduction time${parts.length > 0 ? ': ' : ''}${joinTexts(parts, '; ')}`,
  feePart: englishPart,
  feeSettled: ({ credits, reported, unreported, perCredit, currency }) =>
    unreported === 0
      ? say`an estimate: ${credits} credits, which your answers to our tasks reported as deducted, at ${perCredit} ${currency} a credit`
      : say`an estimate: ${credits} credits at ${perCredit} ${currency} a credit. Your answers reported ${reported} of them as deducted; ${unreported} are our own estimate by your price list`,
  voucher: ({ percent, capPercent, asked }) =>
    say`Voucher asked: the lesser of ${percent} % × fee and ${capPercent} % × (fee − paid by vouchers) = ${bold(asked)}.`,
  voucherCapped: say`The cap decides here.`,
  voucherNarrower: ({ percent, amount }) =>
    say`If you hold that the percentage, too, applies only to what vouchers did not pay, the amount is ${percent} % × (fee − paid by vouchers) = ${amount}.`,

  alternative: ({ requests, how, availability, worth }) =>
    say`Article 1.2 also makes error requests of those that never reached your servers through a fault on your side. There were ${requests} of them: ${how}. Counted as errors and as valid requests, availability is ${bold(`${availability} %`)} and the voucher ${bold(worthText(worth))}. Your own log cannot show these requests; ${code('requests.csv')} lists them as ${code('contract')}. We ask for this in place of the above if you agree that they count.`,
  lostByCheck: (requests) => say`${requests} while an independent address was reachable from our gateway`,
  lostByRecorder: (requests) => say`${requests} as the program that recorded them judged`,
  lostByOperator: (requests) =>
    say`${requests} as a person of ours found, with the source in ${code('method.md')}`,
  lostUnlisted: (requests) => say`${requests} of which only the counts are left`,

  leftOutUnreached: ({ requests, how, availability }) =>
    say`Requests that never reached your servers through a fault on your side: ${requests} (${how}). They are error requests under 1.2; your log cannot show them, so they are not counted above. With them availability would be ${availability} %.`,
  leftOutNoAnswer: (requests) =>
    say`Requests that were sent and brought no answer: ${requests}, not claimed.`,
  leftOutLocal: (requests) =>
    say`Requests that never left, through a fault of our own: ${requests}, not claimed.`,
  leftOutUnknown: (requests) =>
    say`Requests that never arrived, nobody knows through whose fault: ${requests}, not claimed.`,
  noExclusion: say`Our records hold no exclusion of article 1.2 or 2.2 for the period.`,
  exclusion: ({ start, end, clause, source }) =>
    say`${start} to ${end}, clause ${clause}: ${source}. Errors within it are not claimed.`,
  exclusionErrors: (errors) => say`Errors left out by these exclusions: ${errors}.`,

  deadlines: ({ fifthWorkday, earliest, latest, timeZone }) =>
    say`Article 3.2: the fifth working day of the following month is ${fifthWorkday}, so this claim may be filed from ${earliest} to ${latest}, both inclusive (${timeZone}).`,
  deadlinesEstimated: say`The fifth working day is an estimate, rather too late than too early.`,
  workingDays: (source) => say`Working days: ${source}.`,

  attachedWindows: say`${code('windows.csv')}: counts and error rate of every window with requests`,
  attachedRequests: (kinds) =>
    say`${code('requests.csv')}: every failed request that is recorded singly; its column ${code('counted_in')} tells ${joinTexts(kinds, ', ')}`,
  attachedNoRequests: say`${code('requests.csv')}: empty, as single records of failed requests are kept for a limited time`,
  countedIn: {
    'received+contract': (requests) => say`${requests} answered with 5xx (${code('received+contract')})`,
    contract: (requests) =>
      say`${requests} that never reached you through a fault on your side (${code('contract')})`,
    excluded: (requests) => say`${requests} left out by an exclusion (${code('excluded')})`,
    none: (requests) => say`${requests} that we do not count (${code('none')})`,
  },
  attachedSummary: say`${code('summary.json')}: the numbers of this letter for programs (${code('principal')} is what we ask; ${code('month')} holds every reading)`,
  attachedMethod: say`${code('method.md')}: how they were measured, and all ways to read the SLA side by side`,
  attachedPages: say`${code('claim.html')} and ${code('claim.zh.html')}: this letter in English and in Chinese with a calendar of the windows, for printing`,
  attachedLetter: say`${code('claim.zh.md')}: this letter in Chinese`,
  attachedManifest: say`${code('manifest.sha256')}: checksums of these files`,

  closing: [
    say`Please confirm receipt, and tell us your decision. Where your counts differ from ours, please send yours for the windows above.`,
  ],
  placeAndDate: say`Place and date: …………………`,
  name: (signatory) => say`Name: ${signatory}`,

  calendarTitle: (timeZone) => say`Calendar of the 5-minute windows (${timeZone})`,
  calendarCaption: say`A row is a day, a mark five minutes.`,
  calendarOutage: (day) => say`The stretch that cost most began on ${day}.`,
  calendarImported: (windows) =>
    say`In ${windows} windows our gateway did not run; what is shown there comes from other programs of ours.`,
  calendarImage: (month) => `Error rates of the 5-minute windows of ${month}, a row a day`,
  colours: {
    fine: 'requests, no error',
    low: 'up to 10 % errors',
    middle: 'up to 50 %',
    high: 'above 50 %',
    idle: 'no request',
    notObserved: 'recorder not running',
  },
};

function worthText({ percent, amount }: Worth): string {
  return amount === null ? `${percent} % of the fee` : `${amount} (${percent} %)`;
}

function englishPart(part: FeePart, worth: string | null): Text {
  const amount = worth === null ? '' : `, ${worth}`;
  return say`${partName(part)}: ${partQuantity(part)} in ${part.rows} rows (${englishPrice(part)})${amount}`;
}

const PURSES = { balance: 'account balance', test_balance: 'test money' } as const;

/** Names the pack or purse of a part of the fee. */
export function partName({ purse, pack }: FeePart): string {
  return purse === 'pack' ? (pack ?? 'a pack without a name') : PURSES[purse];
}

/** Writes how much was deducted, with its unit. */
export function partQuantity({ purse, quantity, product, currency }: FeePart): string {
  const unit = purse === 'pack' ? `${product ?? 'unknown'} units` : (currency ?? 'of an unnamed currency');
  return `${quantityText(quantity)} ${unit}`;
}

/** Says how a part of the fee was priced. */
export function englishPrice({ price }: FeePart): string {
  switch (price.kind) {
    case 'pack':
      return `${formatMoney(price.amount, price.currency)} for the pack's ${quantityText(price.packUnits)} units`;
    case 'credit':
      return `no pack price entered, so ${price.perCredit} ${price.currency} a credit`;
    case 'money':
      return 'as deducted';
    case 'foreign':
      return `in ${price.currency}, left out`;
    case 'none':
      return 'no price known, left out';
  }
}
