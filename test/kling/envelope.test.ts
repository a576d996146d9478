import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  createAnswerFor,
  createEnd,
  readEnvelope,
  refusedField,
  sightingsOf,
} from '../../src/kling/envelope.ts';
import { CODES } from '../../src/kling/codes.ts';
import { findRoute, type KlingRoute } from '../../src/kling/routes.ts';
import type { CreateEnd } from '../../src/ledger/ledger.ts';

const route = (method: string, path: string): KlingRoute => {
  const found = findRoute(method, path);
  if (found.kind !== 'match') throw new Error(path);
  return found.route;
};
const T2V = route('POST', '/v1/videos/text2video');
const IMAGES = route('POST', '/v1/images/generations');
const NEW = route('POST', '/text-to-video/kling-3.0');
const TTS = route('POST', '/v1/audio/tts');
const OURS = 'ks_01k8zzzzzzzzzzzzzzzzzzzzzz';

const bytes = (value: unknown): Buffer =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
const ok = (data: unknown): unknown => ({ code: 0, message: 'SUCCEED', request_id: 'r-1', data });
const end = (
  of: KlingRoute,
  status: number,
  body: unknown,
  externalTaskId: string | null = OURS,
): CreateEnd => createEnd({ route: of, status, bytes: bytes(body), externalTaskId });

describe('the envelope', () => {
  it('is read with all its fields, or what there is of them', () => {
    expect(readEnvelope(bytes(ok({ a: 1 })))).toEqual({
      code: 0,
      message: 'SUCCEED',
      requestId: 'r-1',
      data: { a: 1 },
    });
    expect(readEnvelope(bytes({ code: 1303, message: 'busy' }))).toEqual({
      code: 1303,
      message: 'busy',
      requestId: null,
      data: undefined,
    });
    expect(readEnvelope(bytes({ code: '1102' }))?.code).toBe(1102);
    expect(readEnvelope(bytes({ code: 1.5 }))?.code).toBeNull();
    expect(readEnvelope(bytes({ hello: 1 }))?.code).toBeNull();
  });

  it('is absent if there is no JSON object', () => {
    for (const text of ['', 'null', '[]', '3', '<html>502 Bad Gateway</html>', '{"code":0', '\uFEFF{}x']) {
      expect(readEnvelope(bytes(text)), text).toBeNull();
    }
  });

  it('leaves a create in doubt from status 500 on, with any code', () => {
    const kinds = [499, 500, 503, 599, 600, 999].map((status) => end(T2V, status, { code: 1200 }).kind);
    expect(kinds).toEqual(['refused', 'unknown', 'unknown', 'unknown', 'unknown', 'unknown']);
  });

  it('never throws for any bytes, and neither do its readers', () => {
    const any = fc.oneof(
      fc.uint8Array({ maxLength: 60 }),
      fc.json({ maxDepth: 4 }).map((text) => Buffer.from(text)),
      fc.jsonValue().map((data) => bytes(ok(data))),
      fc
        .record(
          {
            task_id: fc.jsonValue(),
            id: fc.jsonValue(),
            billing: fc.jsonValue(),
            outputs: fc.jsonValue(),
            task_result: fc.jsonValue(),
            task_info: fc.jsonValue(),
            final_unit_deduction: fc.jsonValue(),
          },
          { requiredKeys: [] },
        )
        .map((data) => bytes(ok([data]))),
    );
    fc.assert(
      fc.property(any, fc.constantFrom(200, 400, 500), (body, status) => {
        for (const of of [T2V, NEW, TTS, route('POST', '/tasks'), route('GET', '/v1/videos/text2video')]) {
          createEnd({ route: of, status, bytes: body, externalTaskId: null });
          for (const sighting of sightingsOf(of, body)) expect(typeof sighting.taskId).toBe('string');
        }
      }),
      { numRuns: 800 },
    );
  });

  it('keeps the digits of ids that come as numbers', () => {
    const text =
      '{"code":0,"data":{"task_id":893605946402811985,"task_status":"submitted","created_at":1722769557708}}';
    const [sighting] = sightingsOf(T2V, bytes(text));
    expect(sighting).toMatchObject({ taskId: '893605946402811985', createdAt: 1722769557708 });
    expect(sightingsOf(NEW, bytes('{"code":0,"data":{"id": 893605946402811985}}'))[0]?.taskId).toBe(
      '893605946402811985',
    );
  });
});

