import { afterEach, describe, expect, it } from 'vitest';
import { startApp, type StartedApp } from '../app/start-app.ts';
import { get, post, textToVideo, until } from '../app/calls.ts';

let started: StartedApp;
afterEach(() => started.stop());

describe('observe mode', () => {
  it('refuses nothing for money, edits nothing, and counts what protect would have done', async () => {
    started = await startApp({
      config: {
        mode: 'observe',
        budgets: [{ name: 'tiny', credits: 1, window: 'day' }],
        creates: { maxCreditsEach: 5, unknownRoute: 'refuse' },
      },
    });
    const { dataUrl, controlUrl, emulator } = started;
    const body = JSON.stringify(textToVideo());
    for (let i = 0; i < 3; i += 1)
      expect((await post(`${dataUrl}/v1/videos/text2video`, body)).status).toBe(200);
    const odd = '{"model_name":"kling-v1","prompt":"twice","prompt":"twice"}';
    expect((await post(`${dataUrl}/v1/videos/text2video`, odd)).status).toBe(200);
    await post(`${dataUrl}/v1/videos/something-new`, { prompt: 'x' });
    const sent = emulator.requests().filter(({ method }) => method === 'POST');
    expect(sent.map(({ body: sentBody }) => sentBody.toString())).toEqual([
      body,
      body,
      body,
      odd,
      '{"prompt":"x"}',
    ]);
    const counted = await until('the last one is counted', async () => {
      const { json } = await get(`${controlUrl}/v1/status`);
      const { wouldHave } = json as unknown as { wouldHave: { word: string; count: number }[] };
      const counts = new Map(wouldHave.map(({ word, count }) => [word, count]));
      return counts.has('route_not_priced') && counts;
    });
    expect(counted.get('budget_exceeded') ?? 0).toBeGreaterThanOrEqual(3);
    expect(counted.get('task_too_expensive') ?? 0).toBeGreaterThanOrEqual(3);
    expect(counted.get('body_refused')).toBe(1);
    expect(counted.get('route_not_priced')).toBeGreaterThanOrEqual(1);
  });
});
