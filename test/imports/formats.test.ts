import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { CallRecord } from '../../src/calls/call.ts';
import type { ImportFormat } from '../../src/imports/formats.ts';
import { importCalls, type ImportRun } from '../../src/imports/import.ts';

const NOW = Date.UTC(2026, 10, 21);
const AT = Date.UTC(2026, 9, 5, 12);

interface Read {
  calls: CallRecord[];
  summary: Awaited<ReturnType<typeof importCalls>>;
}

/** Reads a file in pieces of an odd size and keeps the calls in place of writing them. */
async function read(file: string | Buffer, options: Partial<ImportRun> = {}): Promise<Read> {
  const calls: CallRecord[] = [];
  const bytes = Buffer.from(file);
  async function* chunks(): AsyncGenerator<Buffer> {
    for (let at = 0; at < bytes.length; at += 37) yield bytes.subarray(at, at + 37);
  }
  const summary = await importCalls(chunks(), {
    source: 'gateway',
    host: 'api-singapore.klingai.com',
    now: NOW,
    routeOf: (method, path) => (/^\/v1\/videos\/[a-z0-9]+/.test(path) ? `${method} video` : 'unmatched'),
    skipBad: false,
    write: (batch) => Promise.resolve(calls.push(...batch.map(({ call }) => call))),
    ...options,
  });
  return { calls, summary };
}

const lines = (...some: object[]): string => some.map((one) => JSON.stringify(one)).join('\n');
const shown = ({ calls }: Read) =>
  calls.map(({ at, method, status, outcome, durationMs }) => [at - AT, method, status, outcome, durationMs]);

describe('an nginx access log', () => {
  const combined = (request: string, status: number, more = ''): string =>
    `10.0.0.7 - ana [05/Oct/2026:14:00:00 +0200] "${request}" ${status} 512 "-" "python-httpx/0.27"${more}`;

  it('in the combined format is recognised and read', async () => {
    const file = [
      combined('POST /v1/videos/text2video HTTP/1.1', 200),
      combined('GET /v1/videos/text2video/7?x=1 HTTP/1.1', 503, ' rt=1.25'),
      combined('GET /v1/videos/text2video/7 HTTP/1.1', 499),
      combined('GET /index.html HTTP/1.1', 500),
      combined('\\x16\\x03\\x01', 400),
      '',
    ].join('\n');
    const result = await read(file);
    expect(shown(result)).toEqual([
      [0, 'POST', 200, 'ok', 0],
      [0, 'GET', 503, 'server_error', 1250],
      [0, 'GET', null, 'aborted', 0],
    ]);
    expect(result.calls.map(({ klingRequestId }) => klingRequestId)).toEqual([null, null, null]);
    expect(result.summary).toMatchObject({ lines: 5, other: 2, otherFirst: 'GET /index.html', doubtful: 0 });
  });

  it('counts the upstream’s answers if they are logged, and not nginx’s own answers', async () => {
    const get = 'GET /v1/videos/text2video/7 HTTP/1.1';
    const result = await read(
      [
        combined(get, 200, ' upstream_status="502, 200"'),
        combined(get, 502, ' upstream_status=502 upstream_header_time=-'),
        combined(get, 502, ' upstream_status=502 upstream_header_time=0.2'),
        combined(get, 503, ' upstream_status=-'),
        combined(get, 502),
        combined(get, 504, ' upstream_status=504'),
      ].join('\n'),
    );
    expect(result.calls.map(({ status, outcome }) => [status, outcome])).toEqual([
      [200, 'ok'],
      [null, 'no_answer'],
      [502, 'server_error'],
      [502, 'server_error'],
      [504, 'server_error'],
    ]);
    expect(result.summary).toMatchObject({
      other: 1,
      otherFirst: 'an answer of nginx’s own: 503',
      doubtful: 2,
    });
  });

  it('as JSON is read by nginx’s variables', async () => {
    const result = await read(
      lines(
        {
          time_iso8601: '2026-10-05T12:00:00+00:00',
          remote_addr: '10.0.0.7',
          request_method: 'GET',
          request_uri: '/kling/v1/videos/text2video/7?x=1',
          status: '200',
          upstream_status: '500',
          upstream_response_time: '0.120, 0.340',
          request_time: '0.5',
          request_id: 'e1',
          proxy_host: 'API-Beijing.klingai.com',
          http_user_agent: 'x',
        },
        {
          msec: (AT + 250) / 1000,
          request: 'POST /v1/videos/image2video HTTP/2.0',
          status: 429,
          request_id: 'e2',
        },
      ),
      { stripPrefixes: ['/kling'] },
    );
    expect(shown(result)).toEqual([
      [0, 'GET', 500, 'server_error', 340],
      [250, 'POST', 429, 'throttled', 0],
    ]);
    expect(result.calls[0]).toMatchObject({
      requestId: 'e1',
      klingRequestId: null,
      host: 'api-beijing.klingai.com',
    });
  });

  it('names lines that are none', async () => {
    const file = `${combined('GET /v1/videos/x HTTP/1.1', 200)}\nnonsense\n`;
    await expect(read(file)).rejects.toMatchObject({
      detail: { line: 2, problem: 'not a line of nginx’s combined format' },
    });
    const day = combined('GET /v1/videos/x HTTP/1.1', 200).replace('05/Oct', '31/Feb');
    await expect(read(day)).rejects.toThrow('the day 2026-02-31, which no calendar has');
  });
});

