/**
 * Faults on order: their kinds, the requests that they match, and their effects.
 *
 * A fault is ordered with `{ match, kind, times, …parameters }`. It matches a request if the method is equal, the
 * path (without query) begins with `match.path`, and the body contains `match.bodyIncludes`; absent parts match
 * all. The first matching fault is applied, once for each of its `times` (default 1, or `"always"`).
 *
 * **Invariant**: a fault has only the effect in its one line. "Before the charge" means that the request was not read;
 * "after the charge" that it was carried out in full and only its answer is lost.
 */
import { STATUS_CODES } from 'node:http';
import type { Ms } from '../units.ts';
import type { TaskOrders } from './account.ts';
import { FAULT_KINDS, FILE_FAULTS, type FaultKind } from './fault-kinds.ts';
import {
  codeReply,
  withRetryAfter,
  type Json,
  type JsonObject,
  type Reply,
  type RetryAfterForm,
} from './replies.ts';
import { FILES_PREFIX } from './result-files.ts';
import { checkVideoBytes } from './sample-media.ts';
import { THROTTLED } from './task-routes.ts';

export interface FaultMatch {
  method?: string;
  /** A prefix of the path. */
  path?: string;
  bodyIncludes?: string;
}

/** An order; parameters that its kind does not have are ignored. */
export interface FaultOrder {
  kind: FaultKind;
  match?: FaultMatch;
  /** The number of requests to which it is applied (1 or more); `"always"` until it is cleared. Default 1. */
  times?: number | 'always';
  ms?: Ms;
  code?: number;
  status?: number;
  message?: string;
  location?: string;
  seconds?: number;
  as?: RetryAfterForm;
  intervalMs?: Ms;
  bytes?: number;
  units?: number;
  answers?: number;
}

export interface Fault extends FaultOrder {
  id: string;
  /** The remaining number of requests; infinite for `"always"`. */
  left: number;
  met: number;
}

export interface FaultRequest {
  method: string;
  path: string;
  body: Buffer;
  /** Whether it asks for a range of bytes. */
  hasRange: boolean;
}

export interface Faults {
  add(order: FaultOrder): Fault;
  /** Gives the first fault that matches a request, and counts its use. */
  take(request: FaultRequest): Fault | undefined;
  /** All faults that were ordered since the last clearing, also used ones. */
  list(): readonly Fault[];
  clear(): void;
}

/** Makes an empty order book. */
export function createFaults(): Faults {
  let orders: Fault[] = [];
  let count = 0;
  return {
    add(order) {
      if (order.kind === 'result_bytes' && order.bytes !== undefined) checkVideoBytes(order.bytes);
      count += 1;
      const left = order.times === 'always' ? Infinity : (order.times ?? 1);
      const fault = { ...order, id: `fault-${count}`, left, met: 0 };
      orders.push(fault);
      return fault;
    },
    take(request) {
      const fault = orders.find((one) => one.left > 0 && meets(one, request));
      if (fault === undefined) return undefined;
      fault.left -= 1;
      fault.met += 1;
      return fault;
    },
    list: () => orders,
    clear: () => void (orders = []),
  };
}

function meets({ kind, match = {} }: Fault, { method, path, body, hasRange }: FaultRequest): boolean {
  if (kind === 'refuse_external_id' && !/"external_task_id"\s*:\s*"[^"]/.test(body.toString('latin1')))
    return false;
  if (Object.hasOwn(FILE_FAULTS, kind) && !path.startsWith(FILES_PREFIX)) return false;
  if (kind === 'file_416' && !hasRange) return false;
  return (
    (match.method === undefined || match.method.toUpperCase() === method) &&
    (match.path === undefined || path.startsWith(match.path)) &&
    (match.bodyIncludes === undefined || body.includes(match.bodyIncludes))
  );
}

const NUMBERS = ['ms', 'code', 'status', 'seconds', 'intervalMs', 'bytes', 'units', 'answers'] as const;
const TEXTS = ['message', 'location'] as const;
const RETRY_AFTER_FORMS: readonly RetryAfterForm[] = ['seconds', 'date'];

/**
 * Reads an order from JSON.
 * @throws Error with a sentence that names the wrong part and the allowed values.
 */
export function readFaultOrder(value: unknown): FaultOrder {
  const given = record(value, 'a fault');
  const kind = given['kind'];
  if (typeof kind !== 'string' || !isFaultKind(kind)) {
    throw new Error(`kind ${JSON.stringify(kind)} is none of ${Object.keys(FAULT_KINDS).join(', ')}`);
  }
  const order: FaultOrder = { kind, match: readMatch(given['match']) };
  const times = given['times'];
  if (times === 'always' || (typeof times === 'number' && Number.isInteger(times) && times > 0))
    order.times = times;
  else if (times !== undefined) throw new Error('times must be a whole number above 0, or "always"');
  for (const name of NUMBERS) {
    const number = given[name];
    if (number === undefined) continue;
    if (typeof number !== 'number' || !Number.isFinite(number)) throw new Error(`${name} must be a number`);
    order[name] = number;
  }
  for (const name of TEXTS) {
    const text = given[name];
    if (text !== undefined) order[name] = string(text, name);
  }
  const form = given['as'];
  if (form !== undefined) order.as = readForm(form);
  return order;
}

