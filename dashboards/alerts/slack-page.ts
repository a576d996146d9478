/**
 * Draws Block Kit as Slack's desktop client shows it, as a page for a browser: sizes, colours and the two columns of fields
 * are Slack's; its fonts are replaced by what the machine has.
 */
import type { SlackBlock } from '../../src/alerts/channels/block-kit.ts';

/** A message of the picture, in the channel or below one in its thread. */
export interface Posted {
  blocks: readonly SlackBlock[];
  at: string;
  isReply?: boolean;
}

export const WIDTH = 760;

const STYLE = `
  @font-face { font-family: Quotes; src: local('DejaVu Sans'); unicode-range: U+2018-201F; }
  html[lang=en] body { font-family: Lato, Quotes, 'Noto Sans CJK SC', sans-serif; }
  svg { width: 1.1em; height: 1.1em; vertical-align: -0.17em; }
  * { box-sizing: border-box; }
  body { margin: 0; background: #fff; color: #1d1c1d; width: ${WIDTH}px;
    font: 15px/1.46668 Lato, 'Noto Sans CJK SC', 'Noto Sans', 'DejaVu Sans', 'Noto Color Emoji', sans-serif; }
  .top { padding: 10px 20px; border-bottom: 1px solid #e8e8e8; font-weight: 900; font-size: 18px; }
  .message { display: flex; padding: 10px 20px; gap: 8px; }
  .message.reply { margin-left: 44px; border-left: 2px solid #e8e8e8; padding-left: 14px; }
  .face { width: 36px; height: 36px; border-radius: 4px; background: #14213d; color: #fff; font-weight: 900;
    text-align: center; line-height: 36px; flex: none; }
  .reply .face { width: 24px; height: 24px; line-height: 24px; font-size: 11px; }
  .content { flex: 1; min-width: 0; }
  .who b { font-weight: 900; } .who { margin-bottom: 2px; }
  .badge { background: #e8e8e8; color: #616061; font-size: 10px; padding: 1px 3px; border-radius: 2px; font-weight: 700;
    vertical-align: 1px; margin: 0 4px; }
  .time { color: #616061; font-size: 12px; }
  .header { font-size: 18px; line-height: 1.33334; font-weight: 900; margin: 4px 0 8px; }
  .section { margin-bottom: 8px; max-width: 600px; overflow-wrap: anywhere; }
  .fields { display: grid; grid-template-columns: 1fr 1fr; column-gap: 24px; row-gap: 8px; max-width: 640px; }
  .context { font-size: 12px; line-height: 1.4; color: #616061; margin-bottom: 8px; display: flex; flex-wrap: wrap; gap: 4px 12px; }
  hr { border: 0; border-top: 1px solid #dddddd; margin: 12px 0; }
  a { color: #1264a3; text-decoration: none; }
`;

/** Makes the page of some messages in a channel. */
export function slackPage(language: 'en' | 'zh', channel: string, messages: readonly Posted[]): string {
  const rows = messages.map(
    ({ blocks, at, isReply = false }) => `
      <div class="message${isReply ? ' reply' : ''}"><div class="face">ks</div><div class="content">
        <div class="who"><b>kling-sidecar</b><span class="badge">APP</span><span class="time">${html(at)}</span></div>
        ${signs(blocks.map(drawBlock).join('\n'))}
      </div></div>`,
  );
  return `<!doctype html><html lang="${language}"><meta charset="utf-8"><style>${STYLE}</style><div class="top"># ${html(channel)}</div>${rows.join('')}`;
}

function drawBlock(block: SlackBlock): string {
  switch (block.type) {
    case 'header':
      return `<div class="header">${block.text.text}</div>`;
    case 'section':
      return block.fields === undefined
        ? `<div class="section">${drawMrkdwn(block.text?.text ?? '')}</div>`
        : `<div class="section fields">${block.fields.map(({ text }) => `<div>${drawMrkdwn(text)}</div>`).join('')}</div>`;
    case 'context':
      return `<div class="context">${block.elements.map(({ text }) => `<span>${drawMrkdwn(text)}</span>`).join('')}</div>`;
    case 'divider':
      return '<hr>';
  }
}

/** Slack's escapes are HTML's, and stay as they are. Links and bold are the only markup that alerts have. */
function drawMrkdwn(text: string): string {
  return text
    .replaceAll(/<(https?:[^|>]+)\|([^>]+)>/g, '<a href="$1">$2</a>')
    .replaceAll(/(?<![\p{L}\p{N}])\*([^*\n]+)\*(?![\p{L}\p{N}])/gu, '<b>$1</b>')
    .replaceAll('\n', '<br>');
}

const CIRCLES: Readonly<Record<string, string>> = { '🔴': '#dd2e44', '🟠': '#f4900c', '🔵': '#55acee' };
const TICK =
  '<rect width="36" height="36" rx="4" fill="#77b255"/><path d="M8 19l7 7 13-16" fill="none" stroke="#fff" stroke-width="5"/>';

/** Draws the signs as Slack's own pictures of them, since not every machine has a font with them. */
function signs(page: string): string {
  const svg = (inside: string): string => `<svg viewBox="0 0 36 36">${inside}</svg>`;
  return page
    .replaceAll(/🔴|🟠|🔵/gu, (sign) => svg(`<circle cx="18" cy="18" r="18" fill="${CIRCLES[sign] ?? ''}"/>`))
    .replaceAll('✅', svg(TICK));
}

function html(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
