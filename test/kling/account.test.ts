import { describe, expect, it } from 'vitest';
import { billingBody, billingPath, costsPath, readBillingPage, readPacks } from '../../src/kling/account.ts';
import { readEnvelope } from '../../src/kling/envelope.ts';

const envelope = (data: unknown, code = 0) =>
  readEnvelope(Buffer.from(JSON.stringify({ code, message: 'SUCCEED', request_id: 'r', data })));

/** A row as the vendor's page prints it ("Package deduction detail", read 2026-09-20). */
const UNITS = {
  package_id: 'p-1',
  product_type: 'video',
  task_id: '831922345719271433',
  api_key_name: 'prod',
  product_function: 'Image to Video',
  model_name: 'kling-v3',
  resolution: '1080p',
  duration: '5.04',
  refer_video_input: true,
  video_sound: 'native',
  voice_control: false,
  deduction_time: '1779549455861',
  unit_before_deduction: 13037.3,
  deduction_amount: 5.0,
  unit_after_deduction: 13032.3,
};
const PACK = {
  resource_pack_name: 'Video-100Units-5Con-3Months',
  resource_pack_id: 'p-1',
  resource_pack_type: 'decreasing_total',
  total_quantity: 100,
  remaining_quantity: 93.65,
  purchase_time: 1_726_124_664_368,
  effective_time: 1_726_124_664_368,
  invalid_time: 1_734_073_464_368,
  status: 'online',
};
const page = (rows: unknown[], more: object = { next_cursor: '', has_more: false }) =>
  envelope({ result: { detail: rows, count: rows.length }, ...more });

describe('the account’s requests', () => {
  it('use snake case with an exclusive end, or only a cursor', () => {
    expect(costsPath(1, 2)).toBe('/account/costs?start_time=1&end_time=2');
    expect(billingPath('balance')).toBe('/account/billing/balance');
    expect(JSON.parse(billingBody({ start: 10, end: 20 }))).toEqual({
      start_time: 10,
      end_time: 19,
      limit: 500,
    });
    expect(JSON.parse(billingBody({ cursor: 'c' }))).toEqual({ cursor: 'c' });
  });
});

describe('packs', () => {
  it('come in an envelope within the envelope', () => {
    const read = readPacks(envelope({ code: 0, msg: 'ok', resource_pack_subscribe_infos: [PACK] }));
    expect(read).toEqual({
      ok: [
        {
          id: 'p-1',
          name: 'Video-100Units-5Con-3Months',
          kind: 'decreasing_total',
          total: 100_000_000,
          remaining: 93_650_000,
          purchasedAt: 1_726_124_664_368,
          effectiveAt: 1_726_124_664_368,
          invalidAt: 1_734_073_464_368,
          status: 'online',
        },
      ],
    });
    expect(readPacks(envelope({ code: 0, msg: 'ok' }))).toEqual({ ok: [] });
  });

  it('are a problem if either envelope refuses, or a pack cannot be read', () => {
    expect(readPacks(null)).toHaveProperty('problem');
    expect(readPacks(envelope(null, 1000))).toEqual({ problem: 'code 1000: SUCCEED' });
    expect(readPacks(envelope({ code: 1100, msg: 'account abnormal' }))).toEqual({
      problem: 'code 1100: account abnormal',
    });
    const bad = { ...PACK, invalid_time: 0 };
    expect(readPacks(envelope({ code: 0, resource_pack_subscribe_infos: [PACK, bad] }))).toEqual({
      problem: 'row 2: invalid_time cannot be read',
    });
  });
});

describe('a page of a ledger', () => {
  it('gives units and money exactly, and the cursor of the next', () => {
    expect(readBillingPage('package', page([UNITS], { next_cursor: 'c2', has_more: true }))).toEqual({
      ok: {
        cursor: 'c2',
        deductions: [
          {
            wallet: 'package',
            taskId: '831922345719271433',
            at: 1_779_549_455_861,
            before: 13_037_300_000,
            amount: 5_000_000,
            packId: 'p-1',
            product: 'video',
            cashType: null,
            currency: null,
            apiKeyName: 'prod',
          },
        ],
      },
    });
    const cash = {
      task_id: 't',
      deduction_time: 1_779_549_455_861,
      cash_type: 'test_balance',
      balance_before_deduction: 120.5,
      deduction_amount: 0.007,
      balance_after_deduction: 120.493,
      list_price: 0.007,
      currency: 'CNY',
    };
    expect(readBillingPage('balance', page([cash]))).toMatchObject({
      ok: {
        cursor: null,
        deductions: [{ before: 120_500_000, amount: 7000, cashType: 'test_balance', currency: 'CNY' }],
      },
    });
  });

  it('is a problem as a whole if one row cannot be read: a sum of the others would be wrong', () => {
    for (const name of ['task_id', 'deduction_time', 'deduction_amount'] as const) {
      const bad = { ...UNITS, [name]: null };
      expect(readBillingPage('package', page([UNITS, bad]))).toEqual({
        problem: `row 2: ${name} cannot be read`,
      });
    }
    expect(readBillingPage('package', envelope({ result: { detail: {} } }))).toHaveProperty('problem');
    expect(readBillingPage('package', page([], { has_more: true }))).toHaveProperty('problem');
    expect(readBillingPage('package', envelope(null, 1200))).toHaveProperty('problem');
  });
});
