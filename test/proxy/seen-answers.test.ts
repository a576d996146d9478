import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readEnvelope, sightingsIn } from '../../src/kling/envelope.ts';
import { findRoute, UNKNOWN_CREATE } from '../../src/kling/routes.ts';
import { SeenAnswers, type ReadAnswer } from '../../src/proxy/seen-answers.ts';

const TARGET = '/v1/videos/text2video/890000000000000001';
const found = findRoute('GET', TARGET);
const route = found.kind === 'match' ? found.route : UNKNOWN_CREATE;

function rig() {
  const seen = new SeenAnswers();
  let parsed = 0;
  const parse = (body: Buffer) => (): ReadAnswer => {
    parsed += 1;
    const envelope = readEnvelope(body);
    return { envelope, sightings: envelope === null ? [] : sightingsIn(route, envelope) };
  };
  const read = (text: string, dependsOn: readonly unknown[] = [route], target = TARGET): ReadAnswer =>
    seen.read({ target, body: Buffer.from(text), dependsOn }, parse(Buffer.from(text)));
  return { read, parse, parsed: () => parsed };
}

function answer(requestId: string, status = 'processing', more = ''): string {
  return `{"code":0,"message":"SUCCEED","request_id":"${requestId}","data":{"task_id":"890000000000000001","task_status":"${status}"${more}}}`;
}

describe('an answer that was seen before', () => {
  it('is not parsed again if only its request id is another', () => {
    const { read, parsed } = rig();
    read(answer('one'));
    const again = read(answer('another-one'));
    expect(parsed()).toBe(1);
    expect(again.envelope).toMatchObject({ code: 0, requestId: 'another-one' });
    expect(again.sightings).toMatchObject([{ taskId: '890000000000000001', state: 'processing' }]);
  });

  it.each([
    ['another state', answer('two', 'succeed')],
    ['an escape', answer('\\u0074wo')],
    ['a request id that ends elsewhere', answer('two","data":{},"x":"')],
    ['no request id', answer('')],
    ['a part of its bytes', answer('one').slice(0, 30)],
    ['no bytes', ''],
  ])('is parsed if the new one has %s', (_what, text) => {
    const { read, parse, parsed } = rig();
    read(answer('one'));
    expect(read(text)).toEqual(parse(Buffer.from(text))());
    expect(parsed()).toBe(3);
  });

  it('is parsed if it has two request ids, or what its reading depends on has changed, or it is of another target', () => {
    const { read, parsed } = rig();
    const twice = answer('one', 'processing', ',"request_id":"inner"');
    read(twice);
    read(twice);
    read(answer('one'));
    read(answer('one'), [UNKNOWN_CREATE]);
    read(answer('one'), [UNKNOWN_CREATE], `${TARGET}2`);
    expect(parsed()).toBe(5);
  });

  it('gives what parsing it gives, for any texts', () => {
    const piece = fc.constantFrom(
      '{',
      '}',
      '"',
      ':',
      ',',
      '"request_id"',
      '"request_id":"a"',
      '\\',
      '\\u0061',
      ' ',
      'a',
      '0',
    );
    const text = fc.oneof(
      fc.array(piece).map((pieces) => pieces.join('')),
      fc.tuple(fc.string(), fc.string()).map(([id, more]) => answer(id, more)),
    );
    fc.assert(
      fc.property(fc.array(text, { minLength: 1, maxLength: 6 }), (texts) => {
        const { read, parse } = rig();
        for (const one of texts) expect(read(one)).toEqual(parse(Buffer.from(one))());
      }),
    );
  });
});
