/** The config's JSON schema as a tree: the keys and the allowed values at each place. */
import { z } from 'zod';
import { configSchema } from './config-schema.ts';
import { isPlainObject, valueAt, type Step } from './plain.ts';

/** The parts of JSON Schema that the config's schema uses. */
export interface SchemaNode {
  type?: string;
  properties?: Record<string, SchemaNode>;
  additionalProperties?: boolean | SchemaNode;
  propertyNames?: SchemaNode;
  items?: SchemaNode;
  anyOf?: SchemaNode[];
  /** Alternatives with different constants. */
  oneOf?: SchemaNode[];
  enum?: unknown[];
  const?: unknown;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  multipleOf?: number;
  minItems?: number;
  maxItems?: number;
  default?: unknown;
  description?: string;
  required?: string[];
}

let tree: SchemaNode | undefined;

/** Gives the schema of a file written by people: every key with a default is optional. */
export function schemaTree(): SchemaNode {
  tree ??= z.toJSONSchema(configSchema, { io: 'input' }) as SchemaNode;
  return tree;
}

/** Splits a node into its alternatives; a node without any is its own. */
export function branchesOf(node: SchemaNode): SchemaNode[] {
  const alternatives = node.anyOf ?? node.oneOf;
  return alternatives ? alternatives.flatMap(branchesOf) : [node];
}

/**
 * Gives the schema at a path; undefined if there is none.
 * @param raw the whole input: if a value selects an alternative (a channel's `type`), only that one counts.
 */
export function nodeAt(path: readonly Step[], raw?: unknown): SchemaNode | undefined {
  let node: SchemaNode | undefined = schemaTree();
  for (const [depth, step] of path.entries()) {
    const children: SchemaNode[] = branchesAt(node, path.slice(0, depth), raw).flatMap(
      (branch) => childOf(branch, step) ?? [],
    );
    node = oneOfWords(children) ?? children[0];
    if (!node) return undefined;
  }
  return node;
}

/** Leaves out alternatives whose constants the value at a path contradicts, unless it contradicts all. */
function branchesAt(node: SchemaNode, path: readonly Step[], raw: unknown): SchemaNode[] {
  const branches = branchesOf(node);
  const value = branches.length > 1 ? valueAt(raw, path) : undefined;
  if (!isPlainObject(value)) return branches;
  const meant = branches.filter(({ properties = {} }) =>
    Object.entries(properties).every(([name, { const: only }]) => only === undefined || value[name] === only),
  );
  return meant.length > 0 ? meant : branches;
}

/** Alternatives that differ by a word, seen at that word: any of the words. */
function oneOfWords(nodes: readonly SchemaNode[]): SchemaNode | undefined {
  if (nodes.length < 2 || nodes.some((node) => node.const === undefined)) return undefined;
  return { type: 'string', enum: nodes.map((node) => node.const) };
}

function childOf(node: SchemaNode, step: Step): SchemaNode | undefined {
  if (typeof step === 'number') return node.items;
  const named = node.properties;
  if (named && Object.hasOwn(named, step)) return named[step];
  return typeof node.additionalProperties === 'object' ? node.additionalProperties : undefined;
}

/** Gives the allowed names at a place, each once; `raw` like {@link nodeAt}. */
export function namesAt(path: readonly Step[], raw?: unknown): string[] {
  const node = nodeAt(path, raw);
  if (!node) return [];
  const names = branchesAt(node, path, raw).flatMap((branch) => [
    ...Object.keys(branch.properties ?? {}),
    ...(branch.propertyNames?.enum ?? []).map(String),
  ]);
  return [...new Set(names)];
}

/** Describes the allowed values of a place. */
export function describeAllowed(node: SchemaNode): string {
  const branches = branchesOf(node);
  if (branches.length > 1) return [...new Set(branches.map(describeAllowed))].join(' or ');
  if (node.enum) {
    const words = node.enum.map((word) => JSON.stringify(word));
    return words.length === 1 ? String(words[0]) : `one of ${words.join(', ')}`;
  }
  if (node.const !== undefined) return JSON.stringify(node.const);
  switch (node.type) {
    case 'integer':
      return `a whole number ${rangeOf(node)}`;
    case 'number':
      return `a number ${rangeOf(node)}${node.multipleOf === 0.001 ? ' with at most three decimals' : ''}`;
    case 'string':
      return 'a text';
    case 'boolean':
      return 'true or false';
    case 'null':
      return 'null';
    case 'array':
      return describeList(node);
    default:
      return node.properties ? `an object with ${Object.keys(node.properties).join(', ')}` : 'an object';
  }
}

function describeList(node: SchemaNode): string {
  const items = node.items ? ` of ${describeAllowed(node.items)}` : '';
  const { minItems, maxItems } = node;
  const atLeast = minItems === undefined ? '' : `, at least ${minItems}`;
  return `a list${items}${atLeast}${maxItems === undefined ? '' : `, at most ${maxItems}`}`;
}

function rangeOf({ minimum, maximum, exclusiveMinimum }: SchemaNode): string {
  if (exclusiveMinimum !== undefined) return `above ${exclusiveMinimum} and at most ${maximum}`;
  return `from ${minimum} to ${maximum}`;
}