describe('how a create ended', () => {
  it('is a task if Kling names one', () => {
    const legacy = ok({
      task_id: '8936',
      task_status: 'submitted',
      task_info: { external_task_id: OURS },
      created_at: 1722769557708,
      updated_at: 1722769557708,
    });
    expect(end(T2V, 200, legacy)).toMatchObject({
      kind: 'task',
      sighting: {
        taskId: '8936',
        externalTaskId: OURS,
        state: 'submitted',
        deduction: null,
        createdAt: 1722769557708,
      },
    });
    expect(
      end(NEW, 200, ok({ id: '77', status: 'processing', external_id: OURS, create_time: 1722769557708 })),
    ).toMatchObject({
      kind: 'task',
      sighting: { taskId: '77', state: 'processing', createdAt: 1722769557708 },
    });
    expect(end(T2V, 200, ok({ task_id: '1' }))).toMatchObject({
      kind: 'task',
      sighting: { externalTaskId: OURS },
    });
  });

  it.each(CODES.filter(({ taskMade }) => taskMade === 'no').map(({ code, status }) => [code, status]))(
    'is a refusal for code %s',
    (code, status) => {
      expect(end(T2V, status, { code, message: 'no', request_id: 'r' })).toMatchObject({
        kind: 'refused',
        evidence: `HTTP ${status}, code ${code}: no`,
      });
    },
  );

  it.each([
    ['a 5xx with a code', 500, { code: 5000, message: 'x' }],
    ['a 5xx that says success', 502, ok({ task_id: '1' })],
    ['maintenance', 503, { code: 5001 }],
    ['a 5xx code on another status', 200, { code: 5002 }],
    ['a refusal in a 5xx', 504, { code: 1102 }],
    ['a code that is not in the table', 400, { code: 1399, message: 'new' }],
    ['HTML with 200', 200, '<html></html>'],
    ['HTML with 403', 403, '<html></html>'],
    ['no code', 200, { data: { task_id: '1' } }],
    ['a truncated answer', 200, '{"code":0,"data":{"task_id":"1"'],
    ['success without a task id', 200, ok({ task_status: 'submitted' })],
    ['success without data', 200, { code: 0 }],
    ['success with a 4xx', 400, ok({ task_id: '1' })],
    ['a redirect', 302, ''],
    ['another external id', 200, ok({ task_id: '1', task_info: { external_task_id: 'theirs' } })],
    ['our new id called a duplicate', 400, { code: 1201, message: 'external_task_id already exists' }],
  ])('is unknown for %s', (_, status, body) => {
    expect(end(T2V, status, body).kind).toBe('unknown');
  });

  it('is a refusal if the id that exists already is the caller’s own', () => {
    const body = { code: 1201, message: 'external_task_id already exists' };
    expect(end(T2V, 400, body, 'mine').kind).toBe('refused');
    expect(end(T2V, 400, { code: 1201, message: 'image can not be null' }).kind).toBe('refused');
  });

  it('settles a synchronous answer by its own deduction', () => {
    const tts = ok({
      task_id: '9',
      task_status: 'succeed',
      final_unit_deduction: '0.05',
      task_result: { audios: [] },
    });
    expect(end(TTS, 200, tts, null)).toEqual({ kind: 'done', credits: 500, raw: '0.05 video' });
    expect(
      end(
        route('POST', '/v1/videos/identify-face'),
        200,
        ok({ session_id: 's', final_unit_deduction: '0.05' }),
        null,
      ),
    ).toMatchObject({ credits: 500 });
    expect(
      end(route('POST', '/v1/videos/image-recognize'), 200, ok({ final_unit_deduction: '0.1' }), null),
    ).toMatchObject({ credits: 1_000 });
    expect(
      end(
        route('POST', '/v1/videos/multi-elements/init-selection'),
        200,
        ok({ final_unit_deduction: '0' }),
        null,
      ),
    ).toMatchObject({ kind: 'done', credits: 0 });
    expect(end(TTS, 200, ok({}), null)).toEqual({ kind: 'done', credits: null, raw: null });
    expect(end(TTS, 200, ok({ task_status: 'failed' }), null).kind).toBe('refused');
    expect(end(TTS, 500, ok({}), null).kind).toBe('unknown');
  });

  it('distinguishes a refused field from a refused id', () => {
    const envelope = (code: number, message: string): ReturnType<typeof readEnvelope> =>
      readEnvelope(bytes({ code, message }));
    expect(refusedField(400, envelope(1201, 'unknown field external_task_id'))).toBe('external_task_id');
    expect(refusedField(400, envelope(1201, 'options.callback_url is not supported'))).toBe('callback_url');
    expect(refusedField(400, envelope(1201, 'External task id already exists'))).toBeNull();
    expect(refusedField(400, envelope(1201, 'prompt is empty'))).toBeNull();
    expect(refusedField(500, envelope(5000, 'external_task_id'))).toBeNull();
    expect(refusedField(400, null)).toBeNull();
  });
});

