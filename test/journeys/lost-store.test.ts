import { afterEach, describe, expect, it } from 'vitest';
import { whileMoving } from '../money/hand-clock.ts';
import { Account, leavesNoMore } from './lost-store.ts';

let account: Account | undefined;
afterEach(async () => {
  await account?.close();
  account = undefined;
});

const VIDEO = { what: 'video', app: 'red', tag: 'blue', fails: false } as const;

describe('a store that is lost', () => {
  it('leaves no credit more to spend than before, for every kind of budget and window', () =>
    leavesNoMore([
      { kind: 'create', ...VIDEO },
      { kind: 'create', ...VIDEO, fails: true },
      { kind: 'create', ...VIDEO, what: 'image', app: 'green', tag: 'white' },
      { kind: 'create', ...VIDEO, what: 'speech' },
      // Past midnight UTC, not past that of the other zone.
      { kind: 'wait', minutes: 240 },
      { kind: 'create', ...VIDEO, what: 'newVideo', tag: 'white' },
      { kind: 'poll' },
    ]));

  it('makes the next create wait until the account is read, and refuses it where the budget is used up', async () => {
    const config = { budgets: [{ name: 'daily', credits: 15, window: 'day' }] };
    account = await Account.open({ config });
    expect((await account.create(VIDEO)).status).toBe(200);
    await account.loseStore({ config });
    const refused = await whileMoving(account.clock, account.create(VIDEO));
    expect(refused.headers['x-kling-sidecar']).toBe('budget_exceeded');
    expect(account.emulator.book().charges).toHaveLength(1);
  });
});
