/** Log lines as log records of OpenTelemetry. */
import {
  ROOT_CONTEXT,
  trace,
  TraceFlags,
  type Attributes,
  type Context,
  type Logger,
} from '@opentelemetry/api';

/** Severity numbers of the OpenTelemetry log data model. */
const SEVERITIES: Readonly<Record<string, number>> = { debug: 5, info: 9, warn: 13, error: 17 };

/** Makes the function that takes one line of the log, without secrets, and emits it as a record. */
export function createLogRecords(logger: Logger): (line: string) => void {
  return (line) => {
    const { level, time, msg, event, ...fields } = JSON.parse(line) as Record<string, unknown>;
    logger.emit({
      ...(typeof event === 'string' && { eventName: event }),
      ...(typeof time === 'string' && { timestamp: Date.parse(time) }),
      severityNumber: SEVERITIES[String(level)] ?? 0,
      severityText: String(level).toUpperCase(),
      body: String(msg),
      attributes: attributesOf({ event, ...fields }),
      context: contextOf(fields),
    });
  };
}

/** Keeps plain values as they are; anything deeper becomes its JSON text. */
function attributesOf(fields: Readonly<Record<string, unknown>>): Attributes {
  const attributes: Attributes = {};
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined || value === null) continue;
    const isPlain = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
    attributes[name] = isPlain ? value : JSON.stringify(value);
  }
  return attributes;
}

function contextOf({ traceId, spanId }: Readonly<Record<string, unknown>>): Context {
  if (typeof traceId !== 'string' || typeof spanId !== 'string') return ROOT_CONTEXT;
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags: TraceFlags.SAMPLED });
}