describe('tasks that an answer shows', () => {
  const task = {
    task_id: '1',
    task_status: 'succeed',
    task_status_msg: '',
    task_info: { external_task_id: 'x' },
    created_at: 1722769557708,
    updated_at: 1722769657708,
    final_unit_deduction: '2.4',
    final_balance_deduction: { quota: '', list_price: '' },
    task_result: { videos: [{ id: 'v', url: 'https://cdn/v.mp4', duration: '5.04' }] },
  };

  it('are read from a single legacy query', () => {
    expect(sightingsOf(route('GET', '/v1/videos/text2video/1'), bytes(ok(task)))).toEqual([
      {
        taskId: '1',
        externalTaskId: 'x',
        state: 'succeeded',
        statusMessage: null,
        updatedAt: 1722769657708,
        createdAt: 1722769557708,
        deduction: { credits: 24_000, raw: '2.4 video' },
        results: [{ kind: 'video', id: 'v', url: 'https://cdn/v.mp4', durationSeconds: '5.04' }],
      },
    ]);
  });

  it('are read from lists, with the units of the route', () => {
    const list = ok([
      task,
      {
        ...task,
        task_id: '2',
        task_status: 'failed',
        task_status_msg: 'risk control',
        final_unit_deduction: '0',
      },
      { broken: true },
    ]);
    const seen = sightingsOf(route('GET', '/v1/images/generations'), bytes(list));
    expect(seen.map(({ taskId, state, deduction }) => [taskId, state, deduction?.credits])).toEqual([
      ['1', 'succeeded', 600],
      ['2', 'failed', 0],
    ]);
    expect(seen[1]?.statusMessage).toBe('risk control');
  });

  it('are read from both verbs of /tasks, with the pool of each row', () => {
    const row = (id: string, billing: unknown): unknown => ({
      id,
      status: 'succeeded',
      message: '',
      external_id: `e${id}`,
      create_time: 1722769557708,
      update_time: 1722769657708,
      outputs: [
        { type: 'image', url: 'https://cdn/i.png', group_id: 'g' },
        { type: 'audio', id: 'a', mp3_url: 'https://cdn/a.mp3', mp3_duration: '3.041' },
        { type: 'hologram' },
      ],
      billing,
    });
    const rows = [
      row('1', [{ charge_type: 'unit', amount: '3', package_type: 'video' }]),
      row('2', [{ charge_type: 'unit', amount: '8', package_type: 'image' }]),
      row('3', [{ charge_type: 'unit', amount: '0.05', package_type: 'audio' }]),
      row('4', [
        { charge_type: 'unit', amount: '1.5', package_type: 'video' },
        { charge_type: 'cash', cash_type: 'balance', amount: '0.07', currency: 'USD', list_price: '0.14' },
      ]),
      row('5', []),
      row('6', undefined),
    ];
    const got = sightingsOf(route('GET', '/tasks'), bytes(ok(rows)));
    expect(got.map(({ deduction }) => deduction?.credits ?? null)).toEqual([
      30_000,
      2_000,
      500,
      20_000,
      null,
      null,
    ]);
    expect(got[3]?.deduction?.raw).toBe('1.5 video + 0.07 USD balance');
    expect(got[0]).toMatchObject({ externalTaskId: 'e1', updatedAt: 1722769657708 });
    expect(got[0]?.results).toEqual([
      { kind: 'image', id: null, url: 'https://cdn/i.png', durationSeconds: null },
      { kind: 'audio', id: 'a', url: 'https://cdn/a.mp3', durationSeconds: '3.041' },
    ]);
    expect(
      sightingsOf(route('POST', '/tasks'), bytes(ok({ result: rows, count: 6, has_more: false }))),
    ).toEqual(got);
  });

  it('show every kind of legacy result', () => {
    const task_result = {
      images: [{ index: 0, url_1: 'a', url_2: 'b', url_3: 'c' }],
      series_images: [{ index: 1, url: 'd' }],
      audios: [{ id: 's', url_mp3: 'm', url_wav: 'w', duration_mp3: '3.0' }],
      videos: [
        { id: 'a', url: 'plain', watermark_url: 'marked' },
        { id: 'b', url: '', watermark_url: 'marked' },
      ],
      voices: [{ voice_id: 'v', trial_url: 't' }],
      elements: [{ element_id: 893605946402812 }],
    };
    const [seen] = sightingsOf(IMAGES, bytes(ok({ task_id: '1', task_status: 'succeed', task_result })));
    expect(seen?.results.map(({ kind, id, url }) => [kind, id, url])).toEqual([
      ['video', 'a', 'plain'],
      ['video', 'b', 'marked'],
      ['image', null, 'a'],
      ['image', null, 'b'],
      ['image', null, 'c'],
      ['image', null, 'd'],
      ['audio', 's', 'm'],
      ['audio', 's', 'w'],
      ['voice', 'v', 't'],
      ['element', '893605946402812', null],
    ]);
  });

  it('stay open under a status word that nobody documented, and carry no charge before their end', () => {
    const of = (task_status: unknown, final_unit_deduction?: string): unknown => {
      const [seen] = sightingsOf(T2V, bytes(ok({ task_id: '1', task_status, final_unit_deduction })));
      return [seen?.state, seen?.deduction?.credits ?? null];
    };
    expect(of('queued')).toEqual(['processing', null]);
    expect(of('toString')).toEqual(['processing', null]);
    expect(of(undefined)).toEqual(['submitted', null]);
    expect(of('processing', '0')).toEqual(['processing', null]);
    expect(of('processing', '1')).toEqual(['processing', 10_000]);
    expect(of('failed', '')).toEqual(['failed', null]);
  });

  it('are not searched in refusals, libraries and accounts', () => {
    expect(sightingsOf(T2V, bytes({ code: 1201, data: task }))).toEqual([]);
    expect(sightingsOf(route('GET', '/v1/general/presets-voices'), bytes(ok([task])))).toEqual([]);
    expect(sightingsOf(route('POST', '/account/billing/package'), bytes(ok([task])))).toEqual([]);
  });
});

describe('the answer of a create found by look-up', () => {
  it.each([
    ['legacy', T2V],
    ['new', NEW],
  ])('is the create’s own answer, and reads back as the same task (%s)', (_, of) => {
    const [sighting] = sightingsOf(
      of,
      bytes(
        ok({
          id: '77',
          status: 'succeeded',
          external_id: OURS,
          create_time: 1722769557708,
          update_time: 1722769657708,
        }),
      ),
    );
    if (!sighting) throw new Error('no sighting');
    const answer = createAnswerFor(of, sighting, 'req_1');
    expect(answer).toMatchObject({
      status: 200,
      headers: [['content-type', 'application/json; charset=utf-8']],
    });
    expect(readEnvelope(answer.body)).toMatchObject({ code: 0, message: 'SUCCEED', requestId: 'req_1' });
    expect(createEnd({ route: of, status: 200, bytes: answer.body, externalTaskId: OURS })).toMatchObject({
      kind: 'task',
      sighting: { taskId: '77', externalTaskId: OURS, state: 'submitted', createdAt: 1722769557708 },
    });
  });
});
