/**
 * The page's files: its style, its script, and for pages with charts uPlot and what draws with it. Each has its hash in its name, so that a browser
 * may keep it for ever, and the policy of a page names the very bytes that may run.
 *
 * **Invariant**: nothing is built and nothing is fetched from elsewhere; the files are read once, at the first request.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { gzipSync } from 'node:zlib';

export interface PageFile {
  /** Where a page loads it from. */
  path: string;
  type: string;
  body: Buffer;
  /** The same, compressed. */
  gzipped: Buffer;
  /** `sha256-…` in base64, as `integrity` and a policy name it. */
  hash: string;
}

export type FileName = 'icon' | 'style' | 'script' | 'chartStyle' | 'chartScript' | 'drawScript';
export type PageFiles = Readonly<Record<FileName, PageFile>>;

export const FILES_PREFIX = '/page/files/';

let files: PageFiles | null = null;

/** Gives the files. @throws the system's error if one cannot be read: then the installation is not whole. */
export function pageFiles(): PageFiles {
  files ??= {
    icon: ownFile('icon.svg', 'image/svg+xml'),
    style: ownFile('page.css', 'text/css; charset=utf-8'),
    script: ownFile('page.js', 'text/javascript; charset=utf-8'),
    chartStyle: chartFile('uPlot.min.css', 'text/css; charset=utf-8'),
    chartScript: chartFile('uPlot.iife.min.js', 'text/javascript; charset=utf-8'),
    drawScript: ownFile('charts.js', 'text/javascript; charset=utf-8'),
  };
  return files;
}

/** Gives the file of a path; null if there is none. */
export function fileAt(path: string): PageFile | null {
  return Object.values(pageFiles()).find((file) => file.path === path) ?? null;
}

function ownFile(name: string, type: string): PageFile {
  return toFile(name, type, readFileSync(new URL(`./files/${name}`, import.meta.url)));
}

function chartFile(name: string, type: string): PageFile {
  const require = createRequire(import.meta.url);
  return toFile(name, type, readFileSync(require.resolve(`uplot/dist/${name}`)));
}

function toFile(name: string, type: string, body: Buffer): PageFile {
  const digest = createHash('sha256').update(body).digest();
  const [stem = '', ...rest] = name.split('.');
  const path = `${FILES_PREFIX}${stem}.${digest.toString('hex').slice(0, 12)}.${rest.join('.')}`;
  return { path, type, body, gzipped: gzipSync(body), hash: `sha256-${digest.toString('base64')}` };
}
