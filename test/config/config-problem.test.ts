import { describe, expect, it } from 'vitest';
import { load, problemAt, problemsOf } from './load-text.ts';

describe('what is refused', () => {
  const cases: [key: string, file: unknown, allowed: RegExp, suggestion: RegExp][] = [
    ['mode', { mode: 'protct' }, /one of "protect", "observe"/, /did you mean "protect"/],
    ['listn', { listn: {} }, /keys here are .*listen/, /did you mean "listen"/],
    ['listen.prot', { listen: { prot: 1 } }, /host, port/, /did you mean "port"/],
    ['listen.port', { listen: { port: '5564' } }, /whole number from 0 to 65535/, /5564 without quotes/],
    ['listen.port', { listen: { port: 65_536 } }, /from 0 to 65535/, /at most 65535/],
    ['listen.port', { listen: { port: 1.5 } }, /whole number/, /nearest is 2/],
    ['listen.host', { listen: { host: 'http://x' } }, /without scheme/, /default is \["127.0.0.1","::1"\]/],
    ['listen.host', { listen: { host: [] } }, /at least 1, at most 8/, /default is/],
    ['control.host[1]', { control: { host: ['127.0.0.1', '[::1]'] } }, /without scheme, brackets/, /schema/],
    [
      'listen.host',
      { listen: { host: '0.0.0.0' } },
      /loopback addresses while apps is empty/,
      /configure apps/,
    ],
    ['listen.stripPrefixes[0]', { listen: { stripPrefixes: ['kling/'] } }, /plain segments/, /./],
    ['listen.tls.certFile', { listen: { tls: { keyFile: 'k' } } }, /text/, /add it/],
    ['control.port', { control: { port: 5564 } }, /no other listener/, /listen\.port is 5564 already/],
    ['probes.port', { probes: {} }, /whole number/, /add it/],
    ['probes.port', { probes: { port: 5565 } }, /no other listener/, /control\.port/],
    [
      'upstream.baseUrl',
      { upstream: { baseUrl: 'http://api.klingai.com' } },
      /https origin/,
      /https:\/\/api\.klingai\.com/,
    ],
    [
      'upstream.baseUrl',
      { upstream: { baseUrl: 'https://a.b/v1' } },
      /without path/,
      /write "https:\/\/a\.b"/,
    ],
    ['upstream.baseUrl', { upstream: { baseUrl: 'https://me@a.b' } }, /user name/, /write "https:\/\/a\.b"/],
    ['upstream.baseUrl', { upstream: { baseUrl: 'ftp://a.b' } }, /https origin/, /default/],
    ['upstream.proxy', { upstream: { proxy: 'socks5://p:1' } }, /takes CONNECT/, /such as "http:/],
    [
      'upstream.proxy',
      { upstream: { proxy: 'http://p:1', baseUrl: 'http://127.0.0.1:1' } },
      /null while/,
      /https upstream/,
    ],
    [
      'upstream.forwardHeaders[0]',
      { upstream: { forwardHeaders: ['Authorization'] } },
      /does not set itself/,
      /remove it/,
    ],
    ['auth.mode', { auth: { mode: 'apikey' } }, /"api_key"/, /did you mean "api_key"/],
    ['auth.command', { auth: { command: 'sh -c "cat x | y"' } }, /without a shell/, /write a list/],
    ['store.path', { store: { path: ':memory:' } }, /file on a local disk/, /data\/sidecar\.db/],
    ['apps[0]', { apps: [{ name: 'a' }] }, /either keyFile/, /./],
    ['apps[0]', { apps: [{ name: 'a', accessKey: 'x' }] }, /accessKey with secretKeyFile/, /both halves/],
    [
      'apps[1].name',
      {
        apps: [
          { name: 'a', keyFile: 'x' },
          { name: 'a', keyFile: 'y' },
        ],
      },
      /no other app has/,
      /its own name/,
    ],
    ['apps[0].name', { apps: [{ name: 'other', keyFile: 'x' }] }, /other than "other"/, /choose another/],
    ['budgets[0]', { budgets: [{ name: 'a' }] }, /exactly one of credits and usd/, /add "credits"/],
    ['budgets[0]', { budgets: [{ name: 'a', credits: 1, usd: 1 }] }, /exactly one/, /remove one/],
    ['budgets[0].credits', { budgets: [{ name: 'a', credits: 0 }] }, /from 0\.001/, /at least 0\.001/],
    ['budgets[0].credits', { budgets: [{ name: 'a', credits: 1.0004 }] }, /three decimals/, /nearest is 1$/],
    [
      'budgets[1].name',
      {
        budgets: [
          { name: 'a', credits: 1 },
          { name: 'a', credits: 2 },
        ],
      },
      /no other budget/,
      /a-2/,
    ],
    [
      'budgets[0].window',
      { budgets: [{ name: 'a', credits: 1, window: 'dayly' }] },
      /"total"/,
      /did you mean "day"/,
    ],
    [
      'budgets[0].timeZone',
      { budgets: [{ name: 'a', credits: 1, timeZone: 'Asia/Shangai' }] },
      /IANA/,
      /"Asia\/Shanghai"/,
    ],
    [
      'budgets[0].alertAt[0]',
      { budgets: [{ name: 'a', credits: 1, alertAt: [80] }] },
      /above 0 and at most 1/,
      /at most 1/,
    ],
    [
      'budgets[0].alertAt[0]',
      { budgets: [{ name: 'a', credits: 1, alertAt: [0] }] },
      /above 0/,
      /more than 0/,
    ],
    [
      'budgets[0].match.operation',
      { budgets: [{ name: 'a', credits: 1, match: { operation: 'text2video' } }] },
      /"text-to-video"/,
      /did you mean "text-to-video"/,
    ],
    [
      'budgets[0].match.app',
      {
        apps: [{ name: 'studio', keyFile: 'k' }],
        budgets: [{ name: 'a', credits: 1, match: { app: 'studo' } }],
      },
      /configured: studio/,
      /did you mean "studio"/,
    ],
    [
      'tasks.retryFailed[0].app',
      {
        apps: [{ name: 'studio', keyFile: 'k' }],
        tasks: { retryFailed: [{ app: 'studo' }] },
      },
      /configured: studio/,
      /did you mean "studio"/,
    ],
    [
      'tasks.retryFailed[0].reasons[0]',
      { tasks: { retryFailed: [{ reasons: ['content'] }] } },
      /"concurrency"/,
      /./,
    ],
    [
      'budgets[0].usd',
      { price: { currency: 'CNY' }, budgets: [{ name: 'a', usd: 5 }] },
      /credits, since/,
      /in credits/,
    ],
    ['budgets[0].per', { budgets: [{ name: 'a', credits: 1, per: 'model' }] }, /"app", "tag" or null/, /./],
    [
      'pricing.overrides[0]',
      { pricing: { overrides: [{ operation: 'tts' }] } },
      /exactly one of credits/,
      /keep the one/,
    ],
    [
      'pricing.overrides[0].path',
      { pricing: { overrides: [{ path: '/v1//x', credits: 1 }] } },
      /plain segments/,
      /./,
    ],
    [
      'pricing.assumeSeconds.avatr',
      { pricing: { assumeSeconds: { avatr: 5 } } },
      /avatar/,
      /did you mean "avatar"/,
    ],
    ['creates.deadlineMs', { creates: { deadlineMs: 30_000 } }, /from 9000 to 29999/, /at most 29999/],
    ['refusals.budgetStatus', { refusals: { budgetStatus: 429 } }, /not 408, 409, 425 or 429/, /402/],
    ['limits.queueWaitMsMax', { limits: { queueWaitMsMax: 20_000 } }, /at most 17000/, /17000 or less/],
    ['limits.concurrency.video', { limits: { concurrency: { video: 0 } } }, /from 1/, /at least 1/],
    ['sla.timeZone', { sla: { timeZone: '+08:00' } }, /IANA/, /./],
    [
      'sla.terms[0].to',
      { sla: { terms: [{ from: '2026-03-17', to: '2026-02-30' }] } },
      /day that exists/,
      /./,
    ],
    [
      'sla.terms[0]',
      { sla: { terms: [{ from: '2026-03-17', to: '2026-03-16' }] } },
      /from is not after/,
      /exchange/,
    ],
    [
      'sla.terms[1].from',
      {
        sla: {
          terms: [
            { from: '2026-01-01', to: '2026-03-01' },
            { from: '2026-03-01', to: '2026-04-01' },
          ],
        },
      },
      /after the end/,
      /2026-03-01/,
    ],
    ['sla.calendar', { sla: { calendar: 'cn ' } }, /"CN"/, /did you mean "CN"/],
    ['price.perCredit', { price: { perCredit: 0 } }, /from 0\.00001/, /at least/],
    ['price.currency', { price: { currency: 'usd' } }, /three capitals/, /default is "USD"/],
    ['callbacks.publicUrl', { callbacks: { port: 5567 } }, /a text/, /./],
    [
      'callbacks.publicUrl',
      { callbacks: { publicUrl: 'http://a.example.com' } },
      /http only on loopback/,
      /write "https:\/\/a/,
    ],
    [
      'callbacks.publicUrl',
      { callbacks: { publicUrl: 'https://a.example.com/?x' } },
      /without query/,
      /write "https:\/\/a.example.com\/"/,
    ],
    [
      'callbacks.relayTo[0]',
      { callbacks: { publicUrl: 'https://a.b', relayTo: ['http://x'] } },
      /a host and a port/,
      /./,
    ],
  ];

  it.each(cases)('%s %j', (key, file, allowed, suggestion) => {
    const problem = problemAt(key, file);
    expect(problem.allowed).toMatch(allowed);
    expect(problem.suggestion).toMatch(suggestion);
    expect(problem.value).not.toBe('');
  });

  it('names every problem at once, each with key, value, allowed and suggestion', () => {
    const wrong = { mode: 'x', listen: { port: -1 }, budgets: [{ name: 'a' }], price: { perCredit: 'y' } };
    const keys = problemsOf(wrong).map(({ key }) => key);
    expect(keys).toEqual(['mode', 'listen.port', 'budgets[0]', 'price.perCredit']);
    expect(() => load(wrong)).toThrow(
      /listen\.port is -1; allowed: a whole number from 0 to 65535; suggestion: at least 0/,
    );
    expect(() => load(wrong)).toThrow(/has 4 problems/);
  });

  it('says nothing of what depends on a section that is broken itself', () => {
    const keys = problemsOf({ listen: { host: '0.0.0.0' }, apps: [{ name: 'a' }] }).map(({ key }) => key);
    expect(keys).toEqual(['apps[0]']);
  });

  it('is an environment in which secrets or certificates are open', () => {
    expect(
      problemAt('NODE_TLS_REJECT_UNAUTHORIZED', {}, { NODE_TLS_REJECT_UNAUTHORIZED: '0' }).suggestion,
    ).toMatch(/caFile/);
    expect(
      problemAt('NODE_OPTIONS', {}, { NODE_OPTIONS: '--max-old-space-size=99 --inspect-brk=0' }).allowed,
    ).toMatch(/--inspect/);
    expect(
      problemsOf({}, { NODE_OPTIONS: '--report-exclude-env', NODE_TLS_REJECT_UNAUTHORIZED: '1' }),
    ).toEqual([]);
  });
});

describe('a listener that is not on loopback', () => {
  const apps = [{ name: 'studio', keyFile: 'k' }];

  it('the data plane listens with apps alone, and warns', () => {
    expect(load({ listen: { host: '0.0.0.0' }, apps }).warnings).toEqual([
      expect.stringMatching(/beyond loopback/),
    ]);
    for (const host of ['127.0.0.1', '127.9.9.9', '::1', 'localhost']) {
      expect(problemsOf({ listen: { host } })).toEqual([]);
    }
    for (const host of ['::', '10.0.0.1', 'sidecar.internal', '::ffff:10.0.0.1']) {
      expect(problemAt('listen.host', { listen: { host } }).allowed).toMatch(/loopback/);
    }
  });

  it('the control plane may listen, and warns that reads need the token', () => {
    expect(load({ control: { host: '0.0.0.0' } }).warnings).toEqual([
      expect.stringMatching(/reads need the token/),
    ]);
  });
});
