/** A collector of OTLP for tests: a real HTTP server that keeps what arrives, or misbehaves on order. */
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';

type Value = { stringValue?: string; intValue?: number | string; doubleValue?: number; boolValue?: boolean };
type Attribute = { key: string; value: Value };
type Attributes = Record<string, string | number | boolean>;

export interface ArrivedSpan {
  name: string;
  kind: number;
  traceId: string;
  spanId: string;
  parentSpanId: string | undefined;
  links: { traceId: string; spanId: string }[];
  attributes: Attributes;
  error: boolean;
  startNs: bigint;
  endNs: bigint;
}

export interface ArrivedLog {
  eventName: string | undefined;
  severity: string;
  body: string;
  traceId: string | undefined;
  spanId: string | undefined;
  attributes: Attributes;
}

export interface ArrivedMetric {
  name: string;
  kind: 'sum' | 'gauge' | 'histogram';
  points: { attributes: Attributes; value: number | undefined; count: number | undefined }[];
}

interface Arrived {
  path: string;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

export interface Collector {
  url: string;
  /** Everything that arrived, as bytes. */
  arrived: Arrived[];
  /** `hang` never answers, `refuse` answers 503. */
  mode: 'take' | 'hang' | 'refuse';
  /** Answers what hangs, and takes what follows. */
  release(): void;
  resource(): Attributes;
  spans(): ArrivedSpan[];
  logs(): ArrivedLog[];
  /** The latest export. */
  metrics(): ArrivedMetric[];
  /** Waits until what arrived satisfies a condition. */
  until(condition: () => boolean): Promise<void>;
  stop(): Promise<void>;
}

/** Starts a collector that reads OTLP as JSON; other bodies are only kept. */
export async function startCollector(): Promise<Collector> {
  const waiting = new Set<() => void>();
  const arrived: Arrived[] = [];
  const hanging = new Set<ServerResponse>();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const raw = Buffer.concat(chunks);
      const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw;
      arrived.push({ path: request.url ?? '', headers: request.headers, body });
      if (collector.mode === 'hang') hanging.add(response);
      else response.writeHead(collector.mode === 'take' ? 200 : 503).end('{}');
      for (const check of waiting) check();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const bodies = (path: string): Record<string, never>[] =>
    arrived
      .filter((one) => one.path === path && one.headers['content-type'] === 'application/json')
      .map(({ body }) => JSON.parse(body.toString()) as Record<string, never>);
  const collector: Collector = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    arrived,
    mode: 'take',
    release() {
      collector.mode = 'take';
      for (const response of hanging) response.end('{}');
      hanging.clear();
    },
    resource: () => plain(resourceOf(arrived)),
    spans: () =>
      bodies('/v1/traces')
        .flatMap((body) => below(body, 'resourceSpans', 'scopeSpans', 'spans'))
        .map(span),
    logs: () =>
      bodies('/v1/logs')
        .flatMap((body) => below(body, 'resourceLogs', 'scopeLogs', 'logRecords'))
        .map(record),
    metrics: () =>
      below(bodies('/v1/metrics').at(-1) ?? {}, 'resourceMetrics', 'scopeMetrics', 'metrics').map(metric),
    until: (condition) =>
      new Promise((resolve) => {
        const check = (): void => {
          if (!condition()) return;
          waiting.delete(check);
          resolve();
        };
        waiting.add(check);
        check();
      }),
    async stop() {
      if (!server.listening) return;
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
  return collector;
}

type Json = Record<string, unknown>;

function below(body: Json, ...names: string[]): Json[] {
  return names.reduce<Json[]>(
    (at, name) => at.flatMap((one) => (one[name] as Json[] | undefined) ?? []),
    [body],
  );
}

function resourceOf(arrived: readonly Arrived[]): Attribute[] {
  const body = JSON.parse(arrived[0]?.body.toString() ?? '{}') as Json;
  const [first] = Object.values(body) as { resource: { attributes: Attribute[] } }[][];
  return first?.[0]?.resource.attributes ?? [];
}

function plain(attributes: readonly Attribute[] | undefined): Attributes {
  const values = (attributes ?? []).map(({ key, value }) => {
    const number = value.intValue ?? value.doubleValue;
    const plainValue = value.stringValue ?? value.boolValue ?? (number === undefined ? '' : Number(number));
    return [key, plainValue] as const;
  });
  return Object.fromEntries(values);
}

function span(raw: Json): ArrivedSpan {
  const links = (raw['links'] as { traceId: string; spanId: string }[] | undefined) ?? [];
  const parent = raw['parentSpanId'] as string | undefined;
  return {
    name: raw['name'] as string,
    kind: raw['kind'] as number,
    traceId: raw['traceId'] as string,
    spanId: raw['spanId'] as string,
    parentSpanId: parent === '' ? undefined : parent,
    links: links.map(({ traceId, spanId }) => ({ traceId, spanId })),
    attributes: plain(raw['attributes'] as Attribute[]),
    error: (raw['status'] as { code?: number } | undefined)?.code === 2,
    startNs: BigInt(raw['startTimeUnixNano'] as string),
    endNs: BigInt(raw['endTimeUnixNano'] as string),
  };
}

function record(raw: Json): ArrivedLog {
  const idOf = (name: string): string | undefined => (raw[name] as string | undefined) || undefined;
  return {
    eventName: raw['eventName'] as string | undefined,
    severity: raw['severityText'] as string,
    body: (raw['body'] as Value).stringValue ?? '',
    traceId: idOf('traceId'),
    spanId: idOf('spanId'),
    attributes: plain(raw['attributes'] as Attribute[]),
  };
}

function metric(raw: Json): ArrivedMetric {
  const kind = (['sum', 'gauge', 'histogram'] as const).find((each) => each in raw) ?? 'gauge';
  const { dataPoints } = raw[kind] as { dataPoints: Json[] };
  const points = dataPoints.map((point) => ({
    attributes: plain(point['attributes'] as Attribute[]),
    value: (point['asDouble'] ?? point['asInt']) as number | undefined,
    count: point['count'] === undefined ? undefined : Number(point['count']),
  }));
  return { name: raw['name'] as string, kind, points };
}
