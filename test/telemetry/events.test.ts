import { afterEach, describe, expect, test } from 'vitest';
import type { CallRecord } from '../../src/calls/call.ts';
import type { Fact } from '../../src/facts.ts';
import { CALL, LABELS, make, parse, REFUSAL, shutDownAll, tellEverything } from './telling.ts';

afterEach(shutDownAll);

describe('the events', () => {
  test('a call leaves one line with its facts and no more', () => {
    const { telemetry, logged } = make('info');
    telemetry.callEnded({ ...CALL, durationMs: 1.23456 });
    const [line, ...rest] = logged();
    expect(rest).toEqual([]);
    expect(line).toMatchObject({
      msg: 'call',
      requestId: 'req_1',
      status: 200,
      outcome: 'ok',
      taskId: '123',
      durationMs: 1.235,
    });
  });

  test('the sidecar’s own requests are shown at info only if they failed', () => {
    const { telemetry, logged } = make('info');
    telemetry.callEnded({ ...CALL, origin: 'sidecar' });
    telemetry.callEnded({ ...CALL, origin: 'sidecar', status: 500, outcome: 'server_error' });
    expect(logged().map((line) => line['status'])).toEqual([500]);
  });

  test('an event that needs a person is a warning; the ledger’s daily events are not shown at info', () => {
    const { telemetry, logged } = make('info');
    tellEverything(telemetry);
    const warned = logged()
      .filter((line) => line['level'] === 'warn')
      .map((line) => line['msg']);
    expect(warned).toEqual([
      'callbacks without a valid signature were refused: somebody knows an address, or a secret is wrong',
      'Kling refuses a field of ours on this route: it is left out until the next start',
      'creates are held without a price of their own; pricing.overrides can name it',
      'Kling deducted more than was held',
      'nobody knows yet whether Kling took this create; its hold stays',
      'a budget reached a threshold',
      'spending is frozen',
      'spending is resumed',
      'a job failed; it is tried again',
      'Kling throttles: creates of this pool pause',
      'a channel took no alert; kling-sidecar alert list shows what waits',
    ]);
    expect(logged().map((line) => line['msg'])).not.toContain('hold resolved');
  });

  test('a refusal is counted by its word and as refused credits, or as would-refuse if it was let through', async () => {
    const { telemetry } = make();
    telemetry.requestRefused({ ...REFUSAL, wouldOnly: true }, LABELS);
    telemetry.requestRefused({ ...REFUSAL, word: 'host_refused', credits: null }, null);
    const { series } = parse(await telemetry.metricsText());
    const counted = series.filter(({ name, value }) => name === 'kling_would_refuse_total' && value > 0);
    expect(counted).toEqual([
      { name: 'kling_would_refuse_total', labels: { word: 'budget_exceeded' }, value: 1 },
    ]);
    expect(series.filter(({ name, value }) => name === 'kling_credits_total' && value > 0)).toEqual([]);
    expect(series.filter(({ name, value }) => name === 'kling_refusals_total' && value > 0)).toEqual([
      { name: 'kling_refusals_total', labels: { word: 'host_refused' }, value: 1 },
    ]);
  });

  test('no event throws, for any arguments', () => {
    const { telemetry } = make();
    const broken = null as unknown as CallRecord;
    expect(() => telemetry.callEnded(broken)).not.toThrow();
    expect(() => telemetry.facts(undefined as unknown as Fact[])).not.toThrow();
    expect(() => telemetry.queueWaited('video', Number.NaN)).not.toThrow();
  });

  test('shutting down twice is harmless, also before any scrape', async () => {
    const { telemetry } = make();
    await telemetry.shutdown();
    await telemetry.shutdown();
    expect(() => telemetry.callEnded(CALL)).not.toThrow();
  });
});
