/**
 * Secrets that are written in a repository's tracked files.
 *
 * **Invariant**: a place is a file and a line; nothing that was found is shown. The search ends after so many files and
 * bytes, and says so.
 */
import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { nextTurn } from '../clock.ts';
import type { Secret } from '../secret.ts';
import { formsOfSecret } from '../telemetry/redaction.ts';

export interface Place {
  /** Relative to the repository's top. */
  file: string;
  /** From 1; null if the file's name alone is what matters. */
  line: number | null;
}

export interface LiteralSearch {
  /** Where a secret that is configured here is written, in any of its forms. */
  own: readonly Place[];
  /** Where something is written that looks like a secret of Kling's or of an alert channel. */
  alike: readonly Place[];
  files: number;
  /** Whether some files were left out: too many, or too large. */
  isPartial: boolean;
}

const FILES_MAX = 20_000;
const FILE_BYTES_MAX = 1_048_576;
const BYTES_MAX = 134_217_728;
const PLACES_MAX = 100;
const BINARY_LOOK_BYTES = 8_000;
/** A shorter value would be found in ordinary words. */
const SECRET_CHARACTERS_MIN = 12;
/** Files between two turns of the event loop. */
const FILES_A_TURN = 50;

/** Searches tracked text files for secrets by their own values, and for what is written like one. */
export async function findLiterals(
  { top, tracked }: { top: string; tracked: readonly string[] },
  secrets: readonly Secret[],
): Promise<LiteralSearch> {
  const needles = needlesOf(secrets);
  const own: Place[] = [];
  const alike: Place[] = [];
  let [files, bytes] = [0, 0];
  let isPartial = tracked.length > FILES_MAX;
  for (const file of tracked.slice(0, FILES_MAX)) {
    if (bytes > BYTES_MAX || own.length + alike.length >= PLACES_MAX) {
      isPartial = true;
      break;
    }
    const text = await readText(path.join(top, file));
    if (text === 'too large') isPartial = true;
    if (text === null || text === 'too large') continue;
    files += 1;
    bytes += text.content.length;
    const line = firstLine(text.content, needles);
    if (line !== null) own.push({ file, line });
    else alike.push(...alikeIn(text.content).map((at) => ({ file, line: at })));
    if (files % FILES_A_TURN === 0) await nextTurn();
  }
  return { own, alike, files, isPartial };
}

function needlesOf(secrets: readonly Secret[]): string[] {
  const values = secrets.map((secret) => secret.reveal());
  const wanted = values.filter((value) => value.length >= SECRET_CHARACTERS_MIN);
  return [...new Set(wanted.flatMap(formsOfSecret))].filter((form) => form.length >= SECRET_CHARACTERS_MIN);
}

/** Reads a text file; null for what is gone, no file, or binary. A link is not followed: what it leads to may be elsewhere. */
async function readText(file: string): Promise<{ content: string } | 'too large' | null> {
  let handle: FileHandle;
  try {
    handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch {
    return null;
  }
  try {
    const stats = await handle.stat();
    if (!stats.isFile()) return null;
    if (stats.size > FILE_BYTES_MAX) return 'too large';
    const bytes = await handle.readFile();
    if (bytes.subarray(0, BINARY_LOOK_BYTES).includes(0)) return null;
    return { content: bytes.toString('utf8') };
  } catch {
    return null;
  } finally {
    await handle.close();
  }
}

function firstLine(text: string, needles: readonly string[]): number | null {
  const at = needles.map((needle) => text.indexOf(needle)).filter((found) => found >= 0);
  return at.length === 0 ? null : lineAt(text, Math.min(...at));
}

function lineAt(text: string, index: number): number {
  return text.slice(0, index).split('\n').length;
}

/**
 * Shapes of secrets, each with the part that must not be a placeholder: access keys, provider keys, what is assigned to a name
 * of Kling's or to a secret key, webhook secrets, Slack's tokens and hooks.
 */
const SHAPES: readonly RegExp[] = [
  /(?<![A-Za-z0-9_+/=-])(AK[A-Za-z0-9]{14,62})(?![A-Za-z0-9_+/=])/g,
  /(?<![A-Za-z0-9_-])(sk-[A-Za-z0-9_-]{20,200})/g,
  /KLING(?:AI)?_(?:API|ACCESS|SECRET)_KEY["']?\s{0,4}[:=]\s{0,4}["']?([A-Za-z0-9+/_-]{16,200}={0,2})(?![A-Za-z0-9+/_.(-])/g,
  /(?:access|secret)_?key["']?\s{0,4}[:=]\s{0,4}["']([A-Za-z0-9+/_-]{24,200}={0,2})["']/gi,
  /(?<![A-Za-z0-9_])(whsec_[A-Za-z0-9+/]{24,200}={0,2})/g,
  /(?<![A-Za-z0-9_])(xox[abpr]-[A-Za-z0-9-]{20,200})/g,
  /hooks\.slack\.com\/services\/(T[A-Z0-9]{6,20}\/B[A-Z0-9]{6,20}\/[A-Za-z0-9]{16,60})/g,
];
const PLACEHOLDER =
  /your|example|placeholder|change|dummy|sample|fake|test|demo|redacted|emulator|canary|0123456789/i;
const DISTINCT_MIN = 8;

/** Gives the lines on which something is written like a secret, each once. */
export function alikeIn(text: string): number[] {
  const lines = new Set<number>();
  for (const shape of SHAPES) {
    for (const match of text.matchAll(shape)) {
      if (isRandom(match[1] ?? '')) lines.add(lineAt(text, match.index));
    }
  }
  return [...lines].toSorted((a, b) => a - b);
}

/** Words, names and placeholders are no secrets: a random text has digits and letters, and many of them. */
function isRandom(text: string): boolean {
  const isMixed = /\d/.test(text) && /[A-Za-z]/.test(text);
  return isMixed && new Set(text).size >= DISTINCT_MIN && !PLACEHOLDER.test(text);
}
