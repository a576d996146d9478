/** A message as simple HTML for mail readers: styles within elements, no image, no script, no links except to runbooks. */
import { escapeXml } from '../../markup.ts';
import type { WordedAlert } from '../alert.ts';
import { adviceLine, headingOf, moreLine, placeLine, subheadingOf, timeLine } from './message-lines.ts';
import { alertTone, type ShownMessage, type Tone } from './shown-message.ts';

const COLOURS: Readonly<Record<Tone, string>> = {
  page: '#d92d20',
  ticket: '#dc6803',
  info: '#175cd3',
  over: '#067647',
};

/** Writes a message as an HTML document. */
export function htmlMessage(message: ShownMessage): string {
  const { alerts, language } = message;
  const heading = escapeXml(headingOf(message));
  const place = `<p style="color:#667085;font-size:12px">${escapeXml(placeLine(message))}</p>`;
  return [
    `<!doctype html><html lang="${language}"><head><meta charset="utf-8"><title>${heading}</title></head>`,
    '<body style="font-family:sans-serif;font-size:14px;line-height:1.5;color:#101828">',
    `<h2 style="font-size:18px">${heading}</h2>`,
    ...alerts.map((alert) => alertHtml(message, alert)),
    paragraph(moreLine(message)),
    place,
    '</body></html>',
  ]
    .filter((line) => line !== '')
    .join('\n');
}

function alertHtml(message: ShownMessage, alert: WordedAlert): string {
  const colour = COLOURS[alertTone(alert)];
  const subheading = subheadingOf(message, alert);
  const title =
    subheading === '' ? '' : `<p><strong style="color:${colour}">${escapeXml(subheading)}</strong></p>`;
  const link =
    alert.runbookUrl === ''
      ? ''
      : `<p><a href="${escapeXml(alert.runbookUrl)}">${escapeXml(message.frame.runbook)}</a></p>`;
  const texts = [alert.finding, adviceLine(message, alert), timeLine(message, alert)].map(paragraph).join('');
  return `<div style="border-left:4px solid ${colour};padding-left:12px;margin:16px 0">${title}${texts}${link}</div>`;
}

function paragraph(text: string): string {
  return text === '' ? '' : `<p>${escapeXml(text)}</p>`;
}