describe('JSON lines of other gateways', () => {
  it('of LiteLLM are read as far as they name a path', async () => {
    const base = { id: 'l1', call_type: 'pass_through_endpoint', model: 'kling' };
    const url = 'https://api-singapore.klingai.com/v1/videos/text2video';
    const result = await read(
      lines(
        { ...base, startTime: AT / 1000, endTime: AT / 1000 + 1.5, status: 'success', api_base: url },
        {
          ...base,
          id: 'l2',
          startTime: '2026-10-05T12:00:01Z',
          status: 'failure',
          api_base: url,
          error_information: { error_code: '503' },
        },
        {
          ...base,
          id: 'l3',
          startTime: AT / 1000,
          status: 'failure',
          api_base: url,
          error_str: 'connect ECONNREFUSED',
        },
        { ...base, id: 'l4', startTime: AT / 1000, status: 'success', api_base: 'https://api.openai.com/v1' },
        {
          standard_logging_object: {
            ...base,
            id: 'l5',
            startTime: AT / 1000,
            status: 'success',
            api_base: url,
          },
        },
      ),
    );
    expect(shown(result)).toEqual([
      [0, 'POST', 200, 'ok', 1500],
      [1000, 'POST', 503, 'server_error', 0],
      [0, 'POST', null, 'unreachable', 0],
      [0, 'POST', 200, 'ok', 0],
    ]);
    expect(result.summary).toMatchObject({ other: 1, otherFirst: 'GET api.openai.com/v1' });
    const unclear = lines({ ...base, startTime: AT / 1000, status: 'pending', api_base: url });
    await expect(read(unclear)).rejects.toThrow('exactly one of status and error is needed');
  });

  it('of Portkey are read by request and response', async () => {
    const result = await read(
      lines({
        id: 'p1',
        created_at: '2026-10-05T12:00:00Z',
        request: {
          url: 'https://api-singapore.klingai.com/v1/videos/text2video',
          method: 'post',
          body: { a: 1 },
        },
        response: { status: 500, response_time: 321, body: {} },
        metadata: {},
      }),
    );
    expect(shown(result)).toEqual([[0, 'POST', 500, 'server_error', 321]]);
    expect(result.calls[0]?.requestId).toBe('p1');
  });
});

describe('a HAR file', () => {
  const entry = (url: string, response: object, more: object = {}): object => ({
    startedDateTime: '2026-10-05T12:00:00.000Z',
    time: 12.5,
    request: { method: 'GET', url, headers: [{ name: 'x', value: 'a "}] b' }] },
    response,
    ...more,
  });
  const url = 'https://api-singapore.klingai.com/v1/videos/text2video/7';
  const har = (...entries: object[]): object => ({
    log: { version: '1.2', pages: [{ entries: [{ no: 'entry' }] }], 'ent"ries': [], entries, comment: '[{' },
  });

  it.each([0, 2])('is read entry by entry, indented by %s', async (indent) => {
    const file = har(
      entry(url, {
        status: 200,
        headers: [{ name: 'Server', value: 'openresty' }],
        content: { text: '{"a":[' },
      }),
      entry(url, { status: 0, _error: 'net::ERR_CONNECTION_REFUSED' }, { time: 1 }),
      entry('https://cdn.example.com/x.png', { status: 404 }),
      entry('data:image/png;base64,AA', { status: 200 }),
      entry(url, { status: 502 }),
    );
    const result = await read(JSON.stringify(file, null, indent));
    expect(shown(result)).toEqual([
      [0, 'GET', 200, 'ok', 12.5],
      [0, 'GET', null, 'unreachable', 1],
      [0, 'GET', 502, 'server_error', 12.5],
    ]);
    expect(result.calls[0]).toMatchObject({
      evidence: { server: 'openresty' },
      host: 'api-singapore.klingai.com',
    });
    expect(result.summary).toMatchObject({ lines: 5, other: 2 });
  });

  it('without entries, or cut off, is refused; a bad entry is named', async () => {
    await expect(read('{"log":{"version":"1.2"}}')).rejects.toThrow('it has no log.entries');
    const whole = JSON.stringify(har(entry(url, { status: 200 })));
    await expect(read(whole.slice(0, whole.indexOf('"status"')))).rejects.toThrow('ends within its entries');
    const bad = JSON.stringify(
      har(entry(url, { status: 200 }), entry(url, { status: 200 }, { startedDateTime: 'x' })),
    );
    await expect(read(bad)).rejects.toThrow(/^entry 2 cannot be imported: time must be ISO 8601/);
  });
});

