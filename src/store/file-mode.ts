/** Modes of private files and folders: checks, and their text. */
import type { Stats } from 'node:fs';

export const READABLE_BY_OTHERS = 0o044;
export const WRITABLE_BY_OTHERS = 0o022;

/** Returns whether any of some bits of the mode is set; never on Windows, which has no such modes. */
export function isOpen({ mode }: Pick<Stats, 'mode'>, bits: number): boolean {
  return process.getuid !== undefined && (mode & bits) !== 0;
}

/** Writes a mode in four octal digits: `0600`. */
export function modeText({ mode }: Pick<Stats, 'mode'>): string {
  return (mode & 0o777).toString(8).padStart(4, '0');
}
