/**
 * The claim as one page for printing: the letter in a language, and a calendar of the windows.
 *
 * **Invariant**: one file; no script, no link to load, no network. Its text is the letter's.
 */
import { escapeXml, heading, joinTexts, plainTextOf, toHtml, type Block } from '../markup.ts';
import { daysIn, drawHeatMap, HEAT_COLOURS } from '../sla/heat-map.ts';
import { ratesOf, READINGS } from '../sla/reading.ts';
import { dayOf } from '../sla/period.ts';
import type { ClaimCase } from './claim-case.ts';
import type { LetterWords } from './letter-words.ts';

/** Writes the page from the case and its letter. */
export function writeClaimHtml(claim: ClaimCase, letter: readonly Block[], words: LetterWords): string {
  const { measured } = claim.evidence;
  const title = plainTextOf(words.title(measured.month));
  return `<!doctype html>
<html lang="${words.htmlLang}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escapeXml(title)}</title>
<style>
body { font: 15px/1.5 Georgia, 'Times New Roman', serif; max-width: 62em; margin: 2em auto; padding: 0 1em;
  color: #111; overflow-wrap: break-word; }
:lang(zh) body { font-family: 'Songti SC', SimSun, 'Noto Serif CJK SC', serif; }
h1 { font-size: 1.5em; } h2 { font-size: 1.15em; margin-top: 1.6em; }
table { border-collapse: collapse; } td, th { border: 1px solid #aaa; padding: .2em .6em; text-align: left; }
code { font-size: .9em; } svg { max-width: 100%; height: auto; }
.key { display: flex; flex-wrap: wrap; gap: .2em 1.2em; }
.key i { display: inline-block; width: 1.2em; height: .8em; margin-right: .4em; border: 1px solid #888; }
figure { margin: 1em 0; } figcaption { font-size: .95em; }
@page { size: A4; margin: 16mm; }
@media print {
  body { margin: 0; padding: 0; max-width: none; font-size: 11px; }
  h2 { break-after: avoid; } h2, tr, figure { break-inside: avoid; } thead { display: table-header-group; }
  .key i, svg { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
</style>
</head>
<body>
${toHtml(letter)}
<figure>
${toHtml([heading(2, words.calendarTitle(measured.timeZone))])}
<figcaption>${caption(claim, words)}</figcaption>
<p class="key">${legend(words)}</p>
${drawCalendar(claim, words)}
</figure>
</body>
</html>
`;
}

function drawCalendar({ evidence, principal }: ClaimCase, words: LetterWords): string {
  const { period, slices, measured } = evidence;
  return drawHeatMap({
    days: daysIn(period.spans, period.timeZone),
    timeZone: period.timeZone,
    rates: ratesOf(slices, READINGS[principal.reading]),
    gaps: measured.gaps.map((gap) => ({ start: Date.parse(gap.start), end: Date.parse(gap.end) })),
    title: words.calendarImage(measured.month),
  });
}

/** The legend of the calendar. */
function caption({ outage, recorded, evidence }: ClaimCase, words: LetterWords): string {
  const texts = [words.calendarCaption];
  if (outage) texts.push(words.calendarOutage(dayOf(outage.start, evidence.period.timeZone)));
  if (recorded.byOthers > 0) texts.push(words.calendarImported(recorded.byOthers));
  return escapeXml(plainTextOf(joinTexts(texts, words.gap)));
}

function legend({ colours }: LetterWords): string {
  const names = ['fine', 'low', 'middle', 'high', 'idle', 'notObserved'] as const;
  return names
    .map((name) => `<span><i style="background:${HEAT_COLOURS[name]}"></i>${escapeXml(colours[name])}</span>`)
    .join('\n');
}
