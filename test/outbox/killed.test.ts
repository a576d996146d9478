import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { until } from '../app/calls.ts';
import { startApp } from '../app/start-app.ts';
import { startChild, tempFolder } from '../store/test-store.ts';

/** Starts the app over a store and stops it when it serves and has delivered; gives its log. */
async function logOfARun(folder: string): Promise<string> {
  let text = '';
  const app = await startApp({ folder, logTo: { write: (line) => void (text += line) } });
  await app.stop({ keep: true });
  return text;
}

it('reports after a restart what was committed by a process that was killed before it could report it', async () => {
  const folder = tempFolder();
  mkdirSync(join(folder, 'data'));
  const child = startChild(
    [join(folder, 'data', 'sidecar.db')],
    [],
    new URL('./freeze-child.ts', import.meta.url),
  );
  expect(await child.line()).toBe('frozen');
  await child.kill('SIGKILL');
  const lines = (log: string) => log.split('\n').filter((line) => line.includes('"event":"spending_frozen"'));
  const [line, ...more] = lines(await logOfARun(folder));
  expect(more).toEqual([]);
  expect(JSON.parse(line ?? '{}')).toMatchObject({ level: 'warn', reason: 'runaway loop', actor: 'ann' });
  expect(lines(await logOfARun(folder))).toEqual([]);
});

it('reports a freeze of the running app at once', async () => {
  let text = '';
  const app = await startApp({ logTo: { write: (line) => void (text += line) } });
  const headers = { authorization: `Bearer ${app.token}`, 'content-type': 'application/json' };
  const body = JSON.stringify({ reason: 'a look' });
  const answer = await fetch(`${app.controlUrl}/v1/freeze`, { method: 'POST', headers, body });
  expect(answer.status).toBe(200);
  await until('the line is written', () => text.includes('spending is frozen'));
  await app.stop();
});
