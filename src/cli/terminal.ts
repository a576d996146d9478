/**
 * Where a command writes and reads: its own streams, so that tests hold them.
 *
 * **Invariant**: colour and progress appear only on a terminal and never with `NO_COLOR`; text that came from
 * elsewhere cannot steer a terminal; a reader that goes away ends the command quietly.
 */
import type { Readable } from 'node:stream';
import type { Clock } from '../clock.ts';
import type { Environment } from '../config/config-environment.ts';

export interface Terminal {
  out(text: string): void;
  err(text: string): void;
  stdin: Readable;
  /** Whether standard output, and standard error, are terminals. */
  isTerminal: boolean;
  isErrTerminal: boolean;
  /** Cells of a line of the terminal; absent where that is not known. */
  columns?: number | undefined;
  /** With the secrets, which the process's own environment no longer has. */
  env: Environment;
  cwd: string;
  clock: Clock;
  /** Lowers the priority of the process from now on; absent if the process is not the command's own. */
  giveWay?: () => void;
}

/** What a piece of text means; colours follow from it. */
export type Tone = 'bold' | 'dim' | 'good' | 'bad' | 'warn';

const CODES: Readonly<Record<Tone, number>> = { bold: 1, dim: 2, good: 32, bad: 31, warn: 33 };

/** Colours text on a terminal that wants it, and leaves it alone elsewhere. */
export function paint(terminal: Pick<Terminal, 'isTerminal' | 'env'>, tone: Tone, text: string): string {
  const wantsColour = terminal.isTerminal && (terminal.env['NO_COLOR'] ?? '') === '';
  return wantsColour ? `\u001b[${CODES[tone]}m${text}\u001b[0m` : text;
}

/** Reads a stream to its end as text, up to a limit in bytes. */
export async function readAll(stream: Readable, bytesMax: number): Promise<string | undefined> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of stream) {
    const buffer = Buffer.from(piece as Uint8Array);
    bytes += buffer.length;
    if (bytes > bytesMax) return undefined;
    pieces.push(buffer);
  }
  return Buffer.concat(pieces).toString('utf8');
}
