import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { generate } from 'selfsigned';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { AlertMessage } from '../../../src/alerts/alert.ts';
import type { References } from '../../../src/alerts/channel.ts';
import { emailSection, openEmail } from '../../../src/alerts/channels/email.ts';
import { whileMoving } from '../../money/hand-clock.ts';
import { failureOf, refusalOf } from './failure.ts';
import { mailParts } from './mail-parts.ts';
import { alertOf, channelRig, messageOf, NASTY, overOf, type Rig } from './sample-message.ts';
import { startSmtpServer, type SmtpOptions, type SmtpServer } from './smtp-server.ts';

/** Reaches loopback, and is no address that counts as this machine: TLS is asked for. */
const ELSEWHERE = '0.0.0.0';
const PASSWORD = 'p@ss:/w 1?';

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

interface Mail {
  rig: Rig;
  server: SmtpServer;
  send(message?: AlertMessage, references?: References): Promise<References>;
  close(): Promise<void>;
}

interface MailOptions extends SmtpOptions {
  to?: readonly string[];
  /** Made from the port; `smtp://127.0.0.1:PORT` without. */
  url?: (port: number) => string;
}

async function mail({ to = ['ops@studio.example'], url, ...options }: MailOptions = {}): Promise<Mail> {
  const server = await startSmtpServer(options);
  const rig = channelRig({ smtpUrl: url?.(server.port) ?? `smtp://127.0.0.1:${server.port}\n` });
  stops.push(
    () => server.stop(),
    () => rig.stop(),
  );
  const config = emailSection.parse({
    name: 'mail',
    type: 'email',
    smtpUrlFile: '/run/secrets/smtp',
    from: 'alerts@studio.example',
    to,
  });
  const channel = openEmail(config, rig.deps);
  return {
    rig,
    server,
    send: (message = messageOf(), references = {}) => channel.send(message, references),
    close: () => channel.close(),
  };
}

let key = '';
let cert = '';
beforeAll(async () => {
  const made = await generate([{ name: 'commonName', value: 'mail.test' }], {
    extensions: [
      { name: 'basicConstraints', cA: true },
      {
        name: 'subjectAltName',
        altNames: [
          { type: 7, ip: ELSEWHERE },
          { type: 7, ip: '127.0.0.1' },
        ],
      },
    ],
  });
  key = made.private;
  cert = made.cert;
});

test('sends a mail as text and as HTML to every recipient', async () => {
  const { server, send } = await mail({ to: ['ops@studio.example', 'lead@studio.example'] });
  await send();
  expect(server.mails).toHaveLength(1);
  const [{ from, to, data } = { from: '', to: [], data: '' }] = server.mails;
  expect(from).toBe('alerts@studio.example');
  expect(to).toEqual(['ops@studio.example', 'lead@studio.example']);
  const { headers, parts } = mailParts(data);
  expect(headers).toMatchObject({
    from: '"kling-sidecar" <alerts@studio.example>',
    to: 'ops@studio.example, lead@studio.example',
    subject: '[production] Alert · Urgent: Kling fails 12 % of requests',
    'message-id': '<msg_0123456789abcdef0123456789abcdef@studio.example>',
    date: 'Sun, 06 Sep 2020 02:47:53 +0000',
    'auto-submitted': 'auto-generated',
    'mime-version': '1.0',
  });
  expect(headers['in-reply-to']).toBeUndefined();
  expect(Object.keys(parts)).toEqual(['text/plain', 'text/html']);
  expect(parts['text/plain']?.replaceAll('\r\n', '\n').trimEnd()).toBe(
    [
      'Alert · Urgent: Kling fails 12 % of requests',
      '',
      '12 % of 240 requests failed in the last 10 minutes, above 5 %.',
      'What to do: Look at the errors of Kling. Nothing is charged for a create that failed.',
      'Since: 2020-09-06 02:37 UTC',
      'Runbook: https://docs.example/runbooks/failure_rate.md',
      '',
      'kling-sidecar · Environment: production · Account: studio-7',
    ].join('\n'),
  );
  expect(parts['text/html']).toContain('<a href="https://docs.example/runbooks/failure_rate.md">Runbook</a>');
  expect(parts['text/html']).toContain('Kling fails 12 % of requests</h2>');
});

