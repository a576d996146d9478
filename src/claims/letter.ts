/**
 * The claim as a letter: which sentences it has and with which numbers, the same for every language.
 *
 * **Invariant**: a letter has a sentence only if the case supports it; the phrases themselves are in a language's
 * table. Nothing here depends on a language.
 */
import { heading, joinTexts, list, paragraph, say, table, type Block, type Text } from '../markup.ts';
import type { ClaimCase } from './claim-case.ts';
import type { CountedIn } from './evidence.ts';
import { askedOn, feeBlocks } from './letter-fee.ts';
import { minuteOf, rateText, type LetterWords, type Minute } from './letter-words.ts';

/** Composes the letter in the language of some words. */
export function composeLetter(claim: ClaimCase, words: LetterWords): Block[] {
  const { headings } = words;
  const section = (title: Text, blocks: readonly Block[]): Block[] => [heading(2, title), ...blocks];
  return [
    heading(1, words.title(claim.evidence.measured.month)),
    paragraph(words.reference(claim.reference)),
    claimantTable(claim, words),
    ...section(headings.ask, [paragraph(words.ask(askedOn(claim.principal, claim)))]),
    ...section(headings.why, why(claim, words)),
    ...section(headings.numbers, [numbersTable(claim, words)]),
    ...section(headings.check, howToCheck(claim, words)),
    ...section(headings.worst, worstWindows(claim, words)),
    ...section(headings.traces, [list(traces(claim, words))]),
    ...section(headings.fee, feeBlocks(claim, words)),
    ...alternative(claim, words),
    ...section(headings.leftOut, [list(leftOut(claim, words))]),
    ...section(headings.deadlines, [paragraph(deadlines(claim, words))]),
    ...section(headings.attached, [list(attached(claim, words))]),
    ...section(headings.closing, closing(claim, words)),
  ];
}

/** Joins the sentences of one paragraph; null ones are left out. */
function sentences(words: LetterWords, ...texts: readonly (Text | null)[]): Text {
  return joinTexts(
    texts.filter((text) => text !== null),
    words.gap,
  );
}

function claimantTable(claim: ClaimCase, words: LetterWords): Block {
  const { settings, evidence, hosts } = claim;
  const { accountId, company, contact } = settings.claimant;
  const { firstDay, lastDay, timeZone, days } = evidence.period;
  const labels = words.claimant;
  const orBlank = (value: string | null): Text => say`${value ?? words.blank}`;
  return table(null, [
    [labels.to, words.vendor],
    [labels.account, orBlank(accountId)],
    [labels.company, orBlank(company)],
    [labels.contact, orBlank(contact)],
    [labels.period, words.period({ firstDay: firstDay ?? '', lastDay: lastDay ?? '', days, timeZone })],
    [labels.baseUrl, say`${claim.baseUrl}`],
    [labels.hosts, say`${hosts.join(words.comma)}`],
  ]);
}

function why(claim: ClaimCase, words: LetterWords): Block[] {
  const { principal, agreement, outage } = claim;
  const { commitment } = agreement;
  const span = outage && { from: minuteOf(outage.start), to: minuteOf(outage.end) };
  const isAlone = outage !== null && outage.percent > 0;
  return [
    paragraph(
      sentences(
        words,
        words.whyAvailability({ availability: principal.availability, commitment }),
        outage && span && words.outage(outage, span),
        isAlone ? words.outageAlone({ availability: outage.availability, commitment }) : null,
      ),
    ),
    paragraph(words.reading[principal.reading]),
    paragraph(words.formula),
  ];
}

function numbersTable(claim: ClaimCase, words: LetterWords): Block {
  const { recorded, principal, agreement } = claim;
  const { measured } = claim.evidence;
  const reading = measured.readings[principal.reading];
  const { numbers: labels } = words;
  const { bySidecar, byOthers, byNobody } = recorded;
  return table(words.numbersHead, [
    [labels.windows, say`${measured.windows.divisor}`],
    [labels.withRequests, say`${claim.windowsWithTraffic}`],
    [labels.withErrors, say`${claim.errors.windows}`],
    [labels.recorded, say`${bySidecar} / ${byOthers} / ${byNobody}`],
    [labels.valid, say`${reading.valid}`],
    [labels.errors, say`${reading.errors}`],
    [labels.sum, say`${reading.sumErrorRates}`],
    [labels.availability, words.percent(principal.availability)],
    [labels.committed, words.percent(agreement.commitment)],
  ]);
}

