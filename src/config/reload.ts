/** The parts of a config that a reload may change in a running sidecar. */
import { isDeepStrictEqual } from 'node:util';
import type { Config, LoadedConfig } from './config.ts';
import { forEachLeaf, keyOf, valueAt } from './plain.ts';

/** Listeners and what belongs to them, the store's path and what is sent by OTLP stay for the life of the process. */
const FIXED_KEYS: readonly (readonly [keyof Config, string?])[] = [
  ['listen', 'host'],
  ['listen', 'port'],
  ['listen', 'tls'],
  ['control', 'host'],
  ['control', 'port'],
  ['probes'],
  ['callbacks'],
  ['store', 'path'],
  ['results', 'dir'],
  ['results', 's3'],
  ['telemetry', 'otlp'],
];

export interface ConfigChange {
  /** The new config with the old fixed parts. */
  config: Config;
  /** Every key that differs, including fixed ones. */
  changed: string[];
  /** The differing keys that need a restart. */
  needRestart: string[];
}

/** Returns whether a key such as `listen.port` stays for the life of the process. */
export function isFixedKey(key: string): boolean {
  return FIXED_KEYS.some((path) => {
    const fixed = path.join('.');
    return key === fixed || key.startsWith(`${fixed}.`) || key.startsWith(`${fixed}[`);
  });
}

type Values = Pick<LoadedConfig, 'values'>;

/** Gives the keys whose values differ and that need a restart. */
export function changedFixedKeys(before: Values, after: Values): string[] {
  return changedKeys(before, after).filter(isFixedKey);
}

/** Compares two configs and gives the one to go on with. */
export function compareConfigs(before: LoadedConfig, after: LoadedConfig): ConfigChange {
  const changed = changedKeys(before, after);
  return {
    config: keepFixed(before.config, after.config),
    changed,
    needRestart: changed.filter(isFixedKey),
  };
}

function changedKeys(before: Values, after: Values): string[] {
  const changed = new Set<string>();
  for (const [one, other] of [
    [before.values, after.values],
    [after.values, before.values],
  ]) {
    forEachLeaf(one, (path, leaf) => {
      if (!isDeepStrictEqual(leaf, valueAt(other, path))) changed.add(keyOf(path));
    });
  }
  return [...changed].sort();
}

function keepFixed(before: Config, after: Config): Config {
  const { hosts, port, tls } = before.listen;
  return Object.freeze({
    ...after,
    listen: Object.freeze({ ...after.listen, hosts, port, tls }),
    control: Object.freeze({ ...after.control, hosts: before.control.hosts, port: before.control.port }),
    probes: before.probes,
    callbacks: before.callbacks,
    telemetry: Object.freeze({
      ...after.telemetry,
      otlp: before.telemetry.otlp,
      exports: before.telemetry.exports,
    }),
    store: Object.freeze({ ...after.store, path: before.store.path }),
    results: Object.freeze({ ...after.results, dir: before.results.dir, s3: before.results.s3 }),
  });
}
