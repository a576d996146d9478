import { expect, it } from 'vitest';
import { createManualClock } from '../../src/clock.ts';
import { KlingHealth, type SeenEnd } from '../../src/upstream/kling-health.ts';

const PATH = '/v1/videos/text2video';
const answered = (status: number, code: number | null): SeenEnd => ({
  path: PATH,
  head: { status, headers: {}, rawHeaders: [] } as unknown as SeenEnd['head'],
  failure: null,
  envelope: code === null ? null : ({ code, message: '' } as SeenEnd['envelope']),
});
const failed: SeenEnd = {
  path: PATH,
  head: null,
  failure: { sent: true, errorClass: 'reset', cause: 'ECONNRESET' } as SeenEnd['failure'],
  envelope: null,
};

it('knows the last answer of Kling’s until another host or other credentials are used', async () => {
  const clock = createManualClock(1_000);
  const health = new KlingHealth(clock);
  expect(health.lastAnswer).toBeNull();
  health.note(answered(200, 0), 'api_key');
  await clock.advance(500);
  health.note(failed, 'api_key');
  expect(health.lastAnswer).toEqual({ at: 1_000, status: 200, code: 0 });
  health.note(answered(502, null), 'api_key');
  expect(health.lastAnswer).toEqual({ at: 1_500, status: 502, code: null });
  health.forget();
  expect(health.lastAnswer).toBeNull();
});
