/** Makes OpenTelemetry spans of ours, with the semantic conventions of HTTP and `kling.*` attributes. */
import {
  createTraceState,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  TraceFlags,
  type Attributes,
  type Context,
  type HrTime,
  type Link,
  type Span as OtelSpan,
  type SpanContext,
  type Tracer,
} from '@opentelemetry/api';
import type { Clock } from '../clock.ts';
import type { CallRecord } from '../calls/call.ts';
import type { Ms } from '../units.ts';
import {
  readTraceparent,
  type AttemptSpan,
  type AttemptStart,
  type RequestStart,
  type Span,
  type SpanAttributes,
  type Tracing,
} from './tracing.ts';

/** Longer lists of a caller are ignored: the specification requires support for 512 characters. */
const TRACESTATE_CHARACTERS_MAX = 512;

/** Makes the traces of one sidecar. */
export function createTracing(tracer: Tracer, clock: Clock): Tracing {
  return {
    request(request) {
      const { method, route, path, startedTick } = request;
      const attributes = {
        'http.request.method': method,
        'http.route': route === 'unmatched' ? undefined : route,
        'url.path': path,
        'url.scheme': 'http',
      };
      const name = route === 'unmatched' ? method : `${method} ${route}`;
      const originMs = clock.now() - clock.monotonic();
      const start = { kind: SpanKind.SERVER, startTime: instant(originMs + startedTick) };
      const span = tracer.startSpan(
        name,
        { ...start, attributes: known(attributes) },
        callerContext(request),
      );
      return new LiveSpan({ tracer, clock, originMs, span });
    },
    linked(name, links, attributes) {
      const originMs = clock.now() - clock.monotonic();
      const startTime = instant(clock.now());
      const span = tracer.startSpan(
        name,
        { startTime, attributes: known(attributes), links: linksTo(links) },
        ROOT_CONTEXT,
      );
      return new LiveSpan({ tracer, clock, originMs, span });
    },
    moment(name, { at, links, attributes }) {
      const startTime = instant(at);
      tracer
        .startSpan(name, { startTime, attributes: known(attributes), links: linksTo(links) }, ROOT_CONTEXT)
        .end(startTime);
    },
  };
}

interface Living {
  tracer: Tracer;
  clock: Clock;
  /** The wall clock when the steady clock began: a trace keeps it even if the wall clock changes meanwhile. */
  originMs: Ms;
  span: OtelSpan;
}

class LiveSpan implements Span {
  readonly #living: Living;
  readonly #context: Context;
  readonly #own: SpanContext;

  constructor(living: Living) {
    this.#living = living;
    this.#own = living.span.spanContext();
    this.#context = trace.setSpan(ROOT_CONTEXT, living.span);
  }

  get traceId(): string {
    return this.#own.traceId;
  }

  get spanId(): string {
    return this.#own.spanId;
  }

