/** The headers for a collector of OTLP: they hold keys, so they are secrets. */
import { Secret } from '../secret.ts';
import { SIGNALS, type Signal } from '../telemetry/otlp-config.ts';
import type { Environment } from './config-environment.ts';

/** Names of headers with their values, for each signal. */
export type OtlpHeaders = Readonly<Record<Signal, ReadonlyMap<string, Secret>>>;

const COMMON = 'OTEL_EXPORTER_OTLP_HEADERS';

/** Every variable that may hold such headers. */
export const OTLP_HEADER_VARIABLES: readonly string[] = [COMMON, ...SIGNALS.map(ownVariable)];

function ownVariable(signal: Signal): string {
  return `OTEL_EXPORTER_OTLP_${signal.toUpperCase()}_HEADERS`;
}

/** Reads the headers of each signal; one of a signal's own variable comes before one for all. */
export function readOtlpHeaders(env: Environment): OtlpHeaders {
  const of = (signal: Signal): ReadonlyMap<string, Secret> =>
    new Map([...pairsIn(env[COMMON]), ...pairsIn(env[ownVariable(signal)])]);
  return { traces: of('traces'), metrics: of('metrics'), logs: of('logs') };
}

/** Gives the texts that no log line may hold: each value, and the last word of one such as `Bearer KEY`. */
export function secretsIn(headers: OtlpHeaders): Secret[] {
  return SIGNALS.flatMap((signal) => [...headers[signal].values()]).flatMap((value) => {
    const word = /\s(\S+)$/.exec(value.reveal())?.[1];
    return word === undefined ? [value] : [value, new Secret(word)];
  });
}

/** Reads `name=value,name=value`, each part percent-encoded, by the OpenTelemetry specification. */
function pairsIn(list: string | undefined): [string, Secret][] {
  return (list ?? '').split(',').flatMap((pair): [string, Secret][] => {
    const at = pair.indexOf('=');
    const name = decoded(pair.slice(0, at));
    const value = decoded(pair.slice(at + 1));
    const isSound = at > 0 && /^[\w!#$%&'*+.^`|~-]+$/.test(name) && /^[\t\x20-\x7e]+$/.test(value);
    return isSound ? [[name.toLowerCase(), new Secret(value)]] : [];
  });
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part.trim());
  } catch {
    return part.trim();
  }
}
