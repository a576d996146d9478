/**
 * The instant upstream if nginx is not installed: Kling's formats, fixed answers, a new task id for each create.
 *
 * Arguments: port that answers at once, port that reads the body first, and the milliseconds that creates take (0 by
 * default). Slower than nginx, so the run says which.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { ENDED, ENDING_PATH } from '../requests.ts';

const [port = '', readingPort = '', createMs = '0'] = process.argv.slice(2);
let created = 0;

function envelope(data: unknown): string {
  return JSON.stringify({ code: 0, message: 'SUCCEED', request_id: `bench-${process.pid}`, data });
}

function answer(request: IncomingMessage): string {
  const [path = '', query = ''] = (request.url ?? '/').split('?');
  if (path === '/tasks') {
    const ids = new URLSearchParams(query).get('task_ids')?.split(',') ?? [];
    return envelope(ids.map((id) => ({ id, status: 'processing' })));
  }
  const ended = path.startsWith(`${ENDING_PATH}/`) ? path.slice(ENDING_PATH.length + 1) : '';
  if (ended !== '') return envelope({ task_id: ended, ...(JSON.parse(`{${ENDED}}`) as object) });
  const read = /^\/v1\/[a-z]+\/[a-z0-9-]+\/(\d+)$/.exec(path)?.[1];
  if (read !== undefined) {
    const times = { created_at: 1763715600000, updated_at: 1763715605000 };
    return envelope({
      task_id: read,
      task_status: 'processing',
      task_status_msg: '',
      task_info: {},
      ...times,
    });
  }
  if (!path.startsWith('/v1/')) return envelope({});
  created += 1;
  const times = { created_at: Date.now(), updated_at: Date.now() };
  return envelope({ task_id: `89${String(created).padStart(16, '0')}`, task_status: 'submitted', ...times });
}

function reply(request: IncomingMessage, response: ServerResponse): void {
  const body = answer(request);
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
  if (createMs === '0' || request.method !== 'POST') response.end(body);
  else setTimeout(() => response.end(body), Number(createMs));
}

createServer((request, response) => {
  request.resume();
  reply(request, response);
}).listen(Number(port), '127.0.0.1');
createServer((request, response) => {
  request.resume();
  request.once('end', () => reply(request, response));
}).listen(Number(readingPort), '127.0.0.1');
process.once('SIGTERM', () => process.exit(0));
