/** A Chromium for attacks on the page. */
import { chromium, type Browser } from 'playwright-core';
import { debianProgram } from './debian-program.ts';

/**
 * Opens it: names below `.test` are 127.0.0.1, and Chromium's own walls between the web and loopback are off, so that ours must hold
 * alone.
 */
export function openAttackedBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: debianProgram('chromium', 'chromium'),
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-dev-shm-usage',
      '--disable-popup-blocking',
      '--disable-features=LocalNetworkAccessChecks,LocalNetworkAccessChecksWebSockets,HttpsUpgrades,HttpsFirstBalancedMode',
      '--host-resolver-rules=MAP *.test 127.0.0.1',
      '--no-proxy-server',
    ],
  });
}
