import { describe, expect, it } from 'vitest';
import { nextTurn } from '../../src/clock.ts';
import { SidecarError } from '../../src/errors.ts';
import { held, HOUR, MINUTE, NOON, noting, openJobs, type JobsRig } from './jobs-rig.ts';

const hours = (ran: readonly number[]): number[] => ran.map((at) => (at - NOON) / HOUR);
const minutes = (ran: readonly number[]): number[] => ran.map((at) => (at - NOON) / MINUTE);

/** Lets a run that was begun come to where it waits. */
async function begun(rig: JobsRig, name: Parameters<JobsRig['state']>[0]): Promise<void> {
  for (let turn = 0; turn < 50 && !rig.jobs.running.has(name); turn += 1) await nextTurn();
  expect(rig.jobs.running.has(name)).toBe(true);
}

describe('a job', () => {
  it('runs when it is due, and not before it is due again', async () => {
    const ran: number[] = [];
    const rig = openJobs([noting('backup', ran)]);
    rig.crons = { backup: '30 13,15 * * *' };
    await rig.pass(2 * HOUR);
    expect(minutes(ran)).toEqual([90]);
    await rig.pass(2 * HOUR);
    expect(minutes(ran)).toEqual([90, 210]);
    expect(await rig.state('backup')).toMatchObject({
      schedule: '30 13,15 * * * UTC',
      failures: 0,
      last: { dueAt: NOON + 210 * MINUTE, result: 'ok', missed: 0, error: null },
    });
    expect(rig.facts).toEqual([]);
  });

  it('waits for its first due time, or runs at once if it never ran, by its own setting', async () => {
    const [now, waits]: [number[], number[]] = [[], []];
    const rig = openJobs([noting('sla-months', now, { first: 'now' }), noting('backup', waits)]);
    await rig.look();
    await rig.look();
    expect([now, waits]).toEqual([[NOON], []]);
    await rig.pass(HOUR);
    expect([hours(now), hours(waits)]).toEqual([[0, 1], [1]]);
  });

  it('makes up once for all runs that were missed while nothing ran, and counts them', async () => {
    const ran: number[] = [];
    const rig = openJobs([noting('backup', ran)]);
    await rig.pass(HOUR);
    rig.restart([noting('backup', ran)]);
    await rig.clock.advance(5.5 * HOUR);
    await rig.pass(3 * MINUTE);
    expect(minutes(ran)).toEqual([60, 391]);
    expect((await rig.state('backup'))?.last).toMatchObject({ dueAt: NOON + 6 * HOUR, missed: 4 });
    expect(rig.ended.at(-1)).toMatchObject({ name: 'backup', result: 'ok', missed: 4 });
    expect(rig.facts).toEqual([
      { kind: 'job_ended', job: 'backup', result: 'ok', error: null, missed: 4, at: NOON + 391 * MINUTE },
    ]);
    await rig.pass(HOUR);
    expect(minutes(ran)).toEqual([60, 391, 420]);
  });

  it('has missed nothing if its one run is late by less than the time to the next', async () => {
    const ran: number[] = [];
    const rig = openJobs([noting('backup', ran)]);
    rig.crons = { backup: '0 2 * * *' };
    await rig.look();
    await rig.clock.advance(20 * HOUR);
    await rig.look();
    expect(hours(ran)).toEqual([20]);
    expect(rig.facts).toEqual([]);
  });

  it('is checked for each instant, also during a run for an earlier one', async () => {
    const { job, ran, end } = held('backup');
    const rig = openJobs([job]);
    await rig.look();
    const first = rig.jobs.runDue(NOON + HOUR);
    await begun(rig, 'backup');
    const looks = [0, 1, 2].map((minute) => rig.jobs.runDue(NOON + 2 * HOUR + minute * MINUTE));
    let areOver = false;
    void Promise.all(looks).then(() => (areOver = true));
    end();
    await first;
    await begun(rig, 'backup');
    expect(areOver).toBe(false);
    end();
    await Promise.all(looks);
    // One run for all three.
    expect(ran).toEqual([NOON + HOUR, NOON + 2 * HOUR + 2 * MINUTE]);
  });

  it('delays no other, even if it takes long', async () => {
    const slow = held('backup');
    const ran: number[] = [];
    const rig = openJobs([slow.job, noting('retention', ran)]);
    await rig.look();
    void rig.jobs.runDue(NOON + HOUR);
    await begun(rig, 'backup');
    void rig.jobs.runDue(NOON + 2 * HOUR);
    while (ran.length < 2) await nextTurn();
    expect(hours(ran)).toEqual([1, 2]);
    slow.end();
  });
});

