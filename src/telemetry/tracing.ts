/**
 * The interface of traces for the rest of the program: a span for a request, with its steps and attempts as children.
 *
 * With tracing off there are no spans: callers have `null` and call nothing (`create.trace?.step('hold', fromTick)`).
 * OpenTelemetry implements it, in a module that is loaded only if traces are exported.
 *
 * **Invariant**: no function here throws or waits. Attributes are our own words and ids: never a prompt, a key, a body, a
 * query or a header.
 */
import type { CallRecord } from '../calls/call.ts';
import type { Fact } from '../facts.ts';
import type { Ms } from '../units.ts';

/** Unknown attributes are left out. */
export type SpanAttributes = Readonly<Record<string, string | number | boolean | null | undefined>>;

/** The ids by which a log line names its trace. */
export interface TraceIds {
  readonly traceId: string;
  readonly spanId: string;
}

/** Version, trace, span, flags; a version of more than 00 may add parts (W3C Trace Context, section 3.2). */
const TRACEPARENT =
  /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?$/;

/** Reads a W3C `traceparent`; null if there is none, or a malformed one. */
export function readTraceparent(text: string | undefined): (TraceIds & { flags: number }) | null {
  if (text === undefined) return null;
  const [, traceId = '', spanId = '', flags = ''] = TRACEPARENT.exec(text) ?? [];
  return traceId === '' ? null : { traceId, spanId, flags: Number.parseInt(flags, 16) };
}

/** A running span of a trace. */
export interface Span extends TraceIds {
  /** The W3C `traceparent` that later traces link to; null if this trace is not kept. */
  readonly kept: string | null;
  /** Begins an attempt at Kling. */
  attempt(attempt: AttemptStart): AttemptSpan;
  /** Adds a step that began at `fromTick` (of the steady clock) and ends now. */
  step(name: string, fromTick: Ms, attributes?: SpanAttributes): void;
  set(attributes: SpanAttributes): void;
  /** Ends it; `error` is a word for a failure that is not the caller's fault. */
  end(error?: string | null): void;
}

export interface AttemptStart {
  method: string;
  /** Our template; also the span's name. */
  route: string;
  /** Scheme, host and port of the upstream. */
  origin: string;
  /** The path without its query; null if it is no path that we know. */
  path: string | null;
  /** 1 for the first attempt of a request. */
  attempt: number;
}

/** One attempt at Kling, a client span. */
export interface AttemptSpan {
  /** Gives header lines with this span's `traceparent` and `tracestate` in place of any other. */
  carriedBy(headers: readonly string[]): string[];
  /** Ends it with its fields of the journal. */
  end(call: CallRecord): void;
}

/** The attributes of a request's server span. */
export interface RequestStart {
  method: string;
  /** Our template, or `unmatched`. */
  route: string;
  path: string | null;
  headers: ReadonlyMap<string, string>;
  startedTick: Ms;
}

export interface Tracing {
  /** Begins the span of a request, in the caller's trace if it names one. */
  request(request: RequestStart): Span;
  /** Begins a trace of its own, linked to others by their `traceparent`. */
  linked(name: string, links: readonly string[], attributes: SpanAttributes): Span;
  /** Adds a trace of one span for an event at an instant, linked to others. */
  moment(name: string, moment: { at: Ms; links: readonly string[]; attributes: SpanAttributes }): void;
}

/** Traces of the steps of a create after its answer: each a trace of its own, linked to the create's. */
export interface LaterTraces {
  /** Remembers the trace of a hold's create, also after a restart; one that is not kept is not remembered. */
  remember(holdId: string, span: Span, at: Ms): void;
  /** Begins the trace of one request of ours about some holds; null with tracing off. Never rejects. */
  begin(name: 'poll' | 'look_up', holdIds: readonly string[]): Promise<Span | null>;
  /** Adds a trace for each end of a hold or a task. */
  facts(facts: readonly Fact[]): void;
}
