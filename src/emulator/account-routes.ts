/**
 * `/account/...`: packs, and the ledgers of units and money (kling-api.md, sections 3.3 and 9.5).
 *
 * **Invariant**: the answers are read from the charge book; the sums of the rows equal the book's sums,
 * with those of others, once the delay has passed.
 */
import { bodyFields, type KlingAccount, type Route } from './account.ts';
import type { Deduction } from './ledger-rows.ts';
import { KlingRefusal, success, type JsonObject } from './replies.ts';
import { cursorPage, cursorState, passes, type CursorState } from './task-routes.ts';
import { secondsText } from './task-views.ts';
import type { Pack } from './wallet.ts';

const CAMEL_KEYS = ['startTime', 'endTime', 'resourcePackName'];

/** `GET /account/costs`: every pack, in an envelope within the envelope. */
export const costs: Route = ({ query }, { book, time }) => {
  const camel = CAMEL_KEYS.find((key) => query.has(key));
  if (camel !== undefined)
    throw new KlingRefusal(1200, `Missing Request Parameter: ${camel} is not a parameter`);
  const [start, end] = ['start_time', 'end_time'].map((name) => {
    const text = query.get(name);
    if (text === null || text === '') throw new KlingRefusal(1200, `Missing Request Parameter: ${name}`);
    if (!/^\d{1,15}$/.test(text)) throw new KlingRefusal(1201, `${name} must be a Unix time in ms`);
    return Number(text);
  });
  if ((start ?? 0) > (end ?? 0)) throw new KlingRefusal(1201, 'start_time must not be later than end_time');
  const name = query.get('resource_pack_name') ?? '';
  const packs = book.wallet.packs.filter((pack) => name === '' || pack.name === name);
  return success({
    code: 0,
    msg: 'success',
    resource_pack_subscribe_infos: packs.map((pack) =>
      packView(pack, book.rows.reportedMilli(pack), time.wallMs()),
    ),
  });
};

function packView(pack: Pack, leftMilli: number, nowMs: number): JsonObject {
  return {
    resource_pack_name: pack.name,
    resource_pack_id: pack.id,
    resource_pack_type: 'decreasing_total',
    total_quantity: pack.totalMilli / 1000,
    remaining_quantity: leftMilli / 1000,
    purchase_time: pack.purchasedAt,
    effective_time: pack.effectiveAt,
    invalid_time: pack.invalidAt,
    status: packStatus(pack, leftMilli, nowMs),
  };
}

function packStatus(pack: Pack, leftMilli: number, nowMs: number): string {
  if (nowMs < pack.effectiveAt) return 'toBeOnline';
  if (nowMs >= pack.invalidAt) return 'expired';
  return leftMilli === 0 ? 'runOut' : 'online';
}

type Wallet = 'package' | 'balance';
const FILTER_KEYS: Readonly<Record<Wallet, readonly string[]>> = {
  package: ['api_key_name', 'product_type', 'package_name', 'package_id'],
  balance: ['api_key_name'],
};

/** `POST /account/billing/package` and `/balance`: a row for each deduction, newest first, by cursor. */
export function billing(wallet: Wallet): Route {
  return (request, account) => {
    const body = bodyFields(request, account);
    const keys = FILTER_KEYS[wallet];
    const state = cursorState(body, { limitDefault: 500, limitMax: 500, keys, defaultRange: null });
    const named = new Set(state.filters.map((filter) => filter.key));
    if (named.has('package_name') && named.has('package_id')) {
      body.refuse('filters', 'may not have both package_name and package_id');
    }
    const rows = account.book.rows
      .visible()
      .filter((row) => (row.pack === null) === (wallet === 'balance'))
      .filter((row) => row.at >= state.from && row.at <= state.to)
      .filter((row) => matches(row, state, account));
    const { items, tail } = cursorPage(rows.toReversed(), state);
    const detail = items.map((row) => ({ ...taskColumns(row, account), ...moneyColumns(row, account) }));
    return success({ result: { detail, count: items.length }, ...tail });
  };
}

/** Try-on packs are named `try-on` here and `try_on` in task lists. */
function productTypeOf(row: Deduction, { tasks }: KlingAccount): string {
  const type = tasks.byId(row.taskId)?.plan.productType ?? row.pack?.product ?? 'video';
  return type === 'try_on' ? 'try-on' : type;
}

function matches(row: Deduction, state: CursorState, account: KlingAccount): boolean {
  return (
    passes(state, 'api_key_name', row.apiKeyName) &&
    passes(state, 'product_type', productTypeOf(row, account)) &&
    passes(state, 'package_name', row.pack?.name ?? '') &&
    passes(state, 'package_id', row.pack?.id ?? '')
  );
}

function taskColumns(row: Deduction, { tasks }: KlingAccount): JsonObject {
  const plan = tasks.byId(row.taskId)?.plan;
  const common = { task_id: row.taskId, api_key_name: row.apiKeyName, deduction_time: String(row.at) };
  if (plan === undefined) return common;
  const isVideo = plan.output === 'video' && plan.durationMs !== null;
  return {
    ...common,
    product_function: plan.productFunction,
    model_name: plan.model,
    resolution: plan.resolution ?? '',
    ...(isVideo
      ? {
          duration: secondsText(plan.durationMs ?? 0),
          refer_video_input: plan.videoInput,
          video_sound: plan.audio,
          voice_control: plan.voiceControl,
        }
      : {}),
  };
}

function moneyColumns(row: Deduction, account: KlingAccount): JsonObject {
  if (row.pack !== null) {
    return {
      package_id: row.pack.id,
      product_type: productTypeOf(row, account),
      unit_before_deduction: row.before / 1000,
      deduction_amount: row.amount / 1000,
      unit_after_deduction: row.after / 1000,
    };
  }
  return {
    cash_type: row.cash?.cashType ?? 'balance',
    balance_before_deduction: row.before / 1e9,
    deduction_amount: row.amount / 1e9,
    balance_after_deduction: row.after / 1e9,
    list_price: row.amount / 1e9,
    currency: row.cash?.currency ?? 'USD',
  };
}
