/** The config's JSON schema as a tree to walk: which keys exist at a place, and what is allowed there. */
import { z } from 'zod';
import { configSchema } from './config-schema.ts';
import type { Step } from './plain.ts';

/** The parts of JSON Schema that the config's schema uses. */
export interface SchemaNode {
  type?: string;
  properties?: Record<string, SchemaNode>;
  additionalProperties?: boolean | SchemaNode;
  propertyNames?: SchemaNode;
  items?: SchemaNode;
  anyOf?: SchemaNode[];
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

/** Gives the schema of a file as people write it: every key optional that has a default. */
export function schemaTree(): SchemaNode {
  tree ??= z.toJSONSchema(configSchema, { io: 'input' }) as SchemaNode;
  return tree;
}

/** Takes alternatives apart; what is none stands alone. */
export function branchesOf(node: SchemaNode): SchemaNode[] {
  return node.anyOf ? node.anyOf.flatMap(branchesOf) : [node];
}

/** Gives the schema at a path; undefined where the path leads nowhere. */
export function nodeAt(path: readonly Step[]): SchemaNode | undefined {
  let node: SchemaNode | undefined = schemaTree();
  for (const step of path) {
    node = branchesOf(node)
      .map((branch) => childOf(branch, step))
      .find((child) => child !== undefined);
    if (!node) return undefined;
  }
  return node;
}

function childOf(node: SchemaNode, step: Step): SchemaNode | undefined {
  if (typeof step === 'number') return node.items;
  const named = node.properties;
  if (named && Object.hasOwn(named, step)) return named[step];
  return typeof node.additionalProperties === 'object' ? node.additionalProperties : undefined;
}

/** Gives the names that may stand at a place. */
export function namesAt(path: readonly Step[]): string[] {
  const node = nodeAt(path);
  if (!node) return [];
  return branchesOf(node).flatMap((branch) => [
    ...Object.keys(branch.properties ?? {}),
    ...(branch.propertyNames?.enum ?? []).map(String),
  ]);
}

/** Says in words what a place may hold. */
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