describe('a CSV file', () => {
  it('is read by its header, in the names of other programs too', async () => {
    const file =
      'Timestamp,http_method,URL,Status Code,latency_ms,request_id,Note\r\n' +
      '2026-10-05T12:00:00Z,get,https://api-singapore.klingai.com/v1/videos/x,503,12.5,r1,"a, ""b""\r\nc"\r\n' +
      `${AT + 1000},POST,/v1/videos/x,200,,,\r\n` +
      '2026-10-05T12:00:02Z,GET,/other,500,,,\r\n';
    const result = await read(file);
    expect(shown(result)).toEqual([
      [0, 'GET', 503, 'server_error', 12.5],
      [1000, 'POST', 200, 'ok', 0],
    ]);
    expect(result.calls[0]).toMatchObject({ requestId: 'r1', klingRequestId: null });
    expect(result.summary).toMatchObject({ lines: 4, other: 1, otherFirst: 'GET /other' });
  });

  it('takes semicolons and tabs, columns named by a mapping, and Kling’s own ids', async () => {
    const semicolons = 'when;what;status;klingRequestId;method\n2026-10-05T12:00:00Z;/v1/videos/x;500;k1;GET';
    const columns = { when: 'time', what: 'path' } as const;
    const result = await read(semicolons, { format: 'csv', columns });
    expect(shown(result)).toEqual([[0, 'GET', 500, 'server_error', 0]]);
    expect(result.calls[0]?.klingRequestId).toBe('k1');
    const tabs = 'time\tpath\tstatus\terror\n2026-10-05T12:00:00Z\t/v1/videos/x\t\tconnect ECONNREFUSED\n';
    expect(shown(await read(tabs))).toEqual([[0, 'POST', null, 'unreachable', 0]]);
  });

  it.each<[string, Partial<ImportRun>, string | RegExp]>([
    [
      'a,b\n1,2\n',
      {},
      'no column of the CSV means time (the header has "a", "b"): name it with --columns time=COLUMN',
    ],
    ['time,path,x\n1,/v1/videos/x,2\n', {}, 'no column of the CSV means status'],
    [
      'time,path,status\n',
      { columns: { when: 'time' } },
      '--columns names "when", and the header has "time", "path", "status"',
    ],
    ['time,ts,path,status\n', {}, 'two columns mean time: say which with --columns time=COLUMN'],
    [
      'time,path,status\n2026-10-05T12:00:00Z,/v1/videos/x\n',
      {},
      'row 2 cannot be imported: 2 cells, and the header has 3',
    ],
    [
      'time,path,status\n2026-10-05 12:00:00,/v1/videos/x,200\n',
      {},
      'row 2 cannot be imported: time must be ISO 8601 with Z',
    ],
    ['time,path,status\n"2026', {}, 'ends within a quoted cell'],
  ])('%j is refused', async (file, options, problem) => {
    await expect(read(file, { format: 'csv', ...options })).rejects.toThrow(problem);
  });
});

describe('a packed file', () => {
  const file = lines({ time: AT, method: 'GET', path: '/v1/videos/x', status: 500 });

  it('as gzip is unpacked, of several members too, with a byte order mark', async () => {
    const packed = Buffer.concat([gzipSync(`\uFEFF${file}\n`), gzipSync(`${file}\n`)]);
    expect((await read(packed)).summary).toMatchObject({ lines: 2, imported: 2 });
    const cut = gzipSync(file.repeat(100)).subarray(0, -20);
    await expect(read(cut)).rejects.toThrow('the gzip data are damaged or cut off');
  });

  it.each<[string, string]>([
    ['504b030414000000', 'the file is a zip archive: unpack it first'],
    ['28b52ffd00000000', 'the file is packed with zstd'],
    ['fffe7b0022007400', 'the file is UTF-16: write it as UTF-8'],
    ['5041523115001500', 'the file is a Parquet file'],
  ])('of another kind is refused with the name of its kind: %s', async (hex, problem) => {
    await expect(read(Buffer.from(hex, 'hex'))).rejects.toThrow(problem);
  });

  it('nothing at all is no call', async () => {
    expect((await read('')).summary).toMatchObject({ lines: 0, imported: 0 });
    expect((await read(' \n\n')).summary).toMatchObject({ lines: 0, imported: 0 });
  });
});

describe('an unknown format', () => {
  it.each<[string, string | RegExp]>([
    [
      'Oct 5 12:00:00 host haproxy[12]: …',
      /the format of the file is not known; it begins with "Oct 5 12:00:00 host haproxy/,
    ],
    ['[\n {"time": 1},\n {"time": 2}\n]', 'the file is one JSON array: one object a line is expected'],
    ['<html>', /Known are JSON lines, nginx’s access logs .*--format names one of them/],
  ])('is named: %j', async (file, problem) => {
    await expect(read(file)).rejects.toThrow(problem);
  });

  it.each<[ImportFormat, string, string]>([
    ['jsonl', '10.0.0.7 - - [x]', 'line 1 cannot be imported: no JSON'],
    ['nginx', 'time,path,status', 'line 1 cannot be imported: not a line of nginx’s combined format'],
    ['har', '{"time":1}', 'it has no log.entries'],
    ['csv', '{"time":1}', 'no column of the CSV means time'],
  ])('read as %s says why it is none', async (format, file, problem) => {
    await expect(read(file, { format })).rejects.toThrow(problem);
  });
});
