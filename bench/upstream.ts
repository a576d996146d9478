/**
 * The one instant upstream that every peer is measured before: nginx with fixed answers in Kling's shape, or a
 * small Node server where nginx is not installed.
 *
 * **Invariant**: every create's answer has a task id of its own (18 digits, as Kling's: kling-api.md, section
 * 3.4), because a ledger would take a repeated one for the same task. Tasks stay `processing` for the
 * whole run, but those of {@link ENDING_PATH}, which have succeeded whenever they are read alone.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram, freePort, start, type Command, type Started } from './processes.ts';
import { ENDED, ENDING_PATH, waitUntilAnswered } from './requests.ts';

export interface Upstream {
  name: string;
  /** Answers at once, as soon as the request's head is there. */
  port: number;
  /** Reads the whole body before it answers: for large creates, which else would be cut off by the answer. */
  readingPort: number;
  process: Started;
}

/** How many ids one `GET /tasks` may name (kling-api.md, section 3.1). */
const BATCH_MAX = 20;

/** Starts the upstream and waits until it answers. */
export async function startUpstream(folder: string): Promise<Upstream> {
  const port = await freePort();
  const readingPort = await freePort();
  const nginx = findProgram('nginx');
  const command: Command =
    nginx === null
      ? {
          file: process.execPath,
          args: [join(import.meta.dirname, 'peers/instant.ts'), String(port), String(readingPort)],
        }
      : nginxCommand(nginx, join(folder, 'upstream'), upstreamServers(port, readingPort));
  const running = start(command, join(folder, 'upstream.log'));
  await waitUntilAnswered(`http://127.0.0.1:${port}/v1/videos/text2video/1`, {}, running);
  return { name: nginx === null ? 'node' : 'nginx', port, readingPort, process: running };
}

/** Writes a configuration with the given `http` content and gives the command that runs it in the foreground. */
export function nginxCommand(nginx: string, folder: string, http: string): Command {
  mkdirSync(folder, { recursive: true });
  // Workers started by root would else be another user, who may not enter the folder of temporary files.
  const user = process.getuid?.() === 0 ? 'user root;' : '';
  const config = `${user}
daemon off;
worker_processes auto;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log crit;
events { worker_connections 4096; }
http {
  access_log off;
  tcp_nodelay on;
  keepalive_requests 1000000000;
  client_max_body_size 0;
  client_body_buffer_size 16m;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  default_type application/json;
${http}
}
`;
  const path = join(folder, 'nginx.conf');
  writeFileSync(path, config);
  return { file: nginx, args: ['-c', path, '-e', join(folder, 'error.log'), '-p', folder] };
}

/** nginx has no counter, but numbers its connections and each one's requests: the two, padded, are unique. */
function upstreamServers(port: number, readingPort: number): string {
  return `
  map $connection $connection7 { ${padding('connection', 7)} }
  map $connection_requests $requests9 { ${padding('connection_requests', 9)} }
  map $msec $now_ms { "~^(?<whole>[0-9]+)[.](?<part>[0-9]+)$" "$whole$part"; }
  map $arg_task_ids $batch { default ''; ${batchAnswers()} }
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location = /tasks {
      return 200 '{"code":0,"message":"SUCCEED","request_id":"$request_id","data":[$batch]}';
    }
    location ~ "^${ENDING_PATH}/(?<ended>[0-9]+)$" {
      return 200 '{"code":0,"message":"SUCCEED","request_id":"$request_id","data":{"task_id":"$ended",${ENDED}}}';
    }
    location ~ "^/v1/[a-z]+/[a-z0-9-]+/(?<task>[0-9]+)$" {
      return 200 '{"code":0,"message":"SUCCEED","request_id":"$request_id","data":{"task_id":"$task","task_status":"processing","task_status_msg":"","task_info":{},"created_at":1763715600000,"updated_at":1763715605000,"task_result":{}}}';
    }
    location /v1/ {
      return 200 '{"code":0,"message":"SUCCEED","request_id":"$request_id","data":{"task_id":"89$connection7$requests9","task_status":"submitted","created_at":$now_ms,"updated_at":$now_ms}}';
    }
    location / {
      return 200 '{"code":0,"message":"SUCCEED","request_id":"$request_id","data":{}}';
    }
  }
  server {
    listen 127.0.0.1:${readingPort};
    location / {
      proxy_pass http://127.0.0.1:${port};
      proxy_pass_request_body off;
      proxy_set_header Content-Length "";
    }
  }`;
}

function padding(variable: string, digits: number): string {
  let lines = '';
  for (let length = 1; length < digits; length += 1) {
    lines += `"~^[0-9]{${length}}$" "${'0'.repeat(digits - length)}$${variable}"; `;
  }
  return `default $${variable}; ${lines}`;
}

/** One pattern for each length of a batch: nginx cannot loop. */
function batchAnswers(): string {
  let lines = '';
  for (let count = 1; count <= BATCH_MAX; count += 1) {
    const names = Array.from({ length: count }, (_, index) => `b${count}_${index}`);
    const pattern = names.map((name) => `(?<${name}>[0-9]+)`).join('(?:,|%2C)');
    const tasks = names.map((name) => `{"id":"$${name}","status":"processing"}`).join(',');
    lines += `"~^${pattern}$" '${tasks}';\n`;
  }
  return lines;
}
