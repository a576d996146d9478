/** The problems of a config, with remedies. */
import type { z } from 'zod';
import { SidecarError } from '../errors.ts';
import { channelPlace } from './channel-place.ts';
import { findSecrets } from './literal-secret.ts';
import { nearestWord } from './nearest.ts';
import { keyOf, valueAt, type Step } from './plain.ts';
import { branchesOf, describeAllowed, namesAt, nodeAt, type SchemaNode } from './schema-tree.ts';
import { looksSecret } from './secret-shape.ts';
import { ABSENT_SECTIONS } from './unavailable.ts';

export interface ConfigProblem {
  /** `listen.port`, or the variable's name if the environment itself is wrong. */
  key: string;
  /** The key's name for people, if its path is not clear enough: {@link channelPlace}. */
  place?: string;
  /** The value for people: short, and hidden if it looks like a secret. */
  value: string;
  allowed: string;
  suggestion: string;
  /** The environment variable that set the value, if one did. */
  source?: string;
}

/** A refused config, with all its problems. */
export class ConfigInvalid extends SidecarError {
  readonly problems: readonly ConfigProblem[];

  constructor(file: string, problems: readonly ConfigProblem[]) {
    const count = problems.length === 1 ? 'one problem' : `${problems.length} problems`;
    const lines = problems.map((problem) => `  ${describeProblem(problem)}`);
    super('config_invalid', [`The config (${file}) has ${count}:`, ...lines].join('\n'), {
      detail: { problems: problems.length },
    });
    this.problems = problems;
  }
}

function describeProblem({ key, place = key, value, allowed, suggestion, source }: ConfigProblem): string {
  const from = source === undefined ? '' : ` (set by ${source})`;
  return `${place}${from} is ${value}; allowed: ${allowed}; suggestion: ${suggestion}`;
}

const VALUE_CHARACTERS_MAX = 80;

/** Shows a value in a message: JSON, shortened, and never one that is or holds a secret. */
export function showValue(value: unknown, path: readonly Step[] = []): string {
  if (value === undefined) return 'missing';
  const text = JSON.stringify(value);
  if (looksSecret(text) || findSecrets(value, path).length > 0) return '[hidden]';
  return text.length > VALUE_CHARACTERS_MAX ? `${text.slice(0, VALUE_CHARACTERS_MAX)}…` : text;
}

type Issue = z.core.$ZodIssue;

/** Converts one of zod's issues, found below `path` in `raw`, to problems. */
export function problemsOf(issue: Issue, path: readonly Step[], raw: unknown): ConfigProblem[] {
  const at = [...path, ...issue.path.map((step) => (typeof step === 'symbol' ? String(step) : step))];
  if (issue.code === 'unrecognized_keys') return issue.keys.map((name) => unknownKey(at, name, raw));
  const meant = issuesOfMeant(issue);
  if (meant) return meant.flatMap((each) => problemsOf(each, at, raw));
  const value = valueAt(raw, at);
  const node = nodeAt(at, raw) ?? {};
  const allowed = ownWords(issue) ?? describeAllowed(node);
  const suggestion = suggest(issue, node, value);
  return [{ key: keyOf(at), ...placeOf(at, raw), value: showValue(value, at), allowed, suggestion }];
}

/** Gives the place of a key where people are shown one. */
export function placeOf(at: readonly Step[], raw: unknown): { place?: string } {
  const place = channelPlace(at, raw);
  return place === null ? {} : { place };
}

/** What is wrong with the only alternative that the value is a kind of, such as an object where `false` could be. */
function issuesOfMeant(issue: Issue): readonly Issue[] | undefined {
  if (issue.code !== 'invalid_union') return undefined;
  const isOfType = (issues: readonly Issue[]): boolean =>
    !issues.some(({ code, path }) => code === 'invalid_type' && path.length === 0);
  const meant = issue.errors.filter(isOfType);
  return meant.length === 1 ? meant[0] : undefined;
}

