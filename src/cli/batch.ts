/** Batches of creates as JSON lines. */
import { isPlainObject, type PlainObject } from '../config/plain.ts';
import { SidecarError } from '../errors.ts';

export interface BatchLine {
  /** From 1. */
  line: number;
  path: string;
  body: PlainObject;
}

/** A longer text in a body is media, which no price depends on: it would only make the request larger. */
const MEDIA_CHARACTERS_MIN = 8_192;
const BATCH_LINES_MAX = 10_000;

/**
 * Reads JSON lines of `{path, body}`, or of bare bodies that all go to `path`. Empty lines are passed over.
 * @throws SidecarError `bad_usage` naming the first line that is neither.
 */
export function readBatch(text: string, path: string | undefined): BatchLine[] {
  const lines: BatchLine[] = [];
  for (const [index, content] of text.split('\n').entries()) {
    if (content.trim() !== '') lines.push(readLine(content, index + 1, path));
  }
  if (lines.length > 0 && lines.length <= BATCH_LINES_MAX) return lines;
  const fault =
    lines.length === 0 ? 'has no requests' : `has more than ${BATCH_LINES_MAX} requests: split it`;
  throw new SidecarError('bad_usage', `The batch ${fault}.`);
}

function readLine(content: string, line: number, path: string | undefined): BatchLine {
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch (cause) {
    throw new SidecarError('bad_usage', `Line ${line} is not JSON: each line must be one request.`, {
      cause,
    });
  }
  if (!isPlainObject(value)) throw new SidecarError('bad_usage', `Line ${line} is not a JSON object.`);
  const { path: own, body } = value;
  if (typeof own === 'string' && isPlainObject(body)) return { line, path: own, body: withoutMedia(body) };
  if (path !== undefined) return { line, path, body: withoutMedia(value) };
  throw new SidecarError(
    'bad_usage',
    `Line ${line} has no "path" and "body": give both, or --path for lines that are bare bodies.`,
  );
}

function withoutMedia(body: PlainObject): PlainObject {
  const shorten = (value: unknown): unknown => {
    if (typeof value === 'string') return value.length < MEDIA_CHARACTERS_MIN ? value : value.slice(0, 64);
    if (Array.isArray(value)) return value.map(shorten);
    if (!isPlainObject(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([name, child]) => [name, shorten(child)]));
  };
  return shorten(body) as PlainObject;
}
