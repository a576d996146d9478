/**
 * Reads what Kling's books say of an account's tasks since an instant: its open tasks, those that were made since, and the deductions of
 * both ledgers.
 *
 * With an API key the account's own list shows tasks of every route, but not of which. With access and secret key Kling refuses
 * that list, and the list of each legacy route is read. The lists are read side by side, the pages of one list a second apart.
 *
 * **Invariant**: only free reads. A list is whole, or refused for good by Kling, or the whole read has failed: then nothing of it
 * may be used as if it were complete.
 */
import type { BillingRow, Wallet } from '../account/account.ts';
import { WALLETS } from '../account/account.ts';
import { sleep, type Clock } from '../clock.ts';
import { billingBody, billingPath, readBillingPage, type Read } from '../kling/account.ts';
import type { CashPrice } from '../account/row-credits.ts';
import { listQuery } from '../kling/look-up.ts';
import type { KlingRoute, RouteTable } from '../kling/routes.ts';
import { madeTasksBody, openTasksBody, readTaskPage, TASK_LIST_ROUTE } from '../kling/task-list.ts';
import type { Credentials } from '../kling/token.ts';
import { isTerminal } from '../tasks/task-state.ts';
import type { TaskSighting } from '../tasks/task.ts';
import type { Ms, Product } from '../units.ts';
import type { AskKling, OwnAnswer, OwnRequest } from '../upstream/ask.ts';
import { DAY_MS } from '../zone.ts';
import { sightingsIn } from './plan.ts';

/** Kling drops tasks from its lists after this time (kling-api.md, section 3.1, read 2026-11-21). */
const LISTED_MS: Ms = 30 * DAY_MS;
/** Tasks of one question to a ledger. */
const STEP_MS: Ms = 35 * DAY_MS;
/** The wait between two pages of a list. */
const PACE_MS: Ms = 1_000;
/** Pages of one list: an endless cursor must not be followed for ever. */
const PAGES_MAX = 2_000;
/** Tasks of a page of a route's list, with their results. */
const PAGE_TASKS = 200;
/** The longest time for one answer. */
const ANSWER_MS_MAX: Ms = 15_000;
/** Lists that are read at once. */
const AT_ONCE = 6;
const PRODUCTS: readonly Product[] = ['video', 'image'];
/** Rate and concurrency: the only refusals that a wait ends (kling-api.md, section 6). */
const BUSY_CODES: ReadonlySet<number | null> = new Set([1302, 1303]);

/** A task of the account's list, or of the list of its route. */
export interface BookedTask extends TaskSighting {
  product: Product;
  /** Null in the account's list. */
  route: KlingRoute | null;
}

export interface Books {
  tasks: BookedTask[];
  rows: BillingRow[];
  /** The lists that Kling refuses to this account, as a sentence each. */
  refused: string[];
}

export type BooksRead =
  | { kind: 'read'; books: Books }
  /** Kling refuses the credentials: it takes no create either. */
  | { kind: 'unauthorized' }
  /** It may succeed later. */
  | { kind: 'failed'; problem: string };

export interface BooksDeps {
  ask: AskKling;
  clock: Clock;
  credentials: Credentials['kind'];
  routes: RouteTable;
  price: CashPrice;
}

/** The first instant that matters, null for open tasks alone; and the last, exclusive. */
export interface BooksSpan {
  from: Ms | null;
  until: Ms;
}

/** The end of one list: its items, or why there are none. */
type Listed =
  | { ok: Partial<Pick<Books, 'tasks' | 'rows'>> }
  | { refused: string; isCredentials: boolean }
  | { failed: string };

interface List {
  name: string;
  read: (pages: Pages) => Promise<Listed>;
}

/** Reads the books; never rejects. The upstream must not change meanwhile. */
export async function readBooks(deps: BooksDeps, span: BooksSpan, signal: AbortSignal): Promise<BooksRead> {
  const lists = deps.credentials === 'api_key' ? accountLists(deps, span) : routeLists(deps, span);
  lists.push(...ledgerLists(span));
  const pages = new Pages(deps, signal);
  const ends = await inLanes(lists, (list) => list.read(pages));
  const books: Books = { tasks: [], rows: [], refused: [] };
  let credentialRefusals = 0;
  for (const [index, end] of ends.entries()) {
    if ('failed' in end) return { kind: 'failed', problem: `${lists[index]?.name ?? ''}: ${end.failed}` };
    if ('refused' in end) {
      books.refused.push(`Kling refuses ${lists[index]?.name ?? ''} (${end.refused})`);
      if (end.isCredentials) credentialRefusals += 1;
      continue;
    }
    books.tasks.push(...(end.ok.tasks ?? []));
    books.rows.push(...(end.ok.rows ?? []));
  }
  if (credentialRefusals === lists.length) return { kind: 'unauthorized' };
  return { kind: 'read', books };
}

async function inLanes<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  const queue = items.entries();
  const lane = async (): Promise<void> => {
    for (const [index, item] of queue) results[index] = await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, items.length) }, lane));
  return results;
}

/** The account's own list, of each product: what is open, and what was made since. */
function accountLists({ price }: BooksDeps, { from, until }: BooksSpan): List[] {
  return PRODUCTS.flatMap((product) => {
    const list = (name: string, first: string): List => ({
      name: `the list of ${name} ${product} tasks`,
      read: (pages) =>
        pages.follow<BookedTask>({
          path: TASK_LIST_ROUTE,
          first,
          next: (cursor) => openTasksBody({ cursor }),
          keyOf: 'tasks',
          parse({ answer }) {
            const page = readTaskPage(product, answer?.envelope ?? null, price);
            if ('problem' in page) return page;
            const items = page.ok.tasks.map((task) => ({ ...task, product, route: null }));
            return { ok: { items, cursor: page.ok.cursor } };
          },
        }),
    });
    const lists = [list('open', openTasksBody({ product }))];
    if (from === null) return lists;
    const start = Math.max(from, until - LISTED_MS);
    return [...lists, list('new', madeTasksBody({ product, start, end: until }))];
  });
}

