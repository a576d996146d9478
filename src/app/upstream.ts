/** From config and secrets to the line to Kling, and what a change of it means for money. */
import { isDeepStrictEqual } from 'node:util';
import type { Config } from '../config/config.ts';
import { accountName } from '../kling/account-name.ts';
import { createTokenSource, type Credentials, type TokenSourceOptions } from '../kling/token.ts';
import type { MoneySums } from '../ledger/money-sums.ts';
import { noteUsedKey } from '../ledger/used-keys.ts';
import { sumElsewhere, useUpstream } from '../ledger/use-upstream.ts';
import type { Slots } from '../pacing/slots.ts';
import type { Store } from '../store/store.ts';
import type { Log } from '../telemetry/log.ts';
import type { Line, LineOptions } from '../upstream/line.ts';
import { openPool } from '../upstream/pool.ts';

/** What a line is made of. */
export interface LineSource {
  config: Config;
  kling: Credentials;
}

/**
 * Opens a line; nothing connects before its first request.
 * @throws Error if `upstream.caFile` cannot be read.
 */
export function openLine(
  { config, kling }: LineSource,
  options: Pick<TokenSourceOptions, 'clock' | 'onRefresh'>,
): LineOptions {
  const { upstream, auth } = config;
  return {
    pool: openPool(upstream),
    readPool: openPool(upstream),
    host: new URL(upstream.baseUrl).host,
    origin: new URL(upstream.baseUrl).origin,
    timeoutMs: upstream.timeoutMs,
    tokens: createTokenSource({ credentials: kling, ...options }),
    ...accountName(kling, auth.account),
  };
}

/** Returns whether two configs with their secrets make the same line. */
export function isSameLine(before: LineSource, after: LineSource): boolean {
  return (
    isDeepStrictEqual(before.config.upstream, after.config.upstream) &&
    before.config.auth.account === after.config.auth.account &&
    isSameKey(before.kling, after.kling)
  );
}

function isSameKey(one: Credentials, other: Credentials): boolean {
  if (one.kind === 'api_key') return other.kind === 'api_key' && one.key.equals(other.key);
  if (other.kind === 'api_key') return false;
  return one.accessKey === other.accessKey && one.secretKey.equals(other.secretKey);
}

/**
 * Makes a line the one that new holds are recorded with; reports the open holds of another upstream, and frees
 * their slots: the tasks do not run in this account.
 */
export async function noteUpstream(
  line: Pick<Line, 'host' | 'account' | 'fingerprint'>,
  { store, slots, sums, log, at }: { store: Store; slots: Slots; sums: MoneySums; log: Log; at: number },
): Promise<void> {
  const { host, account, fingerprint } = line;
  const changed = await store.write(useUpstream, { host, account, fingerprint, at });
  // At once: the facts of the next write follow.
  sums.useUpstream(changed);
  for (const { holdId } of changed.elsewhere) slots.free(holdId);
  for (const { upstream, holds } of sumElsewhere(changed.elsewhere)) {
    log.warn('open holds belong to another upstream and wait for an operator', {
      event: 'holds_elsewhere',
      upstream,
      holds,
    });
  }
}

/** Notes which key is in use from now on, and in which environment. */
export async function noteKey(
  { host, fingerprint }: Pick<Line, 'host' | 'fingerprint'>,
  { store, environment, at }: { store: Store; environment: string; at: number },
): Promise<void> {
  await store.write(noteUsedKey, { host, fingerprint, environment, at });
}