describe('a job that fails', () => {
  const failing = (ran: number[], until = Infinity, patience = 1) =>
    noting('backup', ran, {
      patience,
      run(at) {
        ran.push(at);
        return ran.length > until ? Promise.resolve() : Promise.reject(new Error('the disk is full'));
      },
    });

  it('is tried again after a minute, then after twice as long each time, up to an hour', async () => {
    const ran: number[] = [];
    const rig = openJobs([failing(ran)]);
    await rig.look();
    await rig.pass(5 * HOUR);
    expect(minutes(ran)).toEqual([60, 61, 63, 67, 75, 91, 123, 183, 243]);
    expect(await rig.state('backup')).toMatchObject({
      failures: 9,
      okAt: null,
      last: { result: 'failed', error: 'the disk is full', missed: 0 },
    });
  });

  it('continues to wait after a restart, and has no failures after a successful run', async () => {
    const ran: number[] = [];
    const rig = openJobs([failing(ran)]);
    await rig.look();
    await rig.pass(68 * MINUTE);
    rig.restart([failing(ran, 4)]);
    await rig.pass(3 * MINUTE);
    expect(minutes(ran)).toEqual([60, 61, 63, 67]);
    await rig.pass(10 * MINUTE);
    expect(minutes(ran)).toEqual([60, 61, 63, 67, 75]);
    expect(await rig.state('backup')).toMatchObject({ failures: 0, okAt: NOON + 75 * MINUTE });
    const results = rig.facts.map((fact) => fact.kind === 'job_ended' && [fact.result, fact.error]);
    expect(results).toEqual([
      ...Array.from({ length: 4 }, () => ['failed', 'the disk is full']),
      ['ok', null],
    ]);
  });

  it('is reported from the number of failures in a row that is its patience, with the runs that the first one had missed', async () => {
    const ran: number[] = [];
    const rig = openJobs([failing(ran, 4, 3)]);
    await rig.look();
    await rig.clock.advance(3 * HOUR);
    await rig.look();
    expect(rig.facts).toEqual([]);
    await rig.pass(20 * MINUTE);
    expect(rig.facts).toMatchObject([
      { result: 'failed', missed: 2, at: NOON + 183 * MINUTE },
      { result: 'failed', missed: 0, at: NOON + 187 * MINUTE },
      { result: 'ok', missed: 0, at: NOON + 195 * MINUTE },
    ]);
  });

  it('is not reported if it succeeded before that', async () => {
    const ran: number[] = [];
    const rig = openJobs([failing(ran, 2, 3)]);
    await rig.look();
    await rig.pass(2 * HOUR);
    expect(minutes(ran)).toEqual([60, 61, 63, 120]);
    expect(rig.facts).toEqual([]);
  });

  it('keeps its failure as one short plain text', async () => {
    const rig = openJobs([
      noting('backup', [], { run: () => Promise.reject(new Error(`a\nb${'x'.repeat(1000)}`)) }),
    ]);
    await rig.look();
    await rig.pass(HOUR);
    const error = (await rig.state('backup'))?.last?.error;
    expect(error).toHaveLength(500);
    expect(error).toMatch(/^a\?bxxx/);
  });

  it('has failed at its time limit, and is not begun again before it has really ended', async () => {
    const { job, ran, end } = held('backup', { ignoresSignal: true, limitMs: 30 * MINUTE });
    const rig = openJobs([job]);
    await rig.look();
    const first = rig.jobs.runDue(NOON + HOUR);
    await begun(rig, 'backup');
    await rig.clock.advance(30 * MINUTE);
    await first;
    expect((await rig.state('backup'))?.last).toMatchObject({
      result: 'failed',
      error: 'it took longer than 30 minutes and was aborted',
      durationMs: 30 * MINUTE,
    });
    await rig.pass(3 * HOUR);
    expect(ran).toHaveLength(1);
    await expect(rig.jobs.order('backup')).rejects.toThrow(/is running, since/);
    end();
    await nextTurn();
    const again = rig.look();
    await begun(rig, 'backup');
    end();
    await again;
    expect(ran).toHaveLength(2);
  });

  it('has failed at its time limit also if it ends well because it was aborted', async () => {
    const { job } = held('backup', { limitMs: 30 * MINUTE });
    const rig = openJobs([job]);
    await rig.look();
    const first = rig.jobs.runDue(NOON + HOUR);
    await begun(rig, 'backup');
    await rig.clock.advance(30 * MINUTE);
    await first;
    expect((await rig.state('backup'))?.last?.result).toBe('failed');
  });

  it('is run again if its end could not be noted', async () => {
    const ran: number[] = [];
    const rig = openJobs([noting('backup', ran)]);
    await rig.look();
    rig.memory.db.exec(
      "CREATE TRIGGER no_room BEFORE UPDATE ON job_runs BEGIN SELECT RAISE(ABORT, 'no room'); END",
    );
    await rig.pass(HOUR);
    expect(rig.errors).toEqual(['the job backup could not be begun or noted']);
    rig.memory.db.exec('DROP TRIGGER no_room');
    await rig.pass(5 * MINUTE);
    expect(minutes(ran)).toEqual([60, 61]);
  });
});