test('writes Chinese, and says in the subject that an alert is over', async () => {
  const { server, send } = await mail();
  await send(messageOf({ language: 'zh', alerts: [overOf({ title: '失败率已恢复正常' })] }));
  const { headers, parts } = mailParts(server.mails[0]?.data ?? '');
  expect(headers['subject']).toBe('[production] 已恢复：失败率已恢复正常');
  expect(parts['text/plain']).toContain('开始时间：');
  expect(parts['text/html']).toContain('lang="zh"');
});

test('answers the first mail about an alert with its repeats and its end, and has the same id when it is sent again', async () => {
  const { server, send } = await mail();
  const first = await send(messageOf({ id: 'alert_1' }));
  const again = await send(messageOf({ id: 'alert_1' }));
  expect(again).toEqual(first);
  const repeat = await send(messageOf({ id: 'alert_2', alerts: [alertOf({ status: 'repeat' })] }), first);
  await send(messageOf({ id: 'alert_3', alerts: [overOf()] }), repeat);
  const headers = server.mails.map(({ data }) => mailParts(data).headers);
  expect(headers.map((each) => each['message-id'])).toEqual([
    '<alert_1@studio.example>',
    '<alert_1@studio.example>',
    '<alert_2@studio.example>',
    '<alert_3@studio.example>',
  ]);
  expect(headers.map((each) => each['in-reply-to'])).toEqual([
    undefined,
    undefined,
    '<alert_1@studio.example>',
    '<alert_1@studio.example>',
  ]);
  expect(headers[3]?.['references']).toBe('<alert_1@studio.example>');
});

test('refers to the mails of all its alerts, and begins those that are new', async () => {
  const { server, send } = await mail();
  const one = await send(messageOf({ id: 'alert_1', alerts: [alertOf()] }));
  const two = await send(messageOf({ id: 'alert_2', alerts: [alertOf({ fingerprint: 'b' })] }));
  const alerts = [
    alertOf({ status: 'repeat' }),
    alertOf({ status: 'repeat', fingerprint: 'b' }),
    alertOf({ fingerprint: 'c' }),
  ];
  const kept = await send(messageOf({ id: 'alert_3', alerts }), { ...one, ...two });
  expect(Object.values(kept)).toEqual([
    '<alert_1@studio.example>',
    '<alert_2@studio.example>',
    '<alert_3@studio.example>',
  ]);
  const { headers } = mailParts(server.mails[2]?.data ?? '');
  expect(headers['references']).toBe('<alert_1@studio.example> <alert_2@studio.example>');
});

test('lets no text add a header, a tag or a dot that ends the mail', async () => {
  const { server, send } = await mail();
  const text = `a\r\nBcc: evil@evil.example\r\n\r\n.\r\nMAIL FROM:<evil@evil.example> ${NASTY} <script>`;
  await send(
    messageOf({
      headline: text,
      alerts: [alertOf({ title: text, finding: `.${text}`, advice: '.' }), overOf()],
    }),
  );
  expect(server.mails).toHaveLength(1);
  const [{ to, data } = { to: [], data: '' }] = server.mails;
  expect(to).toEqual(['ops@studio.example']);
  const { headers, parts } = mailParts(data);
  expect(headers['bcc']).toBeUndefined();
  expect(headers['subject']).toMatch(/^\[production\] a Bcc: evil/);
  expect(parts['text/html']).not.toMatch(/<script|<b>/);
  expect(parts['text/html']?.match(/href="[^"]*"/g)).toEqual(
    Array.from({ length: 2 }, () => 'href="https://docs.example/runbooks/failure_rate.md"'),
  );
  expect(parts['text/plain']).toContain('\n.a Bcc: evil');
});