  get kept(): string | null {
    return (this.#own.traceFlags & TraceFlags.SAMPLED) === 0 ? null : traceparentOf(this.#own);
  }

  attempt(attempt: AttemptStart): AttemptSpan {
    const { tracer } = this.#living;
    const { method, route, origin, path } = attempt;
    const attributes = {
      'http.request.method': method,
      'url.full': path === null ? undefined : origin + path,
      ...serverOf(origin),
      'http.request.resend_count': attempt.attempt > 1 ? attempt.attempt - 1 : undefined,
    };
    const name = route === 'unmatched' ? method : `${method} ${route}`;
    const start = { kind: SpanKind.CLIENT, startTime: this.#now() };
    const span = tracer.startSpan(name, { ...start, attributes: known(attributes) }, this.#context);
    return new LiveAttempt(span, () => this.#now());
  }

  step(name: string, fromTick: Ms, attributes: SpanAttributes = {}): void {
    const { tracer, originMs } = this.#living;
    const startTime = instant(originMs + fromTick);
    const span = tracer.startSpan(name, { startTime, attributes: known(attributes) }, this.#context);
    if (typeof attributes['error.type'] === 'string') span.setStatus({ code: SpanStatusCode.ERROR });
    span.end(this.#now());
  }

  set(attributes: SpanAttributes): void {
    this.#living.span.setAttributes(known(attributes));
  }

  end(error: string | null = null): void {
    endSpan(this.#living.span, error, this.#now());
  }

  #now(): HrTime {
    return instant(this.#living.originMs + this.#living.clock.monotonic());
  }
}

class LiveAttempt implements AttemptSpan {
  readonly #span: OtelSpan;
  readonly #now: () => HrTime;

  constructor(span: OtelSpan, now: () => HrTime) {
    this.#span = span;
    this.#now = now;
  }

  carriedBy(headers: readonly string[]): string[] {
    const lines: string[] = [];
    for (let i = 0; i + 1 < headers.length; i += 2) {
      const name = headers[i] ?? '';
      if (name !== 'traceparent' && name !== 'tracestate') lines.push(name, headers[i + 1] ?? '');
    }
    const own = this.#span.spanContext();
    lines.push('traceparent', traceparentOf(own));
    const state = own.traceState?.serialize() ?? '';
    if (state !== '') lines.push('tracestate', state);
    return lines;
  }

  end(call: CallRecord): void {
    const status = call.status ?? 0;
    const error = call.errorClass ?? (status >= 400 ? String(status) : null);
    this.#span.setAttributes(
      known({
        'http.response.status_code': call.status,
        'kling.code': call.code,
        'kling.request_id': call.klingRequestId,
        'kling.outcome': call.outcome === 'ok' ? null : call.outcome,
      }),
    );
    endSpan(this.#span, error, this.#now());
  }
}

let lastOrigin = '';
let lastServer: SpanAttributes = {};

/** Gives a server's attributes from its origin; until a reload all attempts go to one. */
function serverOf(origin: string): SpanAttributes {
  if (origin === lastOrigin) return lastServer;
  const { hostname, port, protocol } = new URL(origin);
  const usual = protocol === 'https:' ? 443 : 80;
  lastOrigin = origin;
  lastServer = { 'server.address': hostname, 'server.port': port === '' ? usual : Number(port) };
  return lastServer;
}

function endSpan(span: OtelSpan, error: string | null, at: HrTime): void {
  if (error !== null) {
    span.setAttribute('error.type', error);
    span.setStatus({ code: SpanStatusCode.ERROR });
  }
  span.end(at);
}

function known(attributes: SpanAttributes): Attributes {
  const kept: Attributes = {};
  for (const name in attributes) {
    const value = attributes[name];
    if (value !== null && value !== undefined) kept[name] = value;
  }
  return kept;
}

/** Gives the context that a caller's headers name; if they name none, or a malformed one, a trace of our own begins. */
function callerContext({ headers }: Pick<RequestStart, 'headers'>): Context {
  const parent = contextOf(headers.get('traceparent'));
  if (parent === null) return ROOT_CONTEXT;
  const state = headers.get('tracestate');
  const isShort = state !== undefined && state.length <= TRACESTATE_CHARACTERS_MAX;
  const traceState = isShort ? createTraceState(state) : undefined;
  const context = { ...parent, isRemote: true, ...(traceState && { traceState }) };
  return trace.setSpanContext(ROOT_CONTEXT, context);
}

function contextOf(traceparent: string | undefined): SpanContext | null {
  const read = readTraceparent(traceparent);
  if (read === null) return null;
  return { traceId: read.traceId, spanId: read.spanId, traceFlags: read.flags & TraceFlags.SAMPLED };
}

function traceparentOf({ traceId, spanId, traceFlags }: SpanContext): string {
  return `00-${traceId}-${spanId}-0${traceFlags & TraceFlags.SAMPLED}`;
}

function linksTo(traceparents: readonly string[]): Link[] {
  return traceparents.flatMap((text) => {
    const context = contextOf(text);
    return context === null ? [] : [{ context }];
  });
}

function instant(ms: number): HrTime {
  const seconds = Math.floor(ms / 1000);
  return [seconds, Math.round((ms - seconds * 1000) * 1_000_000)];
}