describe('a stop', () => {
  it.each([false, true])('aborts a run and notes nothing of it (it fails: %s)', async (fails) => {
    const { job, end } = held('backup', { ignoresSignal: fails });
    const rig = openJobs([job]);
    await rig.look();
    const running = rig.jobs.runDue(NOON + HOUR);
    await begun(rig, 'backup');
    const stopping = rig.jobs.stop();
    if (fails) end(new Error('the store is closed'));
    await stopping;
    await running;
    expect((await rig.state('backup'))?.last).toBeNull();
    expect([rig.ended, rig.errors]).toEqual([[], []]);
    // The next start makes up for it.
    const ran: number[] = [];
    rig.restart([noting('backup', ran)]);
    await rig.jobs.runDue(NOON + HOUR + MINUTE);
    expect(minutes(ran)).toEqual([61]);
    expect(rig.facts).toEqual([]);
  });

  it('begins no job afterwards', async () => {
    const ran: number[] = [];
    const rig = openJobs([noting('backup', ran)]);
    await rig.look();
    await rig.jobs.stop();
    await rig.jobs.runDue(NOON + HOUR);
    expect(ran).toEqual([]);
    await expect(rig.jobs.order('backup')).rejects.toThrow(SidecarError);
  });
});

describe('an order', () => {
  it('runs a job that is not due, or off, and replaces the runs that were due', async () => {
    const ran: number[] = [];
    const rig = openJobs([noting('backup', ran)]);
    rig.crons = { backup: null };
    await rig.look();
    await rig.jobs.order('backup');
    await rig.look();
    expect(minutes(ran)).toEqual([0]);
    expect((await rig.state('backup'))?.last).toMatchObject({ dueAt: null, result: 'ok' });
    rig.crons = {};
    await rig.look();
    await rig.clock.advance(HOUR);
    await rig.jobs.order('backup');
    await rig.look();
    expect(hours(ran)).toEqual([0, 1]);
  });

  it('is refused while the job runs', async () => {
    const { job, end, ran } = held('backup');
    const rig = openJobs([job]);
    await rig.look();
    void rig.jobs.runDue(NOON + HOUR);
    await begun(rig, 'backup');
    await expect(rig.jobs.order('backup')).rejects.toMatchObject({ code: 'already_running' });
    end();
    await rig.jobs.runDue(NOON + HOUR);
    await rig.jobs.order('backup');
    await expect(rig.jobs.order('backup')).rejects.toMatchObject({ code: 'already_running' });
    expect(ran).toHaveLength(2);
    end();
  });

  it('that comes with the look that begins the job is refused, and the job runs once', async () => {
    const { job, end, ran } = held('backup');
    const rig = openJobs([job]);
    await rig.look();
    const looking = rig.jobs.runDue(NOON + HOUR);
    await expect(rig.jobs.order('backup')).rejects.toMatchObject({ code: 'already_running' });
    end();
    await looking;
    expect(ran).toHaveLength(1);
  });
});
