import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import {
  CALL_CLASSES,
  classOf,
  classSql,
  ERROR_CLASSES,
  isAnswer,
  isError,
  outcomeOf,
  outcomeOfStatus,
  proofOf,
} from '../../src/calls/outcome.ts';
import type { CallOutcome } from '../../src/words.ts';

describe('the outcome of an attempt', () => {
  it('is an error answer from 500 to 599 and nowhere else', () => {
    const cases: [number, CallOutcome][] = [
      [200, 'ok'],
      [302, 'ok'],
      [400, 'client_error'],
      [428, 'client_error'],
      [429, 'throttled'],
      [430, 'client_error'],
      [499, 'client_error'],
      [500, 'server_error'],
      [599, 'server_error'],
      [600, 'ok'],
      [999, 'ok'],
    ];
    expect(cases.map(([status]) => [status, outcomeOfStatus(status)])).toEqual(cases);
  });

  it('is that of the status line if one arrived, with any later failure', () => {
    for (const errorClass of ERROR_CLASSES) {
      expect(outcomeOf({ status: 503, errorClass })).toBe('server_error');
      expect(outcomeOf({ status: 200, errorClass })).toBe('ok');
    }
  });

  it('follows from the error class if no status line arrived', () => {
    const byOutcome = Object.groupBy(ERROR_CLASSES, (errorClass) => outcomeOf({ status: null, errorClass }));
    expect(byOutcome).toEqual({
      aborted: ['no_connection'],
      unreachable: ['dns', 'refused', 'tls', 'connect_timeout', 'connect_other', 'proxy'],
      no_answer: ['reset', 'headers_timeout', 'body_timeout', 'truncated', 'malformed'],
    });
    expect(outcomeOf({ status: null, errorClass: null })).toBe('aborted');
  });

  it('may be blamed by an address for failed connections alone, and by a name for names', () => {
    const byProof = Object.groupBy(ERROR_CLASSES, proofOf);
    expect(byProof.address).toEqual(['refused', 'connect_timeout', 'connect_other']);
    expect(byProof.name).toEqual(['dns']);
    expect(proofOf(null)).toBe('none');
  });
});

describe('the class that windows count', () => {
  it('is the same in memory and in SQL', () => {
    const db = new Database(':memory:');
    db.exec('CREATE TABLE t (outcome TEXT, code INTEGER, blame TEXT)');
    const outcomes: CallOutcome[] = [
      'ok',
      'client_error',
      'throttled',
      'server_error',
      'unreachable',
      'no_answer',
      'aborted',
    ];
    const read = db.prepare<[], string>(`SELECT ${classSql('t', 't.blame')} FROM t`).pluck();
    for (const outcome of outcomes) {
      for (const code of [null, 0, 5000, 5001]) {
        for (const blame of ['upstream', 'local', 'unknown'] as const) {
          db.exec('DELETE FROM t');
          db.prepare('INSERT INTO t VALUES (?, ?, ?)').run(outcome, code, blame);
          expect(read.get()).toBe(classOf({ outcome, code }, blame));
        }
      }
    }
    db.close();
  });

  it('is an error only for 5xx answers and what the upstream is blamed for', () => {
    expect(CALL_CLASSES.filter(isError)).toEqual(['server_error', 'maintenance', 'unreachable_upstream']);
    expect(CALL_CLASSES.filter(isAnswer)).toEqual([
      'ok',
      'client_error',
      'throttled',
      'server_error',
      'maintenance',
    ]);
  });
});
