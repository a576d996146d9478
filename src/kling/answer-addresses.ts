/**
 * Finds the addresses of results in an answer or a callback of Kling's, and writes others in their place.
 *
 * **Invariant**: {@link withAddresses} changes the bytes of the named strings and no other byte. An answer that two parsers may
 * read differently (`strict-json.ts`) shows no address.
 */
import { SidecarError } from '../errors.ts';
import { memberOf, scanBody, textOf, type JsonNode } from './strict-json.ts';

/** One address: a string of the answer, with its bytes `[start, end)`, quotes included. */
export interface ShownAddress {
  /** Kling's id of the task whose result it is. */
  taskId: string;
  url: string;
  start: number;
  end: number;
}

/** The longest address that is looked at, in bytes. */
const ADDRESS_BYTES_MAX = 8_192;
const IS_ADDRESS = /^https?:\/\//i;

/**
 * Gives every address of a result, in the order of the bytes: of a single query, a list, `/tasks` by either verb, or a callback,
 * which has no envelope (kling-api.md, sections 5 and 7). Empty for bytes without a task or without plain JSON.
 */
export function shownAddresses(bytes: Buffer): ShownAddress[] {
  const root = scanned(bytes);
  if (root === null) return [];
  const found: ShownAddress[] = [];
  for (const item of itemsOf(root)) {
    const taskId = taskIdOf(bytes, item);
    if (taskId === null) continue;
    for (const name of ['task_result', 'outputs']) collect(memberOf(item, name), { bytes, taskId, found });
  }
  return found.toSorted((a, b) => a.start - b.start);
}

/** Writes other addresses in place of some; `edits` are in the order of the bytes, and none overlap. */
export function withAddresses(
  bytes: Buffer,
  edits: readonly (Pick<ShownAddress, 'start' | 'end'> & { url: string })[],
): Buffer {
  const pieces: Buffer[] = [];
  let at = 0;
  for (const { start, end, url } of edits) {
    pieces.push(bytes.subarray(at, start), Buffer.from(JSON.stringify(url)));
    at = end;
  }
  pieces.push(bytes.subarray(at));
  return Buffer.concat(pieces);
}

function scanned(bytes: Buffer): JsonNode | null {
  try {
    return scanBody(bytes);
  } catch (error) {
    if (error instanceof SidecarError) return null;
    throw error;
  }
}

/** Gives the tasks of an envelope's `data` (one, a list, or `data.result`), or the root itself: a callback. */
function itemsOf(root: JsonNode): readonly JsonNode[] {
  const data = memberOf(root, 'data');
  if (data === undefined) return [root];
  if (data.kind === 'array') return data.values;
  const result = memberOf(data, 'result');
  return result?.kind === 'array' ? result.values : [data];
}

function taskIdOf(bytes: Buffer, item: JsonNode): string | null {
  const id = memberOf(item, 'task_id') ?? memberOf(item, 'id');
  const isName = id?.kind === 'string' || id?.kind === 'number';
  return id !== undefined && isName ? textOf(bytes, id) || null : null;
}

interface Collected {
  bytes: Buffer;
  taskId: string;
  found: ShownAddress[];
}

function collect(node: JsonNode | undefined, to: Collected): void {
  if (node === undefined) return;
  if (node.kind !== 'string') {
    for (const value of node.values) collect(value, to);
    return;
  }
  const { start, end } = node;
  if (end - start > ADDRESS_BYTES_MAX) return;
  const url = textOf(to.bytes, node);
  if (IS_ADDRESS.test(url)) to.found.push({ taskId: to.taskId, url, start, end });
}
