import { PassThrough, Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { openStdout, stdoutSection } from '../../../src/alerts/channels/stdout.ts';
import { failureOf } from './failure.ts';
import { alertOf, frameOf, messageOf, NASTY, overOf } from './sample-message.ts';

async function written(message: ReturnType<typeof messageOf>, format?: 'json' | 'text'): Promise<string> {
  const output = new PassThrough();
  const config = stdoutSection.parse({
    name: 'console',
    type: 'stdout',
    ...(format === undefined ? {} : { format }),
  });
  const channel = openStdout(config, undefined, output);
  expect(await channel.send(message, {})).toEqual({});
  output.end();
  return Buffer.concat(await output.toArray()).toString('utf8');
}

test('writes a message as one line of JSON with everything that is known', async () => {
  const text = await written(messageOf({ alerts: [alertOf(), overOf({ title: NASTY })], more: 3 }));
  expect(text.split('\n')).toHaveLength(2);
  expect(text.endsWith('\n')).toBe(true);
  expect(JSON.parse(text)).toMatchObject({
    event: 'alert',
    time: '2020-09-06T02:47:53.123Z',
    id: 'msg_0123456789abcdef0123456789abcdef',
    environment: 'production',
    account: 'studio-7',
    severity: 'page',
    headline: '2 alerts: Kling fails 12 % of requests',
    more: 3,
    alerts: [
      {
        id: 1,
        rule: 'failure_rate',
        labels: { operation: 'text-to-video' },
        fingerprint: '0123456789abcdef',
        status: 'firing',
        severity: 'page',
        values: { rate: 0.12, threshold: 0.05 },
        at: '2020-09-06T02:47:23.123Z',
        startedAt: '2020-09-06T02:37:53.123Z',
        endedAt: null,
        title: 'Kling fails 12 % of requests',
        runbookUrl: 'https://docs.example/runbooks/failure_rate.md',
      },
      { status: 'resolved', endedAt: '2020-09-06T02:42:53.123Z' },
    ],
  });
});

test('writes a message for people, with a line between it and the next', async () => {
  expect(await written(messageOf(), 'text')).toBe(
    [
      'Alert · Urgent: Kling fails 12 % of requests',
      '',
      '12 % of 240 requests failed in the last 10 minutes, above 5 %.',
      'What to do: Look at the errors of Kling. Nothing is charged for a create that failed.',
      'Since: 2020-09-06 02:37 UTC',
      'Runbook: https://docs.example/runbooks/failure_rate.md',
      '',
      'kling-sidecar · Environment: production · Account: studio-7',
      '',
      '',
    ].join('\n'),
  );
});

test('writes several alerts for people, and the number of further events', async () => {
  const alerts = [alertOf(), overOf({ fingerprint: 'f'.repeat(16) })];
  const text = await written(messageOf({ alerts, account: null, more: 2, frame: frameOf('en', 2) }), 'text');
  expect(text).toContain('2 alerts: Kling fails 12 % of requests\n\nAlert · Urgent: Kling');
  expect(text).toContain('\n\nOver: Kling fails 12 % of requests\n');
  expect(text).toContain('Since: 2020-09-06 02:37 UTC · Until: 2020-09-06 02:42 UTC');
  expect(text).toContain(
    '\n\nand 2 more events, see kling-sidecar alert list\n\nkling-sidecar · Environment: production\n',
  );
});

test('turns nothing around in the terminal of those who read it', async () => {
  const text = await written(messageOf({ alerts: [alertOf({ finding: `${NASTY}\u001b[31m` })] }), 'text');
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  expect(text).not.toMatch(/[\u001b\u202e\u200b]/);
});

test('fails if the stream is closed, and is tried again', async () => {
  const output = new Writable({ write: (_chunk, _encoding, done) => done(new Error('EPIPE')) });
  output.on('error', () => undefined);
  const config = stdoutSection.parse({ name: 'console', type: 'stdout' });
  const error = await failureOf(openStdout(config, undefined, output).send(messageOf(), {}));
  expect(error).toMatchObject({ isFinal: false, message: 'Standard output is closed' });
});

test('hands programs every event and people a digest', () => {
  const open = (format: string): boolean | undefined =>
    openStdout(stdoutSection.parse({ name: 'console', type: 'stdout', format })).takesEach;
  expect([open('json'), open('text')]).toEqual([true, false]);
});
