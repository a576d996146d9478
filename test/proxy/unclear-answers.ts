/** Answers to a create without a task: Kling's bytes, and the status that our answer names. */
import { answerText, createdText } from '../upstream/raw-upstream.ts';

const PAGE = '<html>oops</html>';
/** `ends`: Kling closes behind it. `ours`: no whole answer came, so there is no status to name. */
export const UNCLEAR: readonly [name: string, bytes: string, ends: boolean, status: number | 'ours'][] = [
  [
    '500 with a code',
    answerText('{"code":5000,"message":"x","request_id":"r"}', { status: '500 Oops' }),
    false,
    500,
  ],
  [
    '503 with a code that refuses',
    answerText('{"code":1301,"message":"x","request_id":"r"}', { status: '503 Oops' }),
    false,
    503,
  ],
  ['504', answerText('{"code":5002,"message":"x","request_id":"r"}', { status: '504 Oops' }), false, 504],
  [
    'a page with 502',
    answerText(PAGE, { status: '502 Bad', lines: ['Content-Type: text/html'] }),
    false,
    502,
  ],
  ['a page with 200', answerText(PAGE, { lines: ['Content-Type: text/html'] }), false, 200],
  [
    'a page with 403',
    answerText(PAGE, { status: '403 Denied', lines: ['Content-Type: text/html'] }),
    false,
    403,
  ],
  ['an empty 200', answerText(''), false, 200],
  ['204', 'HTTP/1.1 204 No Content\r\n\r\n', false, 204],
  ['broken JSON', answerText('{"code":0,"data":{"task_id":"1"'), false, 200],
  ['an array', answerText('[]'), false, 200],
  ['no code', answerText('{"data":{"task_id":"1"}}'), false, 200],
  ['a code that nobody knows', answerText('{"code":7777,"message":"x"}', { status: '400 Bad' }), false, 400],
  ['code 0 without a task', answerText('{"code":0,"message":"ok","data":{}}'), false, 200],
  ['code 0 with a 4xx', answerText('{"code":0,"data":{"task_id":"1"}}', { status: '400 Bad' }), false, 400],
  [
    'another task',
    createdText({
      method: '',
      target: '',
      lines: [],
      body: Buffer.from('"external_task_id":"somebody-else"'),
    }),
    false,
    200,
  ],
  [
    'a redirect',
    answerText('', { status: '307 Moved', lines: ['Location: http://127.0.0.1:9/x'] }),
    false,
    307,
  ],
  ['nothing, then the end', '', true, 'ours'],
  ['half an answer', 'HTTP/1.1 200 OK\r\nContent-Length: 400\r\n\r\n{"code":0', true, 'ours'],
  [
    'half an answer in chunks',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n{"code":0\r\n',
    true,
    'ours',
  ],
  ['more than a mebibyte', answerText(`{"code":0,"pad":"${'x'.repeat(1_100_000)}"}`), false, 'ours'],
  ['no HTTP', 'SSH-2.0-x\r\n\r\n', true, 'ours'],
  ['101', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n', false, 'ours'],
  ['silence', '', false, 'ours'],
];
