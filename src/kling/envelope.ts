/**
 * Reads Kling's answers: the envelope, the meaning of a create's answer, and the tasks that an answer shows.
 *
 * Both generations wrap everything in `{ code, message, request_id, data }`. Ids have 18 digits and may come as JSON
 * numbers; they and all amounts are kept as text.
 *
 * **Invariant**: nothing here throws for any bytes. After an answer that is not understood it is unknown whether a task
 * was made. A status word that Kling has not documented never ends a task.
 */
import type { CreateEnd, StoredAnswer } from '../ledger/ledger.ts';
import type { TaskSighting } from '../tasks/task.ts';
import { storableText } from '../plain-text.ts';
import { codeInfo } from './codes.ts';
import type { CashPrice } from '../account/row-credits.ts';
import { deductionOf } from './deduction.ts';
import type { KlingRoute } from './routes.ts';
import { fieldOf, parseKeepingDigits, textOfValue } from './json-value.ts';
import type { OwnField } from './own-fields.ts';
import { itemsOf, sightingOf } from './task-shape.ts';

/** Larger answers are not read: 500 tasks of a full page are about 1 MiB. */
export const ENVELOPE_BYTES_MAX = 4_194_304;

export interface Envelope {
  code: number | null;
  message: string | null;
  requestId: string | null;
  data: unknown;
}

/** Reads an envelope; null if the bytes are no JSON object or more than {@link ENVELOPE_BYTES_MAX}. */
export function readEnvelope(bytes: Uint8Array): Envelope | null {
  if (bytes.length === 0 || bytes.length > ENVELOPE_BYTES_MAX) return null;
  const root = parseKeepingDigits(bytes);
  if (typeof root !== 'object' || root === null || Array.isArray(root)) return null;
  return {
    code: codeOf(fieldOf(root, 'code')),
    message: textOfValue(fieldOf(root, 'message')),
    requestId: textOfValue(fieldOf(root, 'request_id')),
    data: fieldOf(root, 'data'),
  };
}

function codeOf(value: unknown): number | null {
  const code = typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : value;
  return typeof code === 'number' && Number.isSafeInteger(code) ? code : null;
}

export interface CreateAnswer {
  route: KlingRoute;
  status: number;
  bytes: Uint8Array;
  /** The envelope in `bytes`, if the caller has read it already. */
  envelope?: Envelope | null;
  /** The id in effect: an answer with another id is not about our task. */
  externalTaskId: string | null;
  /** The price for deductions in cash; by default the list price in dollars. */
  price?: CashPrice;
}

/** Gives what a create's answer means for its hold. */
export function createEnd(answer: CreateAnswer): CreateEnd {
  const { route, status, bytes, price } = answer;
  const envelope = answer.envelope === undefined ? readEnvelope(bytes) : answer.envelope;
  const code = envelope?.code ?? null;
  if (status >= 500) return unknown(`HTTP ${status}${code === null ? '' : `, code ${code}`}`);
  if (envelope === null || code === null) return unknown(`HTTP ${status} without Kling's envelope`);
  const info = codeInfo(code);
  if (info === null) return unlisted(status, envelope);
  const said = `HTTP ${status}, code ${code}: ${storableText((envelope.message ?? info.meaning).slice(0, 200))}`;
  if (info.taskMade === 'unknown') return unknown(said);
  if (info.taskMade === 'no') {
    if (!isOwnDuplicate(envelope, answer.externalTaskId)) return { kind: 'refused', evidence: said };
    return unknown(`${said}; the id is ours and new, so an earlier copy of this request arrived`);
  }
  if (status < 200 || status > 299) return unknown(said);
  if (route.kind === 'sync_create') return synchronousEnd(route, envelope, price);
  return taskEnd(answer, envelope);
}

function synchronousEnd(route: KlingRoute, { data }: Envelope, price?: CashPrice): CreateEnd {
  const deduction = deductionOf(data, route.product, price);
  if (deduction !== null) return { kind: 'done', credits: deduction.credits, raw: deduction.raw };
  if (fieldOf(data, 'task_status') === 'failed') {
    return { kind: 'refused', evidence: 'answered as failed, without a deduction' };
  }
  return { kind: 'done', credits: null, raw: null };
}

function taskEnd({ route, externalTaskId, price }: CreateAnswer, { data }: Envelope): CreateEnd {
  const sighting = sightingOf(data, route.product, price);
  if (sighting === null) return unknown('code 0 without a task id');
  const echoed = sighting.externalTaskId;
  if (externalTaskId !== null && echoed !== null && echoed !== externalTaskId) {
    return unknown(`the answer names another external task id, ${storableText(echoed.slice(0, 80))}`);
  }
  return { kind: 'task', sighting: { ...sighting, externalTaskId: echoed ?? externalTaskId } };
}

