/**
 * The config in the form of `config print` and of the page: every value with its origin, and no secret.
 *
 * **Invariant**: a value is masked whole if its key or its form says that it is a secret, or if it holds a known secret, also
 * encoded. Two places may hold secrets that nobody else knows, and show only their first part: arguments of `auth.command`, and the
 * path and query of a channel's address.
 */
import type { Secret } from '../secret.ts';
import { formsOfSecret } from '../telemetry/redaction.ts';
import type { LoadedConfig } from './config.ts';
import { MASKED, type ConfigLine } from './describe-secrets.ts';
import { findSecrets } from './literal-secret.ts';
import { forEachLeaf, keyOf } from './plain.ts';
import { changedFixedKeys, isFixedKey } from './reload.ts';

/** What a description needs of a config that was read. */
export type Described = Pick<LoadedConfig, 'values' | 'origins' | 'givenSecrets'>;

/**
 * Lists every key with its value and origin, then the secrets that the environment gives.
 * @param known secrets that no value may hold.
 */
export function describeConfig(
  { values, origins, givenSecrets }: Described,
  known: readonly Secret[] = [],
): ConfigLine[] {
  const forms = known.flatMap((secret) => formsOfSecret(secret.reveal()));
  const lines: ConfigLine[] = [];
  forEachLeaf(values, (path, leaf) => {
    const key = keyOf(path);
    const isSecret = findSecrets(leaf, path).length > 0 || holdsAny(leaf, forms);
    const value = isSecret ? MASKED : shownPart(key, leaf);
    lines.push({ key, value, origin: origins.get(key) ?? 'default' });
  });
  return [...lines, ...givenSecrets.map((line) => (holdsAny(line.value, forms) ? masked(line) : line))];
}

function shownPart(key: string, leaf: unknown): unknown {
  if (key === 'auth.command') return withoutArguments(leaf);
  return /^alerts\.channels\[\d+\]\.\w*url$/i.test(key) ? withoutPlace(leaf) : leaf;
}

function withoutArguments(command: unknown): unknown {
  const isText = typeof command === 'string';
  const words: unknown = isText ? command.trim().split(/\s+/) : command;
  if (!Array.isArray(words)) return command;
  const shown = words.map((word: unknown, at) => (at === 0 ? word : MASKED));
  return isText ? shown.join(' ') : shown;
}

/** A shorter part of a path is a word such as `services`; a longer one may be all that a sender needs to know. */
const PART_CHARACTERS_MIN = 16;

function withoutPlace(leaf: unknown): unknown {
  if (typeof leaf !== 'string' || !URL.canParse(leaf)) return leaf;
  const { origin, pathname, search } = new URL(leaf);
  const isPrivate = search !== '' || pathname.split('/').some((part) => part.length >= PART_CHARACTERS_MIN);
  return isPrivate ? `${origin}/${MASKED}` : leaf;
}

function holdsAny(leaf: unknown, forms: readonly string[]): boolean {
  const text = JSON.stringify(leaf);
  return forms.some((form) => text.includes(form));
}

function masked(line: ConfigLine): ConfigLine {
  return { ...line, value: MASKED };
}

/** The config of a running sidecar. */
export interface RunningConfig {
  /** The values in use. */
  lines: ConfigLine[];
  /** The values that were read since the start and wait for a restart. */
  afterRestart: ConfigLine[];
}

/**
 * Describes the values in use of a sidecar that began with `started` and last read `read`.
 * @param known secrets that no value may hold.
 */
export function describeRunning(
  started: Described,
  read: Described,
  known: readonly Secret[],
): RunningConfig {
  const lines = describeConfig(read, known);
  const waiting = new Set(changedFixedKeys(started, read));
  if (waiting.size === 0) return { lines, afterRestart: [] };
  const fixed = describeConfig(started, known).filter(({ key }) => isFixedKey(key));
  const free = lines.filter(({ key }) => !isFixedKey(key));
  const sections = [...new Set([...lines, ...fixed].map(({ key }) => sectionOf(key)))];
  return {
    lines: sections.flatMap((section) => [...fixed, ...free].filter(({ key }) => sectionOf(key) === section)),
    afterRestart: lines.filter(({ key }) => waiting.has(key)),
  };
}

function sectionOf(key: string): string {
  return key.split(/[.[]/, 1)[0] ?? '';
}
