/** The common part of all formats: a file becomes records, each a line of an import or the reason why it is none. */
import { SidecarError } from '../errors.ts';

/** A line longer than this many characters is bad. */
export const LINE_LENGTH_MAX = 65_536;
/** Longer text without a line feed is not made of lines. */
const REST_LENGTH_MAX = LINE_LENGTH_MAX * 4;

/** One record of a file; `line` counts the records in the usual way of this format, from 1. */
export type FileRecord =
  /** `isDoubtful`: its status may be a proxy’s own, and the log does not show it. */
  | { kind: 'line'; line: number; text: string; isDoubtful?: boolean }
  | { kind: 'bad'; line: number; problem: string }
  /** A call to another API, or no call: left out. */
  | { kind: 'other'; line: number; what: string };

/** A file being read. */
export interface RecordSource {
  /** The word for what `line` counts, for messages. */
  unit: 'line' | 'row' | 'entry';
  /** In order, many at a time. */
  records: AsyncIterable<FileRecord[]>;
}

/** Cuts pieces of text into lines, many at a time, without their ends; a last line needs no line feed. */
export async function* linesOf(chunks: AsyncIterable<string>): AsyncGenerator<string[]> {
  let rest = '';
  for await (const chunk of chunks) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > REST_LENGTH_MAX) {
      throw new SidecarError('bad_usage', 'the file is not made of lines: one record a line is expected.');
    }
    if (lines.length > 0) yield lines;
  }
  if (rest !== '') yield [rest];
}

/** Makes records of lines; `convert` gives null for an empty line. */
export async function* recordsOfLines(
  chunks: AsyncIterable<string>,
  convert: (text: string, line: number) => FileRecord | null,
): AsyncGenerator<FileRecord[]> {
  let line = 0;
  for await (const lines of linesOf(chunks)) {
    const records: FileRecord[] = [];
    for (const text of lines) {
      line += 1;
      const record = text.trim() === '' ? null : convert(text, line);
      if (record) records.push(record);
    }
    yield records;
  }
}
