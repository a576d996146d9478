/** Ledgers that are behind, and somebody else who spends on the account. */
import { describe, expect, it } from 'vitest';
import { at, START, startRig, textAt, type Rig } from './client.ts';

const t2v = '/v1/videos/text2video';
const RANGE = { start_time: START - 86_400_000, end_time: START + 30 * 86_400_000 };
const HOUR = 3_600_000;

async function rowsOf(rig: Rig, wallet: 'package' | 'balance' = 'package'): Promise<object[]> {
  const { data } = await rig.post(`/account/billing/${wallet}`, RANGE);
  return at(data, 'result', 'detail') as object[];
}

async function leftOf(rig: Rig): Promise<unknown[]> {
  const { data } = await rig.get(`/account/costs?start_time=${START - HOUR}&end_time=${START + HOUR}`);
  const packs = at(data, 'resource_pack_subscribe_infos') as object[];
  return packs.map((pack) => at(pack, 'remaining_quantity'));
}

describe('the ledgers', () => {
  it('show a deduction after the delay, with its own time, though it is charged at once', async () => {
    const rig = await startRig({ billing: { delayMs: HOUR } });
    const id = textAt((await rig.post(t2v, { prompt: 'a cat' })).data, 'task_id');
    expect(rig.emulator.book()).toMatchObject({ charges: [{ taskId: id }], totalUnits: 1 });
    expect(await rowsOf(rig)).toEqual([]);
    await rig.clock.advance(HOUR - 1);
    expect(await rowsOf(rig)).toEqual([]);
    const shown = (await rig.get(`${t2v}/${id}`)).data;
    expect(shown).toMatchObject({ final_unit_deduction: '1' });
    await rig.clock.advance(1);
    expect(await rowsOf(rig)).toMatchObject([{ task_id: id, deduction_time: String(START) }]);
  });

  it('are brought forward by an advance of age, and by a shorter delay', async () => {
    const rig = await startRig({ billing: { delayMs: HOUR } });
    await rig.post(t2v, { prompt: 'a cat' });
    rig.emulator.advance(HOUR);
    expect(await rowsOf(rig)).toHaveLength(1);
    await rig.post(t2v, { prompt: 'a cat' });
    expect(await rowsOf(rig)).toHaveLength(1);
    expect(await rig.post('/_emulator/billing', { delayMs: 0 })).toMatchObject({ status: 200 });
    expect(await rowsOf(rig)).toHaveLength(2);
    expect(await rig.post('/_emulator/billing', { delay: 0 })).toMatchObject({
      status: 400,
      text: expect.stringContaining('delay is none of delayMs, packLagMs'),
    });
  });

  it('are newer than the packs’ remaining units, which lag', async () => {
    const rig = await startRig();
    await rig.post('/_emulator/billing', { packLagMs: 12 * HOUR });
    await rig.post(t2v, { prompt: 'a cat' });
    await rig.clock.advance(6 * HOUR);
    await rig.post(t2v, { prompt: 'a cat' });
    expect(await rowsOf(rig)).toHaveLength(2);
    expect(await leftOf(rig)).toEqual([1000, 10_000]);
    await rig.clock.advance(6 * HOUR);
    expect(await leftOf(rig)).toEqual([999, 10_000]);
    await rig.clock.advance(6 * HOUR);
    expect(await leftOf(rig)).toEqual([998, 10_000]);
  });
});

describe('somebody else on the account', () => {
  it('spends units: in the ledgers and the packs, marked in the book and in no total of ours', async () => {
    const rig = await startRig();
    await rig.post(t2v, { prompt: 'a cat' });
    const order = { units: 2.5, apiKeyName: 'marketing' };
    const { taskId } = JSON.parse((await rig.post('/_emulator/foreign', order)).text) as { taskId: string };
    expect(await rowsOf(rig)).toMatchObject([
      { task_id: taskId, api_key_name: 'marketing', deduction_amount: 2.5, unit_after_deduction: 996.5 },
      { deduction_amount: 1 },
    ]);
    expect(await leftOf(rig)).toEqual([996.5, 10_000]);
    expect(rig.emulator.book()).toMatchObject({
      totalUnits: 1,
      totalUnitsByProduct: { video: 1, image: 0 },
      foreignUnits: 2.5,
      charges: [{ units: 1 }, { taskId, units: 2.5, foreign: true }],
    });
    expect(rig.emulator.book().charges[0]).not.toHaveProperty('foreign');
    expect(at((await rig.post('/tasks', {})).data, 'count')).toBe(1);
  });

  it('spends cash, and images', async () => {
    const rig = await startRig({ cash: { balance: 10, currency: 'USD' } });
    rig.emulator.spendForeign({ cash: 0.123_456_789 });
    rig.emulator.spendForeign({ units: 8, product: 'image' });
    expect(await rowsOf(rig, 'balance')).toMatchObject([
      { deduction_amount: 0.123_456_789, balance_after_deduction: 9.876_543_211, currency: 'USD' },
    ]);
    expect(await rowsOf(rig)).toMatchObject([{ deduction_amount: 8, product_type: 'image' }]);
    expect(rig.emulator.book()).toMatchObject({ totalUnits: 0, foreignUnits: 8 });
  });

  it('has a task, which runs, is open for ever, or is old', async () => {
    const rig = await startRig();
    const running = rig.emulator.spendForeign({ units: 3, task: true });
    const open = rig.emulator.spendForeign({ units: 1, task: 'open' });
    const old = rig.emulator.spendForeign({ units: 2, task: true, at: START - HOUR });
    const tasks = async () => at((await rig.post('/tasks', {})).data, 'result') as object[];
    expect(await tasks()).toMatchObject([
      { id: old, status: 'succeeded', create_time: START - HOUR, update_time: START - HOUR + 6000 },
      { id: open, status: 'submitted' },
      { id: running, status: 'submitted' },
    ]);
    expect((await rowsOf(rig)).map((row) => at(row, 'task_id'))).toEqual([open, running, old]);
    rig.emulator.advance(60_000);
    const states = (await tasks()).map((task) => [at(task, 'status'), at(task, 'billing', 0, 'amount')]);
    expect(states).toEqual([
      ['succeeded', '2'],
      ['processing', undefined],
      ['succeeded', '3'],
    ]);
  });

  it('is refused with a sentence where the order is wrong or nothing can pay', async () => {
    const rig = await startRig();
    const spend = (body: object) => rig.post('/_emulator/foreign', body);
    for (const [body, message] of [
      [{}, 'give either units or cash'],
      [{ units: 1, cash: 1 }, 'give either units or cash'],
      [{ units: 0 }, 'units must be a number above 0'],
      [{ units: 1001 }, 'Account balance not enough'],
      [{ cash: 1 }, 'Account balance not enough'],
      [{ units: 1, at: START + 1 }, 'at must not be in the future'],
      [{ units: 1, at: 'soon' }, 'at must be a time'],
      [{ units: 1, task: 'yes' }, 'task must be'],
      [{ units: 1, product: 'audio' }, 'product must be'],
      [{ unit: 1 }, 'unit is none of units'],
    ] as const)
      expect(await spend(body), message).toMatchObject({
        status: 400,
        text: expect.stringContaining(message),
      });
    expect(rig.emulator.book()).toMatchObject({ charges: [], foreignUnits: 0 });
  });
});