describe('a server on another machine', () => {
  const trusted = getCACertificates('default');
  afterEach(() => setDefaultCACertificates(trusted));

  test('logs in after STARTTLS, with what the URL has percent-encoded', async () => {
    setDefaultCACertificates([...trusted, cert]);
    const login = { user: 'alerts@studio.example', pass: PASSWORD };
    const { server, send } = await mail({
      tls: { mode: 'starttls', key, cert },
      login,
      url: (port) =>
        `smtp://${encodeURIComponent(login.user)}:${encodeURIComponent(login.pass)}@${ELSEWHERE}:${port}`,
    });
    await send();
    expect(server.mails).toMatchObject([{ isSecure: true, user: login.user }]);
    const verbs = server.commands.map((command) => command.split(' ')[0]);
    expect(verbs).toEqual(['EHLO', 'STARTTLS', 'EHLO', 'AUTH', 'MAIL', 'RCPT', 'DATA']);
  });

  test('begins with TLS if the URL says smtps', async () => {
    setDefaultCACertificates([...trusted, cert]);
    const { server, send } = await mail({
      tls: { mode: 'implicit', key, cert },
      url: (port) => `smtps://127.0.0.1:${port}/`,
    });
    await send();
    expect(server.mails).toMatchObject([{ isSecure: true, user: null }]);
  });

  test('sends nothing to a server without STARTTLS, which may have it later', async () => {
    const { server, send } = await mail({ url: (port) => `smtp://user:secret-pass@${ELSEWHERE}:${port}` });
    const error = await failureOf(send());
    expect(error).toMatchObject({ isFinal: false });
    expect(error.message).toMatch(/STARTTLS/);
    expect(server.commands.filter((command) => /^(AUTH|MAIL)/.test(command))).toEqual([]);
  });

  test.each(['starttls', 'implicit'] as const)(
    'sends nothing to a server with a certificate that nobody trusts (%s)',
    async (mode) => {
      const scheme = mode === 'starttls' ? 'smtp' : 'smtps';
      const { server, send } = await mail({
        tls: { mode, key, cert },
        url: (port) => `${scheme}://user:secret-pass@${ELSEWHERE}:${port}`,
      });
      const error = await failureOf(send());
      expect(error).toMatchObject({ isFinal: false });
      expect(error.message).toMatch(/^The mail server (offers no TLS that can be trusted|was not reached)/);
      expect(error.message).not.toMatch(/secret-pass|0\.0\.0\.0/);
      expect(server.commands.filter((command) => /^(AUTH|MAIL)/.test(command))).toEqual([]);
    },
  );
});

