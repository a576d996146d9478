/** The Chromium that the tests of the page look with. */
import { chromium, type Browser, type LaunchOptions, type Page } from 'playwright-core';
import { debianProgram } from './debian-program.ts';

/** Opens Debian's Chromium without a window; `args` are further ones. */
export function openPageBrowser(args: readonly string[] = []): Promise<Browser> {
  const options: LaunchOptions = {
    executablePath: debianProgram('chromium', 'chromium'),
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', ...args],
  };
  return chromium.launch(options);
}

/** Notes every error of a page's console and scripts; `usual` are those that the test makes. */
export function noteErrors(page: Page, errors: string[], usual: RegExp): void {
  page.on('console', (message) => {
    if (message.type() === 'error' && !usual.test(message.text())) errors.push(message.text());
  });
  page.on('pageerror', (error) => void errors.push(error.message));
}

/** Waits until a page is followed live; a page without a section that changes is not. */
export async function liveIfEver(page: Page): Promise<void> {
  if ((await page.locator('[data-live]').count()) > 0) await isLive(page);
}

/** Waits until a page is followed live. */
export function isLive(page: Page): Promise<void> {
  return page.locator('#live:not(:empty):not(.lost)').waitFor();
}