function howToCheck(claim: ClaimCase, words: LetterWords): Block[] {
  const { measured } = claim.evidence;
  const [worst] = claim.worst;
  const steps = [
    words.checkRequests({ hosts: claim.hosts.join(words.comma), ...periodBounds(claim) }),
    words.checkWindows,
    sentences(
      words,
      words.checkQuotient,
      claim.principal.reading === 'contract' ? words.checkUnreached : null,
      measured.requests.excluded > 0 ? words.checkExclusions : null,
      worst
        ? words.checkExample({ begins: minuteOf(worst.windowStart), ...worst, rate: rateText(worst) })
        : null,
    ),
    words.checkSum(measured.windows.divisor),
  ];
  const record = sentences(
    words,
    words.checkFiles(claim.errors.withHeaders > 0),
    ...recordedBy(claim, words),
    clock(claim, words),
    words.furtherRequests,
  );
  return [list(steps, true), paragraph(record)];
}

/** Gives the first and last instant of the period, the last exclusive. */
function periodBounds(claim: ClaimCase): { from: Minute; to: Minute } {
  const { spans } = claim.evidence.period;
  return { from: minuteOf(spans[0]?.start ?? 0), to: minuteOf(spans.at(-1)?.end ?? 0) };
}

/** Who counted: the claimant's gateway alone, or other programs of its own too. */
function recordedBy({ errors, recorded, evidence }: ClaimCase, words: LetterWords): Text[] {
  const hasOthers = errors.imported > 0 || recorded.byOthers > 0 || evidence.hasImported;
  if (!hasOthers) return [words.recordedByGateway];
  const listed = errors.withRequestId + errors.withoutRequestId + errors.unreached;
  return [
    words.recordedByOthersToo,
    ...(errors.imported > 0 ? [words.recordedErrors({ imported: errors.imported, listed })] : []),
    ...(recorded.byOthers > 0 ? [words.recordedWindows(recorded.byOthers)] : []),
  ];
}

/** How exact the claimant's times are at a window's border. */
function clock({ evidence }: ClaimCase, words: LetterWords): Text {
  const { minMs, maxMs } = evidence.clockOffset;
  if (minMs === null || maxMs === null) return words.clockUnknown;
  if (minMs >= 0) return words.clockAhead({ fromMs: minMs, toMs: maxMs });
  if (maxMs <= 0) return words.clockBehind({ fromMs: -maxMs, toMs: -minMs });
  return words.clockAround({ behindMs: -minMs, aheadMs: maxMs });
}

function worstWindows({ worst, errors }: ClaimCase, words: LetterWords): Block[] {
  const rest = errors.windows - worst.length;
  const rows = worst.map((window) => {
    const begins = minuteOf(window.windowStart);
    return [say`${begins.utc}`, say`${begins.east}`, say`${window.errors}`, say`${window.valid}`];
  });
  const shown = table(words.worstHead, rows);
  return rest > 0 ? [shown, paragraph(words.furtherWindows(rest))] : [shown];
}

function traces(claim: ClaimCase, words: LetterWords): Text[] {
  const { withRequestId, withoutRequestId, importedWithRequestId, unreached, unlisted, maintenance } =
    claim.errors;
  const noted = importedWithRequestId > 0 ? words.idsNotedElsewhere(importedWithRequestId) : null;
  return [
    sentences(words, words.answeredWithId(withRequestId), noted),
    words.answeredWithoutId(withoutRequestId),
    ...(unreached > 0 ? [words.unreachedErrors(unreached)] : []),
    ...(unlisted > 0 ? [words.unlistedErrors(unlisted)] : []),
    ...(maintenance > 0 ? [maintenanceText(claim, words)] : []),
  ];
}