describe('a server that does not take the mail', () => {
  const by = (prefix: string, answer: string | 'cut') => (command: string) =>
    command.startsWith(prefix) ? answer : undefined;

  test.each([
    ['GREETING', '421 4.3.2 try later', false],
    ['GREETING', '554 5.7.1 not you', true],
    ['GREETING', 'cut', false],
    ['MAIL', '451 4.3.0 local trouble', false],
    ['MAIL', '553 5.1.8 alerts@studio.example is not yours', true],
    ['RCPT', '450 4.7.1 ops@studio.example is greylisted', false],
    ['RCPT', '550 5.1.1 ops@studio.example is unknown', true],
    ['RCPT', 'cut', false],
    ['DATA', '503 5.5.1 out of order', false],
    ['DATA', '554 5.6.0 no', true],
    ['END', '452 4.3.1 the disk is full', false],
    ['END', '552 5.3.4 too large', true],
    ['END', 'cut', false],
  ])('at %s with "%s": final is %s', async (prefix, answer, isFinal) => {
    const { server, send } = await mail({ answer: by(prefix, answer) });
    const error = await failureOf(send());
    expect(error).toMatchObject({ isFinal });
    expect(error.message).toMatch(/^The mail server /);
    expect(error.message).not.toMatch(/studio\.example|127\.0\.0\.1/);
    expect(server.mails).toEqual([]);
  });

  test('says that the login was refused, without user and password', async () => {
    const { send } = await mail({
      login: { user: 'alerts', pass: 'right' },
      url: (port) => `smtp://alerts:secret-pass@127.0.0.1:${port}`,
    });
    const error = await failureOf(send());
    expect(error).toMatchObject({ isFinal: true });
    expect(error.message).toMatch(/refuses the user or the password \(answered 535/);
    expect(error.message).not.toMatch(/alerts|secret-pass/);
  });

  test('is tried again while one of several recipients may yet be taken', async () => {
    const to = ['ops@studio.example', 'lead@studio.example'];
    const later = await mail({ to, answer: by('RCPT TO:<lead', '450 4.7.1 greylisted') });
    expect(await failureOf(later.send())).toMatchObject({
      isFinal: false,
      message: 'The mail server refuses 1 of 2 recipients',
    });
    expect(later.server.mails[0]?.to).toEqual(['ops@studio.example']);
    const never = await mail({ to, answer: by('RCPT TO:<lead', '550 5.1.1 unknown') });
    expect(await failureOf(never.send())).toMatchObject({ isFinal: true });
    expect(never.server.mails[0]?.to).toEqual(['ops@studio.example']);
  });

  test('is tried again if it is not there', async () => {
    const { server, send } = await mail();
    await server.stop();
    stops.shift();
    const error = await failureOf(send());
    expect(error).toMatchObject({ isFinal: false });
    expect(error.message).toBe('The mail server was not reached');
  });

  test.each(['GREETING', 'RCPT', 'END'])(
    'is left after 30 seconds of silence at %s, and its connection ends',
    async (prefix) => {
      const silent = (command: string): null | undefined => (command.startsWith(prefix) ? null : undefined);
      const { rig, server, send } = await mail({ answer: silent });
      const sending = failureOf(send());
      if (prefix !== 'GREETING') await server.until(prefix === 'END' ? 'DATA' : prefix);
      const error = await whileMoving(rig.clock, sending, 1_000);
      expect(error).toMatchObject({
        isFinal: false,
        message: 'The mail server did not take the message within 30 s',
      });
      expect(rig.clock.monotonic()).toBeGreaterThanOrEqual(30_000);
      expect(rig.clock.monotonic()).toBeLessThan(40_000);
      await server.idle();
    },
  );
});

test.each([
  ['https://mail.example', /smtp:\/\/ or smtps:\/\//],
  ['secret-host', /smtp:\/\/ or smtps:\/\//],
  ['smtp://mail.example?tls=no', /more than user, password, host and port/],
  ['smtp://secret-user@mail.example', /without a password/],
  ['smtp://secret-user:%E0%A4%A@mail.example', /percent-encoded/],
])('refuses %s as the address of a server, without a part of it', (smtpUrl, words) => {
  const rig = channelRig({ smtpUrl });
  stops.push(() => rig.stop());
  const config = emailSection.parse({
    name: 'mail',
    type: 'email',
    smtpUrlEnv: 'SMTP_URL',
    from: 'a@b.example',
    to: ['c@d.example'],
  });
  const refusal = refusalOf(() => openEmail(config, rig.deps));
  expect(refusal).toMatch(/^alerts\.channels "mail" \(email\): The URL of the mail server cannot be used: /);
  expect(refusal).toMatch(words);
  expect(refusal).not.toMatch(/secret|mail\.example/);
});

test('refuses addresses of people that are none, and asks for at least one', () => {
  const base = {
    name: 'mail',
    type: 'email',
    smtpUrlEnv: 'SMTP_URL',
    from: 'a@b.example',
    to: ['c@d.example'],
  };
  expect(emailSection.safeParse(base).success).toBe(true);
  for (const over of [
    { to: [] },
    { to: ['c'] },
    { from: 'a@b.example\nBcc: x@y.example' },
    { smtpUrlFile: 'x' },
  ]) {
    expect(emailSection.safeParse({ ...base, ...over }).success).toBe(false);
  }
});

test('leaves a server that gives no answer as soon as the channel is closed', async () => {
  const { server, send, close } = await mail({
    answer: (command) => (command.startsWith('RCPT') ? null : undefined),
  });
  const failure = failureOf(send());
  await server.until('RCPT');
  await close();
  expect(await failure).toMatchObject({
    isFinal: false,
    message: expect.stringMatching(/the channel is closed/),
  });
  await server.idle();
});
