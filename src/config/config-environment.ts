/**
 * Config keys set from the environment: `KLING_SIDECAR__LISTEN__PORT=8080`.
 *
 * Two underscores separate segments, which name keys without regard to case or underscores; a number names a place
 * in a list. A value is JSON if the key can hold its type, else plain text.
 */
import { type ConfigProblem, showValue } from './config-problem.ts';
import { secretPlaceOf } from './literal-secret.ts';
import { nearestWord } from './nearest.ts';
import { isPlainObject, keyOf, valueAt, type PlainObject, type Step } from './plain.ts';
import { branchesOf, namesAt, nodeAt, type SchemaNode } from './schema-tree.ts';

/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

const PREFIX = 'KLING_SIDECAR__';
/** One underscore where two were meant; Kubernetes itself sets names such as KLING_SIDECAR_PORT_5564_TCP. */
const NEAR_PREFIX = /^KLING_SIDECAR_(?!_).*__/i;

export interface Overridden {
  raw: PlainObject;
  /** The variable that set each key. */
  sources: ReadonlyMap<string, string>;
  problems: ConfigProblem[];
}

/** Overrides a file's content by the environment; the content itself is not changed. */
export function applyEnvironment(content: unknown, env: Environment): Overridden {
  const raw = structuredClone(isPlainObject(content) ? content : {});
  const sources = new Map<string, string>();
  const problems: ConfigProblem[] = [];
  const names = Object.keys(env).filter((name) => name.toUpperCase().startsWith(PREFIX));
  // A variable for a whole section comes before one for a key in it.
  for (const name of names.sort(
    (a, b) => a.split('__').length - b.split('__').length || a.localeCompare(b),
  )) {
    const text = env[name] ?? '';
    const found = findPath(name, raw);
    if ('problem' in found) {
      problems.push(found.problem);
      continue;
    }
    const key = keyOf(found.path);
    const other = sources.get(key);
    if (other !== undefined && env[other] !== text) {
      problems.push({
        key: name,
        value: showValue(text),
        allowed: `one value for ${key}`,
        suggestion: `${other} sets the same key to something else: keep one of them`,
      });
      continue;
    }
    sources.set(key, name);
    assign(raw, found.path, interpret(text, nodeAt(found.path, raw) ?? {}));
  }
  return { raw, sources, problems };
}

type PathSearch = { path: Step[] } | { problem: ConfigProblem };

function findPath(name: string, raw: PlainObject): PathSearch {
  const path: Step[] = [];
  for (const segment of name.slice(PREFIX.length).split('__')) {
    const step = findStep(path, segment, raw);
    if (step === undefined) return { problem: unknownName(name, { path, segment, raw }) };
    path.push(step);
  }
  return { path };
}

const fold = (text: string): string => text.toLowerCase().replaceAll(/[_$-]/g, '');

function findStep(path: readonly Step[], segment: string, raw: PlainObject): Step | undefined {
  const node = nodeAt(path, raw) ?? {};
  const branches = branchesOf(node);
  if (branches.some((branch) => branch.type === 'array')) {
    const index = /^\d{1,4}$/.test(segment) ? Number(segment) : -1;
    const list = valueAt(raw, path) ?? node.default;
    const length = Array.isArray(list) ? list.length : 0;
    return index >= 0 && index <= length ? index : undefined;
  }
  const known = namesAt(path, raw).find((candidate) => fold(candidate) === fold(segment));
  if (known !== undefined) return known;
  const isOpen = branches.some((branch) => typeof branch.additionalProperties === 'object');
  return isOpen && segment !== '' ? segment.toLowerCase().replaceAll('_', '-') : undefined;
}

function unknownName(
  name: string,
  { path, segment, raw }: { path: readonly Step[]; segment: string; raw: PlainObject },
): ConfigProblem {
  const names = namesAt(path, raw);
  const nearest = nearestWord(segment, names);
  const prefix = [PREFIX.slice(0, -2), ...path.map((step) => String(step).toUpperCase())].join('__');
  const remedy = nearest === undefined ? 'remove it' : `did you mean ${prefix}__${nearest.toUpperCase()}?`;
  return {
    key: name,
    value: segment === '' ? 'a name with an empty part' : `a name with the part ${JSON.stringify(segment)}`,
    allowed:
      names.length > 0 ? `parts here are ${names.join(', ')}` : 'no further part, or a place in the list',
    suggestion: secretPlaceOf([...path, segment]) ?? remedy,
  };
}

/** Reads JSON if the key can hold its type, else keeps the text: `123` for an environment's name is a text. */
function interpret(text: string, node: SchemaNode): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return text;
  }
  const types = branchesOf(node).map((branch) => branch.type);
  const isFit = types.some((type) => isOfType(value, type));
  return isFit || !types.includes('string') ? value : text;
}

function isOfType(value: unknown, type: string | undefined): boolean {
  if (value === null) return type === 'null';
  if (Array.isArray(value)) return type === 'array';
  if (typeof value === 'number') return type === 'number' || type === 'integer';
  return typeof value === type;
}

/** Sets a value and makes missing parents; a missing list begins as its default. */
function assign(raw: PlainObject, path: readonly Step[], value: unknown): void {
  let target: PlainObject | unknown[] = raw;
  for (const [depth, step] of path.entries()) {
    const isLast = depth === path.length - 1;
    const held: unknown = (target as Record<Step, unknown>)[step];
    const next = isLast ? value : (held ?? emptyAt(path.slice(0, depth + 1)));
    (target as Record<Step, unknown>)[step] = next;
    // Something that is neither object nor list is wrong in the file, and refused there.
    if (typeof next !== 'object' || next === null) return;
    target = next as PlainObject | unknown[];
  }
}

function emptyAt(path: readonly Step[]): unknown {
  const node = nodeAt(path) ?? {};
  const isList = branchesOf(node).some((branch) => branch.type === 'array');
  return isList ? structuredClone(node.default ?? []) : {};
}

/** Finds faults of the environment itself: switches that open the process, and mistyped names of ours. */
export function environmentProblems(env: Environment): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  if (env['NODE_TLS_REJECT_UNAUTHORIZED'] === '0') {
    problems.push({
      key: 'NODE_TLS_REJECT_UNAUTHORIZED',
      value: '"0"',
      allowed: 'unset: certificates are always checked',
      suggestion: 'unset it; name a private authority in upstream.caFile',
    });
  }
  if (/(^|\s)--(inspect|debug)/.test(env['NODE_OPTIONS'] ?? '')) {
    problems.push({
      key: 'NODE_OPTIONS',
      value: 'an option that opens a debugger, which can read every secret',
      allowed: 'NODE_OPTIONS without --inspect',
      suggestion: 'remove the option',
    });
  }
  for (const name of Object.keys(env).filter((candidate) => NEAR_PREFIX.test(candidate))) {
    problems.push({
      key: name,
      value: 'a name that sets nothing',
      allowed: `names that begin with ${PREFIX}`,
      suggestion: `did you mean ${PREFIX}${name.slice(PREFIX.length - 1)}?`,
    });
  }
  return problems;
}
