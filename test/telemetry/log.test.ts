import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { createManualClock } from '../../src/clock.ts';
import { SidecarError } from '../../src/errors.ts';
import { Secret } from '../../src/secret.ts';
import { createLog, type LogOptions } from '../../src/telemetry/log.ts';

function capture(options: Partial<LogOptions> = {}) {
  const pieces: string[] = [];
  const clock = createManualClock(Date.UTC(2026, 10, 21));
  const log = createLog({
    level: 'info',
    pretty: false,
    clock,
    destination: { write: (text) => void pieces.push(text) },
    ...options,
  });
  const lines = () => {
    log.flush();
    return pieces
      .join('')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  };
  return { log, clock, pieces, lines };
}

describe('the log', () => {
  test('writes one JSON object a line with time, level, message and fields', () => {
    const { log, lines } = capture();
    log.info('call', { event: 'call', status: 200, taskId: 'a\nb' });
    log.debug('not shown', { event: 'call' });
    log.warn('plain', { event: 'call' });
    expect(lines()).toEqual([
      {
        level: 'info',
        time: expect.stringMatching(/^\d{4}-.*Z$/) as string,
        msg: 'call',
        event: 'call',
        status: 200,
        taskId: 'a\nb',
      },
      { level: 'warn', time: expect.any(String) as string, msg: 'plain', event: 'call' },
    ]);
  });

  test('gathers lines and writes them together, an error at once', async () => {
    const { log, clock, pieces } = capture();
    log.info('one', { event: 'call' });
    log.info('two', { event: 'call' });
    expect(pieces).toEqual([]);
    await clock.advance(50);
    expect(pieces).toHaveLength(1);
    expect(pieces[0]?.split('\n')).toHaveLength(3);
    log.error('now', { event: 'call' });
    expect(pieces).toHaveLength(2);
  });

  test('writes without waiting once much is gathered', () => {
    const { log, pieces } = capture();
    for (let i = 0; i < 600; i += 1) log.info('x'.repeat(200), { event: 'call' });
    expect(pieces.length).toBeGreaterThan(1);
  });

  test('no secret is in any line, whether in a message, a field, a key, an error or its cause', () => {
    const { log, pieces } = capture({ level: 'debug' });
    const secret = new Secret('s3cr3t"with\\quotes');
    log.hide(secret);
    const value = secret.reveal();
    const nested = new Error(`outer ${value}`, { cause: new Error(`inner ${value}`) });
    log.info(`message ${value}`, {
      event: 'call',
      field: value,
      [value]: 1,
      deep: { list: [value, { of: value }] },
      secret,
    });
    log.error('failed', { event: 'call', error: nested });
    log.error('ours', { event: 'call', error: new SidecarError('secret_invalid', `bad ${value}`) });
    log.warn('encoded', {
      event: 'call',
      authorization: `Basic ${Buffer.from(`ak:${value}`).toString('base64')}`,
    });
    log.flush();
    const text = pieces.join('');
    expect(text).not.toContain(value);
    expect(text).not.toContain(JSON.stringify(value).slice(1, -1));
    expect(text).not.toContain(Buffer.from(value).toString('base64').slice(3, -4));
    expect(text.split('[redacted]').length).toBeGreaterThan(8);
  });

  test('a secret registered after a line was gathered is still kept out of it', () => {
    const { log, pieces } = capture();
    log.info('holds late-secret-value', { event: 'call' });
    log.hide(new Secret('late-secret-value'));
    log.flush();
    expect(pieces.join('')).not.toContain('late-secret-value');
  });

  test('an error is logged with name, code, message and causes; the stack only if it is not ours', () => {
    const { log, lines } = capture();
    log.error('ours', {
      event: 'call',
      error: new SidecarError('not_found', 'no such thing', { cause: new Error('deep') }),
    });
    log.error('theirs', { event: 'call', error: new TypeError('boom') });
    log.error('odd', { event: 'call', error: 'a string' });
    const [ours, theirs, odd] = lines();
    expect(ours?.['error']).toEqual({
      name: 'SidecarError',
      code: 'not_found',
      message: 'no such thing',
      causes: ['Error: deep'],
    });
    expect(theirs?.['error']).toMatchObject({ name: 'TypeError', message: 'boom' });
    expect(JSON.stringify(theirs?.['error'])).toContain('log.test.ts');
    expect(odd?.['error']).toBe('a string');
  });

  test('a field that cannot be written does not fail the caller', () => {
    const { log, lines } = capture();
    const hostile = {
      get field(): never {
        throw new Error('no');
      },
    };
    const loop: Record<string, unknown> = { a: 1 };
    loop['self'] = loop;
    expect(() => log.info('hostile', { event: 'call', hostile })).not.toThrow();
    expect(() => log.info('loop', { event: 'call', loop, big: 10n })).not.toThrow();
    log.info('after', { event: 'call' });
    const unwritten = { event: 'telemetry_failed', msg: 'a log line could not be written in full' };
    expect(lines()).toMatchObject([
      { ...unwritten, level: 'warn', line: 'hostile' },
      { ...unwritten, level: 'warn', line: 'loop' },
      { msg: 'after' },
    ]);
  });

  test('what was gathered is on standard output although the process exits at once, or its reader goes away', async () => {
    const script = `
      import { createLog } from './src/telemetry/log.ts';
      const log = createLog({ level: 'info' });
      for (let i = 0; i < 2000; i += 1) log.info('line ' + i + ' ' + 'x'.repeat(100), { event: 'call' });
      if (process.env.LINGER) setTimeout(() => process.stderr.write('still here', () => process.exit(0)), 300);
      else process.exit(0);`;
    const start = (env: Record<string, string>) =>
      spawn(process.execPath, ['--input-type=module', '-e', script], { env: { ...process.env, ...env } });
    const exiting = start({});
    let text = '';
    exiting.stdout.on('data', (piece: Buffer) => (text += piece.toString('utf8')));
    const abandoned = start({ LINGER: '1' });
    let told = '';
    abandoned.stdout.destroy();
    abandoned.stderr.on('data', (piece: Buffer) => (told += piece.toString('utf8')));
    const [[code], [abandonedCode]] = await Promise.all([once(exiting, 'close'), once(abandoned, 'close')]);
    expect(code).toBe(0);
    expect(text.trimEnd().split('\n')).toHaveLength(2000);
    expect([abandonedCode, told]).toEqual([0, 'still here']);
  });

  test('a destination that fails does not fail the caller', () => {
    const { log } = capture({
      destination: {
        write: () => {
          throw new Error('EPIPE');
        },
      },
    });
    expect(() => log.error('lost', { event: 'call' })).not.toThrow();
  });

  test('lines for people have date and time, and neither line breaks, ANSI codes nor directional marks of what was logged', async () => {
    const pieces: string[] = [];
    const log = createLog({
      level: 'info',
      pretty: true,
      destination: { write: (text) => void pieces.push(text) },
    });
    log.hide(new Secret('pretty"secret'));
    await import('pino-pretty');
    await new Promise((resolve) => setImmediate(resolve));
    log.info('evil\r\n\u001b[31mfake line\u202e', { event: 'call', path: '/a\nb', secret: 'pretty"secret' });
    log.flush();
    const text = pieces.join('');
    expect(text.trimEnd().split('\n')).toHaveLength(1);
    // oxlint-disable-next-line no-control-regex -- control characters are what it looks for
    expect(text).not.toMatch(/[\u001b\r\u202e]/);
    expect(text).toContain('fake line');
    expect(text).not.toContain('pretty"secret');
    expect(text).toMatch(/20\d\d-\d\d-\d\d \d\d:\d\d:\d\d/);
  });
});
