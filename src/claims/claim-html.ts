/**
 * The claim as one page for printing: the English letter and a calendar of the windows.
 *
 * **Invariant**: one file; no script, no link to load, no network. What it says is the letter's text, turned from
 * the Markdown that we write ourselves: headings, tables, lists, paragraphs, bold, code.
 */
import { daysIn, drawHeatMap, escapeXml, HEAT_COLOURS } from '../sla/heat-map.ts';
import { ratesOf, READINGS } from '../sla/reading.ts';
import { dayOf } from '../sla/period.ts';
import type { ClaimCase } from './claim-case.ts';

/** Writes `claim.html` from the case and the English letter. */
export function writeClaimHtml(claim: ClaimCase, letter: string): string {
  const { measured } = claim.evidence;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Kling AI SLA claim ${escapeXml(measured.month)}</title>
<style>
body { font: 15px/1.45 Georgia, 'Songti SC', serif; max-width: 62em; margin: 2em auto; padding: 0 1em; color: #111; }
h1 { font-size: 1.5em; } h2 { font-size: 1.15em; margin-top: 1.6em; }
table { border-collapse: collapse; } td, th { border: 1px solid #aaa; padding: .2em .6em; text-align: left; }
code { font-size: .9em; } svg { max-width: 100%; height: auto; }
.key span { display: inline-block; width: 1em; height: .8em; margin: 0 .3em 0 1em; }
figure { margin: 1em 0; } figcaption { font-size: .9em; }
@page { margin: 16mm; }
@media print {
  body { margin: 0; max-width: none; font-size: 11px; }
  h2 { break-after: avoid; } h2, tr, figure { break-inside: avoid; } thead { display: table-header-group; }
  .key span, svg { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
</style>
</head>
<body>
${toHtml(letter)}
<figure>
<h2>Calendar of the 5-minute windows (${escapeXml(measured.timeZone)})</h2>
<figcaption>A row is a day, a mark five minutes. ${escapeXml(caption(claim))}</figcaption>
<p class="key">${legend()}</p>
${drawCalendar(claim)}
</figure>
</body>
</html>
`;
}

function drawCalendar({ evidence, principal }: ClaimCase): string {
  const { period, slices, measured } = evidence;
  return drawHeatMap({
    days: daysIn(period.spans, period.timeZone),
    timeZone: period.timeZone,
    rates: ratesOf(slices, READINGS[principal.reading]),
    gaps: measured.gaps.map((gap) => ({ start: Date.parse(gap.start), end: Date.parse(gap.end) })),
    title: `Error rates of the 5-minute windows of ${measured.month}, a row a day`,
  });
}

/** What to look for in the picture. */
function caption({ outage, recorded, evidence }: ClaimCase): string {
  const stretch = outage
    ? `The dark marks of ${dayOf(outage.start, evidence.period.timeZone)} are the stretch that cost most.`
    : '';
  const imported =
    recorded.byOthers > 0
      ? ` In ${recorded.byOthers} windows our gateway did not run; what is shown there comes from other programs of ours.`
      : '';
  return stretch + imported;
}

function legend(): string {
  const entries: [string, string][] = [
    [HEAT_COLOURS.fine, 'requests, no error'],
    [HEAT_COLOURS.low, 'up to 10 % errors'],
    [HEAT_COLOURS.middle, 'up to 50 %'],
    [HEAT_COLOURS.high, 'above 50 %'],
    [HEAT_COLOURS.idle, 'no request'],
    [HEAT_COLOURS.notObserved, 'recorder not running'],
  ];
  return entries.map(([colour, text]) => `<span style="background:${colour}"></span>${text}`).join('');
}

/** Turns the letter's Markdown into HTML, block by block. */
function toHtml(markdown: string): string {
  return markdown
    .trim()
    .split(/\n{2,}/)
    .map(blockToHtml)
    .join('\n');
}

function blockToHtml(block: string): string {
  const heading = /^(#{1,2}) (.*)$/.exec(block);
  if (heading) {
    const level = heading[1]?.length ?? 1;
    return `<h${level}>${inline(heading[2] ?? '')}</h${level}>`;
  }
  const lines = block.split('\n');
  if (block.startsWith('|')) return tableToHtml(lines);
  if (block.startsWith('- ')) return `<ul>${items(lines, /^- /)}</ul>`;
  if (/^\d+\. /.test(block)) return `<ol>${items(lines, /^\d+\. /)}</ol>`;
  return `<p>${inline(lines.join(' '))}</p>`;
}

function items(lines: readonly string[], mark: RegExp): string {
  return lines.map((line) => `<li>${inline(line.replace(mark, ''))}</li>`).join('');
}

function tableToHtml(lines: readonly string[]): string {
  const cells = (line: string): string[] =>
    line
      .slice(1, -1)
      .split(/(?<!\\)\|/)
      .map((cell) => inline(cell.trim().replaceAll('\\|', '|')));
  const row = (line: string, tag: 'td' | 'th'): string =>
    `<tr>${cells(line)
      .map((cell) => `<${tag}>${cell}</${tag}>`)
      .join('')}</tr>`;
  const [head = '', , ...body] = lines;
  const isHeadEmpty = cells(head).every((cell) => cell === '');
  const rows = body.map((line) => row(line, 'td')).join('\n');
  return `<table>${isHeadEmpty ? '' : `<thead>${row(head, 'th')}</thead>`}<tbody>${rows}</tbody></table>`;
}

function inline(text: string): string {
  return escapeXml(text)
    .replaceAll(/\*\*(.+?)\*\*/g, '<strong>$1</strong>')
    .replaceAll(/`(.+?)`/g, '<code>$1</code>');
}