/** The allowed values by the schema, if it names them. */
function ownWords(issue: Issue): string | undefined {
  if (issue.code === 'invalid_key') return issue.issues[0]?.message;
  if (issue.code === 'invalid_format' && issue.format === 'datetime') {
    return 'an instant in ISO 8601 with a zone, such as "2026-03-17T08:00:00Z"';
  }
  return issue.code === 'custom' || issue.code === 'invalid_format' ? issue.message : undefined;
}

/** The problem of a key that does not exist. */
export function unknownKey(parent: readonly Step[], name: string, raw: unknown): ConfigProblem {
  const at = [...parent, name];
  const names = namesAt(parent, raw);
  const absent = parent.length === 0 ? ABSENT_SECTIONS[name] : undefined;
  const nearest = nearestWord(name, names);
  const allowed = absent === undefined ? `keys here are ${names.join(', ')}` : 'nothing yet';
  const remedy = nearest === undefined ? 'remove it' : `did you mean "${nearest}"?`;
  return {
    key: keyOf(at),
    ...placeOf(at, raw),
    value: showValue(valueAt(raw, at), at),
    allowed,
    suggestion:
      absent === undefined ? remedy : `${absent} is not available in this version: remove the section`,
  };
}

function suggest(issue: Issue, node: SchemaNode, value: unknown): string {
  const params = 'params' in issue ? (issue.params as Record<string, unknown> | undefined) : undefined;
  const given = params?.['suggestion'];
  if (typeof given === 'string') return given;
  const words = params?.['words'] === 'zones' ? Intl.supportedValuesOf('timeZone') : wordsOf(node);
  const nearest = typeof value === 'string' ? nearestWord(value, words) : undefined;
  if (nearest !== undefined) return `did you mean "${nearest}"?`;
  return suggestType(node, value) ?? suggestBound(node, value) ?? suggestDefault(node, value);
}

function wordsOf(node: SchemaNode): string[] {
  return branchesOf(node).flatMap((branch) => (branch.enum ?? []).map(String));
}

/** `"5564"` for 5564, `"true"` for true, 1 for `"1"`: the right value in the wrong type. */
function suggestType(node: SchemaNode, value: unknown): string | undefined {
  const types = branchesOf(node).map((branch) => branch.type);
  if (typeof value === 'string') {
    const isNumber = /^\s*-?\d+(\.\d+)?\s*$/.test(value);
    if (isNumber && (types.includes('integer') || types.includes('number'))) {
      return `write ${value.trim()} without quotes`;
    }
    const isBoolean = value === 'true' || value === 'false';
    if (isBoolean && types.includes('boolean')) return `write ${value} without quotes`;
    if (types.includes('array') && !types.includes('string'))
      return `write ["${looksSecret(value) ? '…' : value.slice(0, 40)}"]`;
  }
  const isScalar = typeof value === 'number' || typeof value === 'boolean';
  return isScalar && types.includes('string') ? `write "${String(value)}" in quotes` : undefined;
}

function suggestBound(node: SchemaNode, value: unknown): string | undefined {
  if (typeof value !== 'number') return undefined;
  const { minimum, maximum, exclusiveMinimum } =
    branchesOf(node).find((branch) => branch.type === 'integer' || branch.type === 'number') ?? {};
  if (maximum !== undefined && value > maximum) return `at most ${maximum}`;
  if (minimum !== undefined && value < minimum) return `at least ${minimum}`;
  if (exclusiveMinimum !== undefined && value <= exclusiveMinimum) return `more than ${exclusiveMinimum}`;
  const isDecimal = branchesOf(node).some((branch) => branch.multipleOf === 0.001);
  return `the nearest is ${isDecimal ? Math.round(value * 1000) / 1000 : Math.round(value)}`;
}

function suggestDefault(node: SchemaNode, value: unknown): string {
  if (value === undefined) return 'add it';
  if (node.default === undefined) return 'see schema.json for the allowed values';
  return `the default is ${JSON.stringify(node.default)}`;
}
