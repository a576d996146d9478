/** The formats of import files: recognised by the file's beginning, or named by the caller. */
import { SidecarError } from '../errors.ts';
import { isCsvHeader, readCsv, type ColumnMap } from './csv-file.ts';
import type { ForeignOptions } from './foreign.ts';
import { isHar, readHar } from './har-file.ts';
import { openText } from './input.ts';
import { readShaped, shapeOf } from './json-shapes.ts';
import { isCombined, readCombined } from './nginx-log.ts';
import { recordsOfLines, type FileRecord, type RecordSource } from './records.ts';

export const IMPORT_FORMATS = ['auto', 'jsonl', 'nginx', 'har', 'csv'] as const;
export type ImportFormat = (typeof IMPORT_FORMATS)[number];

export interface FormatOptions extends ForeignOptions {
  format: ImportFormat;
  /** The meaning of the columns of a CSV. */
  columns?: ColumnMap;
}

/**
 * Opens a file as records.
 * @throws SidecarError `bad_usage` if its format is not known; while reading, if it is damaged.
 */
export async function openRecords(
  chunks: AsyncIterable<string | Uint8Array>,
  options: FormatOptions,
): Promise<RecordSource> {
  const { head, chunks: text } = await openText(chunks);
  const format = options.format === 'auto' ? recognise(head) : options.format;
  if (format === 'csv') return { unit: 'row', records: readCsv(text, options) };
  if (format === 'har') return { unit: 'entry', records: readHar(text, options) };
  return { unit: 'line', records: recordsOfLines(text, lineReader(format, head, options)) };
}

function recognise(head: string): Exclude<ImportFormat, 'auto'> {
  const first = firstLineOf(head);
  if (isHar(head)) return 'har';
  if (/^\s*\[\s*(\{|$)/.test(head)) {
    throw new SidecarError(
      'bad_usage',
      'the file is one JSON array: one object a line is expected. jq -c ".[]" FILE | kling-sidecar import - does it.',
    );
  }
  if (first === '' || /^\s*[{[]/.test(first)) return 'jsonl';
  if (isCombined(first)) return 'nginx';
  if (isCsvHeader(first)) return 'csv';
  throw new SidecarError(
    'bad_usage',
    `the format of the file is not known; it begins with ${JSON.stringify(first.slice(0, 100))}. Known are JSON lines, ` +
      'nginx’s access logs (combined or JSON), HAR, and CSV whose header names time and path; each may be a gzip file. ' +
      '--format names one of them.',
  );
}

function firstLineOf(head: string): string {
  return head.split('\n').find((line) => line.trim() !== '') ?? '';
}

function lineReader(
  format: 'jsonl' | 'nginx',
  head: string,
  options: FormatOptions,
): (text: string, line: number) => FileRecord {
  const first = firstLineOf(head);
  if (format === 'nginx' && !first.trimStart().startsWith('{')) {
    return (text, line) => readCombined(text, line, options);
  }
  const shape = format === 'nginx' ? 'nginx' : shapeOf(first);
  if (shape === 'own') return (text, line) => ({ kind: 'line', line, text });
  return (text, line) => readShaped(text, { line, shape }, options);
}
