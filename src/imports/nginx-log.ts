/**
 * nginx access logs: the `combined` format, with further `name=value` fields after it, and JSON logs whose keys are
 * nginx's variables (nginx.org/en/docs/http/ngx_http_log_module.html and ngx_http_upstream_module.html).
 *
 * **Invariant**: Kling's status is `upstream_status` if it is logged; `status` is what nginx sent to its client. 499 and
 * 444 are no answers: the client had gone, or nginx closed the connection.
 */
import { foreignRecord, secondsToMs, type ForeignCall, type ForeignOptions } from './foreign.ts';
import type { Line } from './line-values.ts';
import { LINE_LENGTH_MAX, type FileRecord } from './records.ts';

const COMBINED =
  /^\S+ \S+ \S.*? ?\[([^\]]{20,40})\] "((?:[^"\\]|\\.)*)" (\d{3}) (?:\d+|-)(?: "(?:[^"\\]|\\.)*" "(?:[^"\\]|\\.)*")?(.*)$/;
const TIME_LOCAL = /^(\d{2})\/([A-Z][a-z]{2})\/(\d{4}):(\d{2}:\d{2}:\d{2}) ([+-]\d{2})(\d{2})$/;
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
/** nginx's own statuses for requests without an answer. */
const NO_ANSWER = new Set(['444', '499']);

/** Returns whether a line has the combined format. */
export function isCombined(text: string): boolean {
  return COMBINED.test(text);
}

/** Reads a line of the combined format. */
export function readCombined(text: string, line: number, options: ForeignOptions): FileRecord {
  if (text.length > LINE_LENGTH_MAX) {
    return { kind: 'bad', line, problem: `longer than ${LINE_LENGTH_MAX} characters` };
  }
  const match = COMBINED.exec(text.trimEnd());
  if (!match) return { kind: 'bad', line, problem: 'not a line of nginx’s combined format' };
  const [, time = '', request = '', status = '', more = ''] = match;
  return readVariables({ ...fieldsOf(more), time_local: time, request, status }, line, options);
}

/** Reads `name=value` and `name="value"`, `rt=` as `request_time`. */
function fieldsOf(text: string): Line {
  const fields: Line = {};
  for (const [, name = '', quoted, plain] of text.matchAll(/\b([a-z_]+)=(?:"([^"]*)"|([^\s"]+))/g)) {
    fields[name === 'rt' ? 'request_time' : name] = quoted ?? plain;
  }
  return fields;
}

/** Reads a call from nginx's variables, as a JSON log has them. */
export function readVariables(line: Line, number: number, options: ForeignOptions): FileRecord {
  const request = requestOf(line);
  if (!request) return { kind: 'other', line: number, what: 'no HTTP request' };
  const answer = answerOf(line);
  if (answer === 'own')
    return { kind: 'other', line: number, what: `an answer of nginx’s own: ${line['status']}` };
  const call: ForeignCall = {
    time: timeOf(line),
    ...request,
    ...answer,
    latencyMs: secondsToMs(lastOf(line['upstream_response_time'])) ?? secondsToMs(line['request_time']),
    requestId: textOf(line['request_id']),
    host: textOf(line['proxy_host']),
  };
  const record = foreignRecord(call, number, options);
  const isDoubtful = isGatewayStatus(answer.status) && line['upstream_header_time'] === undefined;
  return record.kind === 'line' && isDoubtful ? { ...record, isDoubtful } : record;
}

/** 502 and 504: nginx answers and logs them itself, also as `upstream_status`, if its upstream gave no answer. */
function isGatewayStatus(status: unknown): boolean {
  return ['502', '504'].includes(String(status));
}

function requestOf(line: Line): { method: string; target: string } | null {
  const [method, target] = (textOf(line['request']) ?? '').split(' ');
  const uri = textOf(line['request_uri']) ?? target ?? textOf(line['uri']) ?? textOf(line['path']);
  const verb =
    textOf(line['request_method']) ?? (method === '' ? undefined : method) ?? textOf(line['method']);
  return uri === undefined || verb === undefined || !/^[A-Za-z]{3,10}$/.test(verb)
    ? null
    : { method: verb, target: uri };
}

/** Gives Kling's status, or that Kling gave no answer; `own` if nginx did not ask its upstream. */
function answerOf(line: Line): Pick<ForeignCall, 'status' | 'error' | 'outcome'> | 'own' {
  const { status, upstream_status: upstream, upstream_header_time: header } = line;
  if (NO_ANSWER.has(String(status))) {
    return { error: `no answer was sent (nginx ${String(status)})`, outcome: 'aborted' };
  }
  const last = upstream === undefined ? status : lastOf(upstream);
  if (!/^\d{3}$/.test(String(last))) return upstream === undefined ? { status } : 'own';
  const isUnanswered = isGatewayStatus(last) && header !== undefined && lastOf(header) === '-';
  return isUnanswered ? { error: `the upstream gave no answer (nginx ${String(last)})` } : { status: last };
}

/** Gives the last of several attempts, which nginx logs as `502, 200` and, after an internal redirect, `502 : 200`. */
function lastOf(value: unknown): string {
  return (
    String(value ?? '')
      .split(/[,:]/)
      .at(-1) ?? ''
  ).trim();
}

function timeOf(line: Line): unknown {
  const iso = textOf(line['time_iso8601']);
  if (iso !== undefined) return iso;
  const local = textOf(line['time_local']);
  if (local !== undefined) return isoOf(local) ?? local;
  const msec = line['msec'];
  if (msec !== undefined) return secondsToMs(msec) ?? msec;
  return line['time'] ?? line['timestamp'] ?? line['@timestamp'];
}

/** Writes `05/Oct/2026:12:00:00 +0000` as ISO 8601; null if it has another form. */
function isoOf(local: string): string | null {
  const match = TIME_LOCAL.exec(local);
  const month = match ? MONTHS.indexOf(match[2] ?? '') + 1 : 0;
  if (!match || month === 0) return null;
  const [, day, , year, time, hours, minutes] = match;
  return `${year}-${String(month).padStart(2, '0')}-${day}T${time}${hours}:${minutes}`;
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' && value !== '-' ? value : undefined;
}