function readForm(value: unknown): RetryAfterForm {
  const form = RETRY_AFTER_FORMS.find((one) => one === value);
  if (form === undefined) throw new Error(`as must be one of ${RETRY_AFTER_FORMS.join(', ')}`);
  return form;
}

function readMatch(value: unknown): FaultMatch {
  const given = value === undefined ? {} : record(value, 'match');
  const match: FaultMatch = {};
  for (const name of ['method', 'path', 'bodyIncludes'] as const) {
    const text = given[name];
    if (text !== undefined) match[name] = string(text, `match.${name}`);
  }
  return match;
}

function record(value: unknown, what: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error(`${what} must be an object`);
  return value as Record<string, unknown>;
}

function string(value: unknown, name: string): string {
  if (typeof value !== 'string') throw new Error(`${name} must be a string`);
  return value;
}

function isFaultKind(kind: string): kind is FaultKind {
  return Object.hasOwn(FAULT_KINDS, kind);
}

/** The action of a fault that replaces the request; `nowMs` is the wall time of its answer. */
export function replyInstead(fault: Fault, nowMs: Ms): Reply | 'reset' | 'silence' | undefined {
  switch (fault.kind) {
    case 'code':
      return codeReply(fault.code ?? 5000, fault.message, fault.status);
    case 'code_nonzero_200':
      return codeReply(fault.code ?? 5000, fault.message, 200);
    case 'retry_after': {
      const reply = codeReply(fault.code ?? 1302, fault.message, fault.status);
      return withRetryAfter(reply, { seconds: fault.seconds ?? 1, as: fault.as ?? 'seconds' }, nowMs);
    }
    case 'late_task':
      return codeReply(fault.code ?? 5001, fault.message, fault.status);
    case 'refuse_external_id':
      return codeReply(1201, fault.message ?? 'external_task_id is not a supported parameter');
    case 'http':
      return htmlReply(fault.status ?? 502);
    case 'html_200':
      return htmlReply(200);
    case 'redirect': {
      const headers = { location: fault.location ?? 'http://127.0.0.1:9/elsewhere' };
      return { kind: 'bytes', status: fault.status ?? 307, headers, body: Buffer.alloc(0) };
    }
    case 'reset_before_charge':
      return 'reset';
    case 'no_answer_before_charge':
      return 'silence';
    default:
      return undefined;
  }
}

/** The changes of a fault to the answer of a request that was carried out. */
export function replyAfter(fault: Fault, reply: Reply): Reply | 'reset' | 'silence' {
  switch (fault.kind) {
    case 'reset_after_charge':
      return 'reset';
    case 'no_answer_after_charge':
      return 'silence';
    case '5xx_after_charge':
      return codeReply(fault.code ?? 5000, fault.message, fault.status);
    case 'html_after_charge':
      return htmlReply(fault.status ?? 502);
    case 'missing_task_id':
      return withData(reply, ({ task_id: _taskId, id: _id, ...rest }) => rest);
    case 'wrong_external_id':
      return withData(reply, (data) =>
        Object.hasOwn(data, 'id')
          ? { ...data, external_id: 'somebody-elses' }
          : { ...data, task_info: { external_task_id: 'somebody-elses' } },
      );
    case 'pad_answer':
      return withData(reply, (data) => ({ ...data, padding: 'x'.repeat(fault.bytes ?? 1_048_576) }));
    default:
      return reply;
  }
}

/** The orders of a fault for the task that a request makes. */
export function taskOrders(fault: Fault | undefined): TaskOrders {
  switch (fault?.kind) {
    case 'fail_task':
      return fault.message === undefined ? { fate: 'fail' } : { fate: 'fail', failMessage: fault.message };
    case 'throttled_task':
      return THROTTLED;
    case 'stuck_task':
      return { fate: 'stuck' };
    case 'charge_units':
      return { chargeMilli: Math.round((fault.units ?? 0) * 1000) };
    case 'no_deduction':
    case 'no_addresses':
    case 'contradiction':
    case 'older_update':
      return { oddity: { kind: fault.kind, answers: fault.answers, ms: fault.ms } };
    case 'result_bytes':
      return fault.bytes === undefined ? {} : { resultBytes: fault.bytes };
    default:
      return {};
  }
}

function withData(reply: Reply, change: (data: JsonObject) => JsonObject): Reply {
  if (reply.kind !== 'envelope' || !isObject(reply.data)) return reply;
  return { ...reply, data: change(reply.data) };
}

function isObject(data: Json | undefined): data is JsonObject {
  return typeof data === 'object' && data !== null && !Array.isArray(data);
}

function htmlReply(status: number): Reply {
  const title = `${status} ${STATUS_CODES[status] ?? ''}`;
  const page = `<html>\r\n<head><title>${title}</title></head>\r\n<body><center><h1>${title}</h1></center></body>\r\n</html>\r\n`;
  return { kind: 'bytes', status, headers: { 'content-type': 'text/html' }, body: Buffer.from(page) };
}
