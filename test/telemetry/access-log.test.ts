import { describe, expect, test } from 'vitest';
import type { CallRecord } from '../../src/calls/call.ts';
import { createAccessLog, type CallPlace } from '../../src/telemetry/access-log.ts';
import { EVENTS, type EventName } from '../../src/telemetry/event-names.ts';
import { createLog, type LogFields } from '../../src/telemetry/log.ts';
import type { AccessLogSetting } from '../../src/telemetry/telemetry-config.ts';
import { codeSpans, readProject, sectionOf, tableRows } from '../docs/markdown.ts';
import { CALL, make, REFUSAL, shutDownAll, tellEverything } from './telling.ts';

function capture(setting: AccessLogSetting = 'all') {
  let text = '';
  const log = createLog({
    level: 'debug',
    pretty: false,
    destination: { write: (piece) => void (text += piece) },
  });
  const access = createAccessLog(log, () => setting);
  const lines = (): LogFields[] => {
    log.flush();
    return text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as LogFields]));
  };
  return { access, lines };
}

/** The level at which a call is written. */
function levelOf(over: Partial<CallRecord>, place?: CallPlace): unknown {
  const { access, lines } = capture();
  access.call({ ...CALL, ...over }, place);
  return lines()[0]?.['level'];
}

describe('the line of a call', () => {
  test('names its trace, request, hold and task', () => {
    const { access, lines } = capture();
    access.call(CALL, { trace: { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16) } });
    expect(lines()[0]).toMatchObject({
      event: 'call',
      traceId: 'a'.repeat(32),
      spanId: 'b'.repeat(16),
      requestId: 'req_1',
      holdId: 'hold_1',
      taskId: '123',
    });
  });

  test('is an error if Kling refuses the key, and debug if its token was only old', () => {
    const refused = { status: 401, code: 1002, outcome: 'client_error' } as const;
    expect(levelOf(refused)).toBe('error');
    expect(levelOf({ ...refused, code: 1004, attempt: 1 })).toBe('debug');
    expect(levelOf({ ...refused, code: 1004, attempt: 2 })).toBe('error');
  });

  test('is debug for an attempt that is repeated, and for what the sidecar asks with success', () => {
    const failed = { status: null, code: null, outcome: 'no_answer', errorClass: 'reset' } as const;
    expect(levelOf(failed, { isRepeated: true })).toBe('debug');
    expect(levelOf(failed)).toBe('warn');
    expect(levelOf({ origin: 'sidecar' })).toBe('debug');
  });

  test('is a warning if Kling failed, and info if the caller’s request did', () => {
    expect(levelOf({ status: 500, code: 5000, outcome: 'server_error' })).toBe('warn');
    expect(levelOf({ status: 400, code: 1201, outcome: 'client_error' })).toBe('info');
    expect(levelOf({ status: 429, code: 1303, outcome: 'throttled' })).toBe('info');
    expect(levelOf({})).toBe('info');
  });
});

describe('the line of a refusal', () => {
  test('is info for a budget, a warning for an unknown outcome, an error for the ledger', () => {
    const { access, lines } = capture();
    for (const word of ['budget_exceeded', 'outcome_unknown', 'ledger_unavailable'])
      access.refused({ ...REFUSAL, word });
    expect(lines().map(({ level }) => level)).toEqual(['info', 'warn', 'error']);
  });
});

describe('telemetry.accessLog', () => {
  const written = (setting: AccessLogSetting): string[] => {
    const { access, lines } = capture(setting);
    for (let i = 0; i < 8; i += 1) access.call({ ...CALL, requestId: `ok-${i}` });
    access.call({ ...CALL, requestId: 'failed', status: 500, outcome: 'server_error' });
    access.refused({ ...REFUSAL, requestId: 'refused' });
    return lines().map(({ requestId }) => String(requestId));
  };

  test('writes all by default, what failed or was refused, or nothing', () => {
    expect(written('all')).toHaveLength(10);
    expect(written('errors')).toEqual(['failed', 'refused']);
    expect(written('off')).toEqual([]);
  });

  test('writes the very share of what succeeded, and all the rest', () => {
    expect(written(0.25)).toEqual(['ok-3', 'ok-7', 'failed', 'refused']);
  });
});

describe('the events', () => {
  test('are those of the docs, each with its levels and its meaning', () => {
    const rows = tableRows(sectionOf(readProject('docs/logs.md'), 'Events'));
    const documented = rows.map(([name = '', levels = '', says = '']) => [
      codeSpans(name)[0],
      [levels, says],
    ]);
    expect(Object.fromEntries(documented)).toEqual(EVENTS);
  });

  test('have lines of their levels only', async () => {
    const { telemetry, logged } = make('debug');
    tellEverything(telemetry);
    const lines = logged();
    expect(lines.length).toBeGreaterThan(10);
    const wrong = lines.filter(({ event, level }) => {
      const known = EVENTS[event as EventName] as readonly [string, string] | undefined;
      return known === undefined || !known[0].split(', ').includes(String(level));
    });
    expect(wrong).toEqual([]);
    await shutDownAll();
  });
});
