import { spawnSync } from 'node:child_process';
import { afterEach, expect, test } from 'vitest';
import { startApp } from '../test/app/start-app.ts';
import { debianProgram } from './debian-program.ts';

const endings: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0).toReversed()) await end();
});

function promtool(...args: string[]): (input: string) => { status: number | null; output: string } {
  const path = debianProgram('promtool', 'prometheus');
  return (input) => {
    const run = spawnSync(path, args, { input, encoding: 'utf8' });
    return { status: run.status, output: run.stdout + run.stderr };
  };
}

const checkMetrics = promtool('check', 'metrics');

test('serves metrics that Prometheus takes without a complaint, after creates, reads and refusals', async () => {
  const app = await startApp();
  endings.push(() => app.stop());
  const create = (body: unknown): Promise<Response> =>
    fetch(new URL('/v1/videos/text2video', app.dataUrl), {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: 'Bearer any' },
      body: JSON.stringify(body),
    });
  const made = await create({
    model_name: 'kling-v1',
    mode: 'std',
    duration: '5',
    prompt: 'a lighthouse at dusk',
  });
  expect(made.status).toBe(200);
  const { data } = (await made.json()) as { data: { task_id: string } };
  const read = await fetch(new URL(`/v1/videos/text2video/${data.task_id}`, app.dataUrl));
  expect(read.status).toBe(200);
  expect((await create([])).status).toBe(400);

  const answer = await fetch(new URL('/metrics', app.controlUrl));
  expect(answer.status).toBe(200);
  expect(answer.headers.get('content-type')).toMatch(/^text\/plain/);
  const text = await answer.text();
  for (const name of [
    'kling_requests_total',
    'kling_request_duration_seconds_bucket',
    'kling_credits_total',
  ]) {
    expect(text).toContain(`${name}{`);
  }
  expect(text).toContain('kling_budget_limit_credits');
  expect(checkMetrics(text)).toEqual({ status: 0, output: '' });
});

test('holds them against a check that does complain', () => {
  const found = checkMetrics('# TYPE kling_requests counter\nkling_requests 1\n');
  expect(found.status).not.toBe(0);
  expect(found.output).toContain('kling_requests');
});
