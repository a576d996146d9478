/** The operations and migrations of a worker, gathered from every noun by the app. */
import type { Migration, StoreOperation } from './operation.ts';

/** An operation of any arguments and result; callers have its types from its definition. */
// A method's parameter is compared bivariantly, so that every operation fits without `any`.
export type AnyOperation = StoreOperation<unknown, unknown>;

/** The operations and migrations of one folder. */
export interface StoreModule {
  readonly operations: readonly AnyOperation[];
  readonly migrations: readonly Migration[];
}

/** Indexes operations by name. @throws Error if two of them have the same one: a fault in our own code. */
export function indexOperations(modules: readonly StoreModule[]): ReadonlyMap<string, AnyOperation> {
  const byName = new Map<string, AnyOperation>();
  for (const operation of modules.flatMap((module) => module.operations)) {
    if (byName.has(operation.name)) throw new Error(`two store operations are named "${operation.name}"`);
    byName.set(operation.name, operation);
  }
  return byName;
}

const MIGRATION_ID = /^\d{3}-[a-z0-9-]+$/;

/** Puts migrations in the order of their ids. @throws Error on a repeated or malformed id. */
export function orderMigrations(modules: readonly StoreModule[]): readonly Migration[] {
  const migrations = modules.flatMap((module) => module.migrations);
  const seen = new Set<string>();
  for (const { id } of migrations) {
    if (!MIGRATION_ID.test(id)) throw new Error(`migration id "${id}" must look like 001-budget`);
    if (seen.has(id)) throw new Error(`two migrations have the id "${id}"`);
    seen.add(id);
  }
  return migrations.toSorted((a, b) => (a.id < b.id ? -1 : 1));
}

/** Gathers the operations that modules export (`import * as …`), so that a new one cannot be forgotten. */
export function exportedOperations(...namespaces: readonly object[]): AnyOperation[] {
  const exports = namespaces.flatMap((namespace): unknown[] => Object.values(namespace));
  return [...new Set(exports.filter((value) => isOperation(value)))];
}

function isOperation(value: unknown): value is AnyOperation {
  if (typeof value !== 'object' || value === null) return false;
  const { name, access, run } = value as Partial<AnyOperation>;
  return typeof name === 'string' && (access === 'read' || access === 'write') && typeof run === 'function';
}
