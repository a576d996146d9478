/**
 * Kling's list of all tasks of the account, `POST /tasks`: a page of the open ones of a product, by cursor.
 *
 * Source: the vendor's page of task queries (kling-api.md, section 3.1, read 2026-11-21). Only API keys may use it. The range of time is
 * left out: then it is the last 30 days. Try-on tasks are a product type of their own, and use the slots of videos.
 *
 * **Invariant**: a page that is not understood is a problem, and never an empty list.
 */
import type { TaskSighting } from '../tasks/task.ts';
import type { Product } from '../units.ts';
import { refusalIn, type Read } from './account.ts';
import type { Envelope } from './envelope.ts';
import { fieldOf, textOfValue } from './json-value.ts';
import { sightingOf } from './task-shape.ts';

export const TASK_LIST_ROUTE = '/tasks';
/** Tasks of a page, Kling's maximum. */
const PAGE_TASKS_MAX = 500;

const PRODUCT_TYPES: Readonly<Record<Product, readonly string[]>> = {
  video: ['video', 'try_on'],
  image: ['image'],
};

/** A page of the list; `cursor` is null on the last one. */
export interface TaskPage {
  tasks: TaskSighting[];
  cursor: string | null;
}

/** Builds the body that asks for the first page of a product's open tasks, or for the one of a cursor. */
export function openTasksBody(ask: { product: Product } | { cursor: string }): string {
  if ('cursor' in ask) return JSON.stringify({ cursor: ask.cursor });
  return JSON.stringify({
    filters: [
      { key: 'status', values: ['submitted', 'processing'] },
      { key: 'product_type', values: PRODUCT_TYPES[ask.product] },
    ],
    limit: PAGE_TASKS_MAX,
  });
}

/** Reads a page of the list of a product's tasks. */
export function readTaskPage(product: Product, envelope: Envelope | null): Read<TaskPage> {
  const refusal = refusalIn(envelope);
  if (refusal !== null) return { problem: refusal };
  const data = envelope?.data;
  const result = fieldOf(data, 'result');
  if (!Array.isArray(result)) return { problem: 'a list was expected' };
  const tasks = result.flatMap((item) => sightingOf(item, product) ?? []);
  if (tasks.length < result.length) return { problem: 'a task without an id' };
  const cursor = textOfValue(fieldOf(data, 'next_cursor'));
  const hasMore = fieldOf(data, 'has_more') === true;
  if (hasMore && cursor === null) return { problem: 'has_more without a next_cursor' };
  return { ok: { tasks, cursor: hasMore ? cursor : null } };
}
