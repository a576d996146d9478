import { describe, expect, it } from 'vitest';
import { storeModules } from '../../src/app/store-operations.ts';
import { createMemoryStore } from '../ledger/memory-store.ts';
import { DAY, HOUR, MINUTE, NOON, noting, openJobs } from './jobs-rig.ts';

const hours = (ran: readonly number[]): number[] => ran.map((at) => (at - NOON) / HOUR);
const minutes = (ran: readonly number[]): number[] => ran.map((at) => (at - NOON) / MINUTE);

describe('a schedule that is changed', () => {
  it('counts from the change on: a job that was off missed nothing', async () => {
    const ran: number[] = [];
    const rig = openJobs([noting('backup', ran)]);
    await rig.pass(HOUR);
    rig.crons = { backup: null };
    await rig.pass(10 * HOUR);
    rig.crons = { backup: '0 * * * *' };
    await rig.pass(59 * MINUTE);
    expect(hours(ran)).toEqual([1]);
    await rig.pass(MINUTE);
    expect(hours(ran)).toEqual([1, 12]);
    expect(rig.facts).toEqual([]);
  });

  it('to none ends the failure of a job, which is reported if the failure was', async () => {
    const fail = () => Promise.reject(new Error('no'));
    const rig = openJobs([
      noting('backup', [], { run: fail }),
      noting('packs', [], { run: fail, patience: 100 }),
    ]);
    await rig.pass(2 * HOUR);
    rig.facts.length = 0;
    rig.crons = { backup: null, packs: null };
    await rig.pass(2 * MINUTE);
    const at = NOON + 121 * MINUTE;
    expect(rig.facts).toEqual([
      { kind: 'job_ended', job: 'backup', result: 'ok', error: null, missed: 0, at },
    ]);
    expect(await rig.state('backup')).toMatchObject({ failures: 0, last: { result: 'failed' } });
  });

  it('in another zone is another schedule', async () => {
    const ran: number[] = [];
    const rig = openJobs([noting('backup', ran)]);
    rig.crons = { backup: '0 21 * * *' };
    await rig.pass(HOUR);
    rig.timeZone = 'Asia/Shanghai';
    await rig.pass(DAY);
    // 21:00 in Shanghai is 13:00 UTC, which had passed a minute before.
    expect(hours(ran)).toEqual([25]);
  });
});

describe('a clock that is set back', () => {
  it('by more than an hour makes a job run at once, and from then on by the new time', async () => {
    const ran: number[] = [];
    const rig = openJobs([noting('backup', ran)]);
    rig.clock.step(NOON + 400 * DAY);
    await rig.pass(HOUR);
    rig.clock.step(NOON);
    await rig.pass(2 * HOUR);
    expect(minutes(ran)).toEqual([400 * 1440 + 60, 1, 60, 120]);
    expect(rig.facts).toEqual([]);
  });

  it('by some minutes repeats nothing', async () => {
    const ran: number[] = [];
    const rig = openJobs([noting('backup', ran)]);
    await rig.pass(HOUR);
    rig.clock.step(NOON + 50 * MINUTE);
    await rig.pass(30 * MINUTE);
    expect(minutes(ran)).toEqual([60]);
  });

  it('after a failure does not keep the job waiting for the time that it showed', async () => {
    const ran: number[] = [];
    const rig = openJobs([
      noting('backup', ran, {
        run(at) {
          ran.push(at);
          return ran.length === 1 ? Promise.reject(new Error('no')) : Promise.resolve();
        },
      }),
    ]);
    await rig.look();
    rig.clock.step(NOON + 400 * DAY);
    await rig.look();
    rig.clock.step(NOON);
    await rig.pass(HOUR);
    expect(minutes(ran)).toEqual([400 * 1440, 60]);
  });
});

it('a store of 0.1.0 keeps when its jobs ran last', async () => {
  const memory = createMemoryStore(storeModules, (db) => {
    db.prepare('INSERT INTO meta (key, value) VALUES (?, ?)').run('job:retention', String(NOON - DAY));
    db.prepare('INSERT INTO meta (key, value) VALUES (?, ?)').run('job:sla-months', String(NOON - HOUR / 2));
  });
  const [retention, months]: [number[], number[]] = [[], []];
  const rig = openJobs(
    [noting('retention', retention), noting('sla-months', months, { first: 'now' })],
    memory,
  );
  rig.crons = { retention: '23 3 * * *', 'sla-months': '5 * * * *' };
  await rig.pass(10 * MINUTE);
  // The night's retention is made up; the hour's look at months is due five minutes past.
  expect([minutes(retention), minutes(months)]).toEqual([[1], [5]]);
  expect(memory.db.prepare("SELECT COUNT(*) FROM meta WHERE key LIKE 'job:%'").pluck().get()).toBe(0);
});