/** A refusal is Kling's own only with a request id: a proxy's JSON may have a code, too. */
function unlisted(status: number, { code, requestId }: Envelope): CreateEnd {
  const end = unknown(`HTTP ${status}, code ${code}, which Kling does not document`);
  return status >= 400 && status <= 499 && requestId !== null ? { ...end, isRefusal: true } : end;
}

function unknown(evidence: string): CreateEnd & { kind: 'unknown' } {
  return { kind: 'unknown', evidence };
}

const SAYS_EXISTS = /exist|duplicate|repeat|unique/i;
const NAMES_FIELD = /external[\s_-]?(?:task[\s_-]?)?id/i;

/** An id that we made can only exist already if this request was delivered before. */
function isOwnDuplicate({ code, message }: Envelope, externalTaskId: string | null): boolean {
  if (code !== 1201 || externalTaskId === null || !/^ks_[0-9a-z]{26}$/.test(externalTaskId)) return false;
  return NAMES_FIELD.test(message ?? '') && SAYS_EXISTS.test(message ?? '');
}

const NAMES_CALLBACK = /callback[\s_-]?url/i;

/**
 * Gives the field of ours that Kling refused itself, and not only its value: null if it refused none. For `callback_url` there is no
 * difference: an address that Kling does not take is no use to it.
 */
export function refusedField(status: number, envelope: Envelope | null): OwnField | null {
  if (envelope === null || status !== 400 || (envelope.code !== 1200 && envelope.code !== 1201)) return null;
  const message = envelope.message ?? '';
  if (NAMES_CALLBACK.test(message)) return 'callback_url';
  return NAMES_FIELD.test(message) && !SAYS_EXISTS.test(message) ? 'external_task_id' : null;
}

/**
 * Gives every task that an answer shows: of a create, a single query, a list, or `/tasks` by either verb.
 *
 * Empty for answers that are no success, for libraries and for account routes.
 */
export function sightingsOf(route: KlingRoute, bytes: Uint8Array, price?: CashPrice): TaskSighting[] {
  const envelope = showsTasks(route) ? readEnvelope(bytes) : null;
  return envelope === null ? [] : sightingsIn(route, envelope, price);
}

/** Returns whether a read succeeded. A proxy that rewrites an answer turns its 200 into 203 (RFC 9110, section 15.3.4). */
export function isSuccess(status: number): boolean {
  return status === 200 || status === 203;
}

/** Returns whether the answers of a route show tasks. */
export function showsTasks(route: KlingRoute): boolean {
  return route.kind === 'create' || route.operation === 'task-read' || route.operation === 'task-list';
}

/** Like {@link sightingsOf}, for an envelope that was read already. */
export function sightingsIn(route: KlingRoute, envelope: Envelope, price?: CashPrice): TaskSighting[] {
  if (envelope.code !== 0) return [];
  const sightings: TaskSighting[] = [];
  for (const item of itemsOf(envelope.data)) {
    const sighting = sightingOf(item, route.product, price);
    if (sighting !== null) sightings.push(sighting);
  }
  return sightings;
}

/**
 * Makes the answer that a create would have had, for a task found by look-up after its own answer was lost.
 *
 * @param requestId - Goes into `request_id`: that of the look-up, or ours.
 */
export function createAnswerFor(
  route: KlingRoute,
  sighting: Pick<TaskSighting, 'taskId' | 'externalTaskId' | 'createdAt'>,
  requestId: string,
): StoredAnswer {
  const { taskId, externalTaskId, createdAt } = sighting;
  const data =
    route.generation === 'new'
      ? {
          id: taskId,
          status: 'submitted',
          ...(createdAt === null ? {} : { create_time: createdAt, update_time: createdAt }),
          ...(externalTaskId === null ? {} : { external_id: externalTaskId }),
        }
      : {
          task_id: taskId,
          task_status: 'submitted',
          task_info: externalTaskId === null ? {} : { external_task_id: externalTaskId },
          ...(createdAt === null ? {} : { created_at: createdAt, updated_at: createdAt }),
        };
  const body = Buffer.from(JSON.stringify({ code: 0, message: 'SUCCEED', request_id: requestId, data }));
  return { status: 200, headers: [['content-type', 'application/json; charset=utf-8']], body };
}
