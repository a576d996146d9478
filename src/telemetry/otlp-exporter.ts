/** Exporters of OTLP: OpenTelemetry's encoding, our own transport, and the settings of the environment. */
import { convertLegacyHttpOptions } from '@opentelemetry/otlp-exporter-base/node-http';
import type { ISerializer } from '@opentelemetry/otlp-transformer';
import type { Clock } from '../clock.ts';
import type { Secret } from '../secret.ts';
import type { OtlpProtocol, Signal } from './otlp-config.ts';
import { createOtlpTransport } from './otlp-transport.ts';

/** Code of a success in OpenTelemetry's `ExportResult`. */
const SUCCESS = 0;
/** Exports of a signal that are sent at once; further ones are dropped. */
const CONCURRENT_MAX = 4;

const CONTENT_TYPES: Readonly<Record<OtlpProtocol, string>> = {
  'http/protobuf': 'application/x-protobuf',
  'http/json': 'application/json',
};

export interface OtlpExporterOptions<T> {
  clock: Clock;
  signal: Signal;
  protocol: OtlpProtocol;
  headers: ReadonlyMap<string, Secret>;
  serializer: Pick<ISerializer<T, unknown>, 'serializeRequest'>;
  /** Called for each export that is lost. */
  onFailure: (signal: Signal, cause: string) => void;
}

/** The interface of an exporter for OpenTelemetry's processors and readers. */
export interface OtlpExporter<T> {
  export(items: T, done: (result: { code: number }) => void): void;
  forceFlush(): Promise<void>;
  shutdown(): Promise<void>;
  /** Ends the running exports at once; resolves when they are reported. */
  close(): Promise<void>;
}

/**
 * Makes the exporter of one signal. It reports every export to OpenTelemetry as done: a lost one is reported through
 * `onFailure`, and OpenTelemetry would only log it again.
 */
export function createOtlpExporter<T>(options: OtlpExporterOptions<T>): OtlpExporter<T> {
  const { signal, protocol, serializer, onFailure } = options;
  const http = convertLegacyHttpOptions({}, signal.toUpperCase(), `v1/${signal}`, {});
  const ours = Object.fromEntries([...options.headers].map(([name, value]) => [name, value.reveal()]));
  const headers = { ...ours, 'content-type': CONTENT_TYPES[protocol], 'user-agent': 'kling-sidecar' };
  let agent: ReturnType<typeof http.agentFactory> | null = null;
  const transport = createOtlpTransport({
    clock: options.clock,
    url: http.url,
    headers,
    isCompressed: http.compression === 'gzip',
    agent: async () => (agent ??= http.agentFactory(new URL(http.url).protocol)),
    onFailure: (cause) => onFailure(signal, cause),
  });
  const sending = new Set<Promise<void>>();
  const send = (items: T): void => {
    if (sending.size >= CONCURRENT_MAX) return onFailure(signal, 'the collector is too slow');
    const bytes = serializer.serializeRequest(items);
    if (!bytes) return;
    const sent = transport.send(bytes, http.timeoutMillis).finally(() => sending.delete(sent));
    sending.add(sent);
  };
  const settled = async (): Promise<void> => void (await Promise.allSettled(sending));
  return {
    export(items, done) {
      try {
        send(items);
      } catch (error) {
        onFailure(signal, String(error));
      }
      void settled().finally(() => done({ code: SUCCESS }));
    },
    forceFlush: settled,
    shutdown: settled,
    async close() {
      transport.close();
      await settled();
    },
  };
}
