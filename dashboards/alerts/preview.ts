/**
 * Draws alerts as people read them in Slack, into `docs/pictures/alert-*.png`: `npm run alerts:preview`.
 *
 * The blocks are those that Slack is sent; how Slack shows them is imitated. Needs Debian's `chromium`.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AlertMessage } from '../../src/alerts/alert.ts';
import { slackMessage } from '../../src/alerts/channels/slack-message.ts';
import { debianProgram } from '../../test-debian/debian-program.ts';
import { digest, firing, resolved } from './samples.ts';
import { slackPage, WIDTH } from './slack-page.ts';

const PICTURES = join(import.meta.dirname, '../../docs/pictures');
/** Above the tallest picture. */
const HEIGHT_MAX = 2_000;
const CHANNEL = 'video-alerts';

const CASES = { firing, resolved, digest };

function draw(language: 'en' | 'zh', name: string, messages: readonly AlertMessage[]): void {
  const posted = messages.map((message) => ({ blocks: slackMessage(message).blocks, at: '2:05 PM' }));
  picture(slackPage(language, CHANNEL, posted), join(PICTURES, `alert-${name}-${language}.png`));
}

/** Lets Chromium measure a page and make a PNG of it. */
function picture(html: string, path: string): void {
  const folder = mkdtempSync(join(tmpdir(), 'kling-preview-'));
  const page = join(folder, 'page.html');
  const measure =
    '<script>document.title = String(Math.ceil(document.documentElement.getBoundingClientRect().height))</script>';
  writeFileSync(page, `${html}${measure}`);
  const dom = chromium(folder, ['--dump-dom', `file://${page}`]);
  const height = Number(/<title>(\d+)<\/title>/.exec(dom)?.[1] ?? HEIGHT_MAX);
  chromium(folder, [
    `--window-size=${WIDTH},${height}`,
    '--force-device-scale-factor=1.5',
    `--screenshot=${path}`,
    `file://${page}`,
  ]);
  rmSync(folder, { recursive: true, force: true });
}

function chromium(folder: string, args: readonly string[]): string {
  const options = [
    '--headless=new',
    '--no-sandbox',
    '--disable-gpu',
    '--hide-scrollbars',
    `--user-data-dir=${folder}`,
  ];
  const done = spawnSync(
    debianProgram('chromium', 'chromium'),
    [...options, `--window-size=${WIDTH},${HEIGHT_MAX}`, ...args],
    {
      encoding: 'utf8',
    },
  );
  if (done.status !== 0) throw new Error(`Chromium: ${done.stderr}`);
  return done.stdout;
}

for (const language of ['en', 'zh'] as const) {
  for (const [name, make] of Object.entries(CASES)) draw(language, name, make(language));
}