/** The list of each legacy route, newest first. */
function routeLists({ routes, price }: BooksDeps, { from, until }: BooksSpan): List[] {
  const oldest = Math.max(from ?? until, until - LISTED_MS);
  return routes.routes.filter(isListed).map((route) => ({
    name: `the list of ${route.template}`,
    read: (pages) => pages.count(route, { price, oldest }),
  }));
}

function isListed({ kind, generation, queryPath }: KlingRoute): boolean {
  return kind === 'create' && generation === 'legacy' && queryPath !== null;
}

const LEDGERS: Readonly<Record<Wallet, string>> = {
  package: 'the ledger of units',
  balance: 'the ledger of money',
};

/** Both ledgers, five weeks at a time. */
function ledgerLists({ from, until }: BooksSpan): List[] {
  if (from === null) return [];
  const lists: List[] = [];
  for (const wallet of WALLETS) {
    for (let start = from; start < until; start += STEP_MS) {
      const first = billingBody({ start, end: Math.min(start + STEP_MS, until) });
      lists.push({
        name: LEDGERS[wallet],
        read: (pages) =>
          pages.follow<BillingRow>({
            path: billingPath(wallet),
            first,
            next: (cursor) => billingBody({ cursor }),
            keyOf: 'rows',
            parse({ answer }) {
              const page = readBillingPage(wallet, answer?.envelope ?? null);
              return 'problem' in page ? page : { ok: { items: page.ok.deductions, cursor: page.ok.cursor } };
            },
          }),
      });
    }
  }
  return lists;
}

interface ByCursor<T> {
  path: string;
  first: string;
  next: (cursor: string) => string;
  keyOf: 'tasks' | 'rows';
  parse: (answer: OwnAnswer) => Read<{ items: T[]; cursor: string | null }>;
}

/** Asks for the pages of lists. */
class Pages {
  readonly #deps: BooksDeps;
  readonly #signal: AbortSignal;

  constructor(deps: BooksDeps, signal: AbortSignal) {
    this.#deps = deps;
    this.#signal = signal;
  }

  /** Reads a list by its cursor. */
  async follow<T extends BookedTask | BillingRow>({
    path,
    first,
    next,
    keyOf,
    parse,
  }: ByCursor<T>): Promise<Listed> {
    const items: T[] = [];
    let body = first;
    for (let page = 1; page <= PAGES_MAX; page += 1) {
      const answer = await this.#ask({ path, route: path, body }, page);
      const why = whyNot(answer);
      if (why !== null) return why;
      const read = parse(answer as OwnAnswer);
      if ('problem' in read) return { failed: read.problem };
      items.push(...read.ok.items);
      if (read.ok.cursor === null) return { ok: { [keyOf]: items } };
      body = next(read.ok.cursor);
    }
    return { failed: `more than ${PAGES_MAX} pages` };
  }

  /** Reads the list of a route by page numbers, down to a page on which all is old and has ended. */
  async count(route: KlingRoute, { price, oldest }: { price: CashPrice; oldest: Ms }): Promise<Listed> {
    const tasks: BookedTask[] = [];
    for (let page = 1; page <= PAGES_MAX; page += 1) {
      const path = listQuery(route, page, PAGE_TASKS);
      if (path === null) return { ok: {} };
      const answer = await this.#ask({ path, route: route.queryPath ?? '' }, page);
      const why = whyNot(answer);
      if (why !== null) return why;
      const whole = (answer as OwnAnswer).answer;
      const data = whole?.envelope?.data;
      if (!whole || !Array.isArray(data)) return { failed: 'a list was expected' };
      const shown = sightingsIn({ path }, whole, price);
      if (shown.length < data.length) return { failed: 'a task without an id' };
      tasks.push(...shown.map((task) => ({ ...task, product: route.product, route })));
      if (shown.length < PAGE_TASKS) return { ok: { tasks } };
      const isOver = shown.every(({ createdAt, state }) => isTerminal(state) && (createdAt ?? 0) < oldest);
      if (isOver) return { ok: { tasks } };
    }
    return { failed: `more than ${PAGES_MAX} pages` };
  }

  /** Asks when a page's turn has come; gives a sentence if no answer could be asked for. */
  async #ask(request: OwnRequest, page: number): Promise<OwnAnswer | string> {
    const { ask, clock } = this.#deps;
    try {
      if (page > 1) await sleep(clock, PACE_MS, this.#signal);
      if (this.#signal.aborted) return 'stopped';
      return await ask({ ...request, deadlineMs: ANSWER_MS_MAX });
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }
}

/** Gives why an answer ends its list; null if it is a page. */
function whyNot(asked: OwnAnswer | string): Listed | null {
  if (typeof asked === 'string') return { failed: asked };
  const { answer, failure } = asked;
  if (!answer) return { failed: failure?.cause ?? 'no answer' };
  const { status, envelope } = answer;
  const said = `HTTP ${status}${envelope === null ? ' without Kling’s envelope' : `, code ${envelope.code ?? '?'}`}`;
  if (status === 401) return { refused: said, isCredentials: true };
  if (status >= 500 || BUSY_CODES.has(envelope?.code ?? null)) return { failed: said };
  if (envelope !== null && envelope.code === 0 && status < 300) return null;
  // Also a host that does not know the path, and answers with a page of its own.
  return status >= 400 ? { refused: said, isCredentials: false } : { failed: said };
}
