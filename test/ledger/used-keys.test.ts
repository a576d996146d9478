import { afterEach, beforeEach, expect, it } from 'vitest';
import { noteUsedKey, readUsedKeys } from '../../src/ledger/used-keys.ts';
import { useUpstream } from '../../src/ledger/use-upstream.ts';
import { NOON } from './making.ts';
import { createMemoryStore, type MemoryStore } from './memory-store.ts';

const DAY = 86_400_000;

let store: MemoryStore;
beforeEach(() => void (store = createMemoryStore()));
afterEach(() => store.close());

const note = (fingerprint: string, environment: string, at: number) =>
  store.run(noteUsedKey, { fingerprint, environment, host: 'a.example', at });

it('keeps since when a key is in use in each environment, and when it was last', async () => {
  await note('key-1', 'dev', NOON);
  await note('key-1', 'dev', NOON + DAY);
  await note('key-1', 'prod', NOON + 2 * DAY);
  await note('key-2', 'prod', NOON + 3 * DAY);
  const key = { host: 'a.example' };
  expect(await store.run(readUsedKeys, undefined)).toEqual([
    { ...key, fingerprint: 'key-2', environment: 'prod', firstAt: NOON + 3 * DAY, lastAt: NOON + 3 * DAY },
    { ...key, fingerprint: 'key-1', environment: 'prod', firstAt: NOON + 2 * DAY, lastAt: NOON + 2 * DAY },
    { ...key, fingerprint: 'key-1', environment: 'dev', firstAt: NOON, lastAt: NOON + DAY },
  ]);
});

it('dates a key by the audit if an earlier version used it, and confuses it with no other key', async () => {
  const upstream = { host: 'a.example', account: 'key-1', fingerprint: 'key-1' };
  await store.run(useUpstream, { ...upstream, at: NOON });
  await store.run(useUpstream, { ...upstream, account: 'key-11', fingerprint: 'key-11', at: NOON + DAY });
  await note('key-1', 'prod', NOON + 90 * DAY);
  await note('key-2', 'prod', NOON + 91 * DAY);
  const keys = await store.run(readUsedKeys, undefined);
  expect(keys.map(({ fingerprint, firstAt }) => [fingerprint, firstAt])).toEqual([
    ['key-2', NOON + 91 * DAY],
    ['key-1', NOON],
  ]);
});
