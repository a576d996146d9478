/** A Chromium for attacks on the page. */
import type { Browser } from 'playwright-core';
import { openPageBrowser } from './page-browser.ts';

/**
 * Opens it: names below `.test` are 127.0.0.1, and Chromium's own walls between the web and loopback are off, so that ours must hold
 * alone.
 */
export function openAttackedBrowser(): Promise<Browser> {
  return openPageBrowser([
    '--disable-popup-blocking',
    '--disable-features=LocalNetworkAccessChecks,LocalNetworkAccessChecksWebSockets,HttpsUpgrades,HttpsFirstBalancedMode',
    '--host-resolver-rules=MAP *.test 127.0.0.1',
    '--no-proxy-server',
  ]);
}