/** Why answers of code 5001 count, and what is left without them. */
function maintenanceText(claim: ClaimCase, words: LetterWords): Text {
  const { errors, principal, withoutMaintenance, lost } = claim;
  const { principal: without, contract } = withoutMaintenance;
  const isMore = contract.percent > without.percent;
  const isAnother = principal.reading === 'received' && lost.total > 0 && isMore;
  return sentences(
    words,
    words.maintenance(errors.maintenance),
    words.withoutMaintenance(without),
    isAnother ? words.maintenanceAndUnreached({ requests: lost.total, ...contract }) : null,
  );
}

function alternative(claim: ClaimCase, words: LetterWords): Block[] {
  const line = claim.alternative;
  if (!line) return [];
  const { availability } = line;
  const worth = askedOn(line, claim);
  const text = words.alternative({
    requests: claim.lost.total,
    how: lostHow(claim, words),
    availability,
    worth,
  });
  return [heading(2, words.headings.alternative), paragraph(text)];
}

/** How it is known that requests never arrived, and through whose fault. */
function lostHow({ lost }: ClaimCase, words: LetterWords): Text {
  const ways: [number, (requests: number) => Text][] = [
    [lost.byCheck, words.lostByCheck],
    [lost.byRecorder, words.lostByRecorder],
    [lost.byOperator, words.lostByOperator],
    [lost.unlisted, words.lostUnlisted],
  ];
  return joinTexts(
    ways.flatMap(([requests, phrase]) => (requests > 0 ? [phrase(requests)] : [])),
    words.comma,
  );
}

function leftOut(claim: ClaimCase, words: LetterWords): Text[] {
  const { requests, exclusions } = claim.evidence.measured;
  return [
    ...unreachedLine(claim, words),
    words.leftOutNoAnswer(requests.noAnswer),
    words.leftOutLocal(requests.unreachableLocal),
    words.leftOutUnknown(requests.unreachableUnknown),
    ...(exclusions.length === 0 ? [words.noExclusion] : exclusions.map((one) => words.exclusion(one))),
    ...(requests.excluded > 0 ? [words.exclusionErrors(requests.excluded)] : []),
  ];
}

/** What 1.2 makes errors too, if the claim uses it neither as its principal reading nor as the alternative. */
function unreachedLine(claim: ClaimCase, words: LetterWords): Text[] {
  const { principal, alternative: line, lost } = claim;
  if (principal.reading !== 'received' || line || lost.total === 0) return [];
  const { availability } = claim.evidence.measured.readings.contract;
  const how = lostHow(claim, words);
  return [words.leftOutUnreached({ requests: lost.total, how, availability: availability ?? '-' })];
}

function deadlines({ dates, evidence }: ClaimCase, words: LetterWords): Text {
  return sentences(
    words,
    words.deadlines({ ...dates, timeZone: evidence.period.timeZone }),
    dates.isEstimated ? words.deadlinesEstimated : null,
    words.workingDays(dates.calendarSource[words.language]),
  );
}

const COUNTED: readonly CountedIn[] = ['received+contract', 'contract', 'excluded', 'none'];

function attached({ evidence }: ClaimCase, words: LetterWords): Text[] {
  const kinds = COUNTED.flatMap((kind) => {
    const requests = evidence.errors.filter(({ countedIn }) => countedIn === kind).length;
    return requests > 0 ? [words.countedIn[kind](requests)] : [];
  });
  return [
    words.attachedWindows,
    kinds.length > 0 ? words.attachedRequests(kinds) : words.attachedNoRequests,
    words.attachedSummary,
    words.attachedMethod,
    words.attachedPages,
    words.attachedLetter,
    words.attachedManifest,
  ];
}

function closing({ settings }: ClaimCase, words: LetterWords): Block[] {
  const signatory = settings.claimant.signatory ?? words.blank;
  return [...words.closing, words.placeAndDate, words.name(signatory)].map(paragraph);
}
