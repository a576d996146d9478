/**
 * One Kling account of the emulator, and the type of the routes that use it.
 *
 * **Invariant**: everything that an account owns is in this value, so that a reset is a new account.
 */
import type { Clock } from '../clock.ts';
import type { Product } from '../units.ts';
import { createAnswerCounts, type AnswerCounts } from './answer-counts.ts';
import type { CallbackSettings } from './callback-orders.ts';
import { createCallbacks, type Callbacks } from './callbacks.ts';
import { createChargeBook, type ChargeBook } from './book.ts';
import { createEmulatorTime, type EmulatorTime } from './emulator-time.ts';
import { Fields } from './fields.ts';
import type { BillingSettings } from './ledger-rows.ts';
import { createMediaLibrary, type MediaLibrary } from './media-library.ts';
import type { Oddity } from './oddities.ts';
import { createRateLimit, type RateLimit } from './rate-limit.ts';
import { KlingRefusal, type Reply } from './replies.ts';
import { createResultFiles, type ResultFiles } from './result-files.ts';
import { callbackBody } from './task-views.ts';
import type { CashOptions, PackOptions } from './wallet.ts';
import { createTasks, type Fate, type Tasks, type TaskTiming } from './tasks.ts';

export interface KlingAccount {
  time: EmulatorTime;
  tasks: Tasks;
  book: ChargeBook;
  library: MediaLibrary;
  files: ResultFiles;
  rate: RateLimit;
  answers: AnswerCounts;
  callbacks: Callbacks;
  /** Warnings about accepted requests that differ from the documents; bounded. */
  warnings: string[];
}

export interface AccountOptions {
  clock: Clock;
  speed: number;
  packs: readonly PackOptions[];
  cash: CashOptions | null;
  /** Slots of a product; absent: from the packs' names. */
  concurrency: Partial<Record<Product, number>>;
  /** Slots of a model, in addition to those of its product. */
  modelConcurrency: Readonly<Record<string, number>>;
  /** Requests in a minute; null is no limit. */
  requestsPerMinute: number | null;
  timing: TaskTiming;
  origin: () => string;
  callbacks: Partial<CallbackSettings>;
  billing: Partial<BillingSettings>;
  resultBytes: number;
}

/** Makes an account without tasks and charges. */
export function createAccount(options: AccountOptions): KlingAccount {
  const { timing, concurrency } = options;
  const time = createEmulatorTime(options.clock, options.speed);
  const library = createMediaLibrary(time);
  const book = createChargeBook({
    packs: options.packs,
    cash: options.cash,
    time,
    billing: options.billing,
  });
  const files = createResultFiles({ time, origin: options.origin, resultBytes: options.resultBytes });
  const limitOf = (product: Product): number =>
    concurrency[product] ?? (book.wallet.packConcurrency(product) || (options.cash === null ? 0 : 5));
  const modelLimitOf = (model: string): number => options.modelConcurrency[model] ?? Infinity;
  const tasks = createTasks({ time, book, library, files, timing, limitOf, modelLimitOf });
  const rate = createRateLimit(options.clock, options.requestsPerMinute);
  const callbacks = createCallbacks({
    clock: options.clock,
    time,
    settings: options.callbacks,
    byId: tasks.byId,
    bodyOf: (task, ageMs) => callbackBody(task, tasks.stateOf(task, ageMs), library),
    newId: tasks.newId,
  });
  return { time, tasks, book, library, files, rate, answers: createAnswerCounts(), callbacks, warnings: [] };
}

/** Ends an account: nothing happens by itself any more. */
export function closeAccount({ time, callbacks }: KlingAccount): void {
  time.close();
  callbacks.close();
}

/** The orders of a test for the task that a request makes. */
export interface TaskOrders {
  fate?: Fate;
  failMessage?: string;
  /** Whether a task that fails does so at once, without work. */
  failsAtOnce?: boolean;
  chargeMilli?: number;
  resultBytes?: number;
  /** Of a create: of its task. Of a read: of its answer. */
  oddity?: Oddity;
}

export interface RouteRequest {
  method: string;
  path: string;
  query: URLSearchParams;
  body: Buffer;
  contentType: string;
  apiKeyName: string;
  orders: TaskOrders;
}

export type Route = (request: RouteRequest, account: KlingAccount) => Reply | Promise<Reply>;

const WARNINGS_MAX = 1000;

/** Reads a JSON body; refuses anything but one JSON object with 400/1200. */
export function bodyFields(request: RouteRequest, account: KlingAccount): Fields {
  const type = request.contentType.split(';', 1)[0]?.trim().toLowerCase();
  if (type !== 'application/json') throw new KlingRefusal(1200, 'Content-Type must be application/json');
  const warn = (text: string): void => {
    if (account.warnings.length < WARNINGS_MAX) account.warnings.push(`${request.path}: ${text}`);
  };
  return new Fields(parseJson(request.body), warn);
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    throw new KlingRefusal(1200, 'Invalid request parameters: the body is not valid JSON');
  }
}
