/**
 * Kling's list of all tasks of the account, `POST /tasks`: a page of the open ones of a product, or of all of a time range, by cursor.
 *
 * Source: the vendor's page of task queries (kling-api.md, section 3.1, read 2026-11-21). Only API keys may use it. Without a range
 * of time it is the last 30 days. Try-on tasks are a product type of their own, and use the slots of videos.
 *
 * **Invariant**: a page that is not understood is a problem, and never an empty list.
 */
import type { TaskSighting } from '../tasks/task.ts';
import type { Ms, Product } from '../units.ts';
import { refusalIn, type Read } from './account.ts';
import type { CashPrice } from '../account/row-credits.ts';
import type { Envelope } from './envelope.ts';
import { fieldOf, textOfValue } from './json-value.ts';
import { sightingOf } from './task-shape.ts';

export const TASK_LIST_ROUTE = '/tasks';
/** Tasks of a page, Kling's maximum. */
const PAGE_TASKS_MAX = 500;
/** Tasks that have ended come with their results: a page stays well below the largest answer that is read. */
const PAGE_TASKS_ENDED = 200;

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
    filters: [{ key: 'status', values: ['submitted', 'processing'] }, ofProduct(ask.product)],
    limit: PAGE_TASKS_MAX,
  });
}

/** Builds the body that asks for the first page of all tasks of a product that were made in a time range, `end` exclusive. */
export function madeTasksBody({ product, start, end }: { product: Product; start: Ms; end: Ms }): string {
  return JSON.stringify({
    start_time: start,
    end_time: end - 1,
    filters: [ofProduct(product)],
    limit: PAGE_TASKS_ENDED,
  });
}

function ofProduct(product: Product): { key: string; values: readonly string[] } {
  return { key: 'product_type', values: PRODUCT_TYPES[product] };
}

/** Reads a page of the list of a product's tasks; `price` is for deductions in money. */
export function readTaskPage(product: Product, envelope: Envelope | null, price?: CashPrice): Read<TaskPage> {
  const refusal = refusalIn(envelope);
  if (refusal !== null) return { problem: refusal };
  const data = envelope?.data;
  const result = fieldOf(data, 'result');
  if (!Array.isArray(result)) return { problem: 'a list was expected' };
  const tasks = result.flatMap((item) => sightingOf(item, product, price) ?? []);
  if (tasks.length < result.length) return { problem: 'a task without an id' };
  const cursor = textOfValue(fieldOf(data, 'next_cursor'));
  const hasMore = fieldOf(data, 'has_more') === true;
  if (hasMore && cursor === null) return { problem: 'has_more without a next_cursor' };
  return { ok: { tasks, cursor: hasMore ? cursor : null } };
}
