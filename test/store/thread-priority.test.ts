/** Lists and reports give way to creates: their thread has a lower priority, as the system sees it. */
import { readdirSync, readFileSync } from 'node:fs';
import { afterEach, expect, it } from 'vitest';
import { startApp, type StartedApp } from '../app/start-app.ts';
import { get, until } from '../app/calls.ts';

let started: StartedApp | null = null;
afterEach(() => started?.stop());

/** The nice values of this process's threads (proc(5), the 19th field of `stat`). */
function niceValues(): number[] {
  return readdirSync('/proc/self/task').flatMap((id) => {
    try {
      const text = readFileSync(`/proc/self/task/${id}/stat`, 'utf8');
      return [Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[16])];
    } catch {
      // The thread has ended meanwhile.
      return [];
    }
  });
}

it.runIf(process.platform === 'linux')('one thread of the store gives way, and answers', async () => {
  const before = niceValues();
  const usual = Math.min(...before);
  const lower = (): number => niceValues().filter((nice) => nice > usual).length;
  const others = lower();
  started = await startApp();
  await until('the thread for reports runs', () => lower() === others + 1);
  expect((await get(`${started.controlUrl}/v1/tasks`)).status).toBe(200);
});
