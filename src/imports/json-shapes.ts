/**
 * JSON lines that other programs write, recognised by their keys: nginx's variables, LiteLLM's StandardLoggingPayload
 * (docs.litellm.ai/docs/proxy/logging_spec) and Portkey's logs (portkey.ai/docs/api-reference/logs; both read 2026-11-27).
 *
 * A file has one shape, that of its first line. Of each line only time, path, status and the like are read.
 */
import { foreignRecord, secondsToMs, type ForeignCall, type ForeignOptions } from './foreign.ts';
import { parseLine } from './import-line.ts';
import { BadLine, type Line } from './line-values.ts';
import { readVariables } from './nginx-log.ts';
import type { FileRecord } from './records.ts';

export type JsonShape = 'own' | 'nginx' | 'litellm' | 'portkey';

const NGINX_KEYS = [
  'request_method',
  'request_uri',
  'time_iso8601',
  'time_local',
  'upstream_status',
  'body_bytes_sent',
];

/** Recognises a line's shape; a line that is no JSON object, or has none of these shapes, counts as our own. */
export function shapeOf(text: string): JsonShape {
  let line: Line;
  try {
    line = parseLine(text);
  } catch {
    return 'own';
  }
  if (isObject(line['standard_logging_object'])) return 'litellm';
  if ('startTime' in line && ('api_base' in line || 'call_type' in line)) return 'litellm';
  if (isObject(line['request']) && isObject(line['response'])) return 'portkey';
  if ('response_status_code' in line && 'request_url' in line) return 'portkey';
  return NGINX_KEYS.some((key) => key in line) ? 'nginx' : 'own';
}

/** Reads a line of another program's shape. */
export function readShaped(
  text: string,
  at: { line: number; shape: Exclude<JsonShape, 'own'> },
  options: ForeignOptions,
): FileRecord {
  const { line: number, shape } = at;
  try {
    const line = parseLine(text);
    if (shape === 'nginx') return readVariables(line, number, options);
    return foreignRecord(shape === 'litellm' ? ofLiteLlm(line) : ofPortkey(line), number, options);
  } catch (error) {
    if (error instanceof BadLine) return { kind: 'bad', line: number, problem: error.message };
    throw error;
  }
}

function ofLiteLlm(whole: Line): ForeignCall {
  const line = inner(whole, 'standard_logging_object') ?? whole;
  const { startTime, endTime, status } = line;
  const failure = inner(line, 'error_information') ?? {};
  const code = Number(failure['error_code']);
  const isStatus = Number.isInteger(code) && code >= 200 && code <= 599;
  const outcome =
    status === 'success'
      ? { status: 200 }
      : isStatus
        ? { status: code }
        : { error: firstText(line['error_str'], failure['error_message'], failure['error_class']) };
  const tookSeconds =
    typeof startTime === 'number' && typeof endTime === 'number' ? endTime - startTime : undefined;
  return {
    time: typeof startTime === 'number' ? secondsToMs(startTime) : startTime,
    method: null,
    target: firstText(line['api_base']) ?? firstText(line['request_url']),
    ...outcome,
    latencyMs: secondsToMs(tookSeconds) ?? secondsToMs(line['response_time']),
    requestId: firstText(line['id'], line['litellm_call_id']),
  };
}

function ofPortkey(line: Line): ForeignCall {
  const request = inner(line, 'request') ?? {};
  const response = inner(line, 'response') ?? {};
  const took = response['response_time'] ?? line['response_time'];
  return {
    time: line['created_at'] ?? line['time_of_generation'] ?? line['timestamp'],
    method: firstText(request['method'], line['request_method']) ?? null,
    target: firstText(request['url'], line['request_url']),
    status: response['status'] ?? line['response_status_code'],
    latencyMs: typeof took === 'number' && took >= 0 ? took : undefined,
    requestId: firstText(line['id']),
  };
}

function isObject(value: unknown): value is Line {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function inner(line: Line, key: string): Line | null {
  const value = line[key];
  return isObject(value) ? value : null;
}

function firstText(...values: unknown[]): string | undefined {
  return values.find((value): value is string => typeof value === 'string' && value !== '');
}
