import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { shownAddresses, withAddresses } from '../../src/kling/answer-addresses.ts';
import { sightingOf } from '../../src/kling/task-shape.ts';

const bytesOf = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
const urlsOf = (bytes: Buffer): string[] => shownAddresses(bytes).map(({ url }) => url);

const envelope = (data: unknown): unknown => ({ code: 0, message: 'SUCCEED', request_id: 'r-1', data });
const legacy = {
  task_id: '871',
  task_status: 'succeed',
  task_info: { parent_video: { id: '1', url: 'https://cdn.klingai.com/parent.mp4' } },
  task_result: {
    videos: [{ id: 'v', url: 'https://a/x.mp4?sign=1', watermark_url: 'https://a/w.mp4', duration: '5.04' }],
    audios: [{ id: 's', url_mp3: 'https://a/s.mp3', url_wav: 'https://a/s.wav' }],
  },
};
const current = {
  id: '872',
  status: 'succeeded',
  message: 'see https://help.example.com',
  outputs: [{ type: 'image', url: 'https://b/1.png' }, { type: 'video' }],
};

describe('the addresses of results in an answer', () => {
  it('finds those of both generations, in every form of answer, with the task of each', () => {
    const one = shownAddresses(bytesOf(envelope(legacy)));
    expect(one.map(({ url }) => url)).toEqual([
      'https://a/x.mp4?sign=1',
      'https://a/w.mp4',
      'https://a/s.mp3',
      'https://a/s.wav',
    ]);
    expect(new Set(one.map(({ taskId }) => taskId))).toEqual(new Set(['871']));
    const both = shownAddresses(bytesOf(envelope([legacy, current])));
    expect(both.at(-1)).toMatchObject({ taskId: '872', url: 'https://b/1.png' });
    expect(urlsOf(bytesOf(envelope({ result: [current], next_cursor: 'https://not/one' })))).toEqual([
      'https://b/1.png',
    ]);
    expect(urlsOf(bytesOf(current))).toEqual(['https://b/1.png']);
  });

  it('finds none in an error, in a text, in an answer without a task, and in bytes that parsers read differently', () => {
    expect(urlsOf(bytesOf({ code: 1201, message: 'https://a/b', request_id: 'r' }))).toEqual([]);
    expect(urlsOf(bytesOf(envelope({ task_result: { videos: [{ url: 'https://a/b' }] } })))).toEqual([]);
    expect(urlsOf(Buffer.from('<html>https://a/b</html>'))).toEqual([]);
    const twice = '{"data":{"task_id":"1","task_id":"2","outputs":[{"url":"https://a/b"}]}}';
    expect(urlsOf(Buffer.from(twice))).toEqual([]);
  });

  it('reads an address with escapes, and a task id that is a number, as the reader of task states does', () => {
    const text =
      '{"code":0,"data":{"task_id":871122334455667788,"task_result":{"videos":[{"url":"https:\\/\\/a\\/\\u0062"}]}}}';
    const [shown] = shownAddresses(Buffer.from(text));
    expect(shown).toMatchObject({ taskId: '871122334455667788', url: 'https://a/b' });
    expect(text.slice(shown?.start, shown?.end)).toBe('"https:\\/\\/a\\/\\u0062"');
  });
});

const url = fc.webUrl({ withQueryParameters: true, withFragments: true });
const word = fc.string({ unit: 'binary', maxLength: 12 });
const output = fc.record({ type: fc.constantFrom('video', 'image'), id: word, url, watermark_url: url });
const task = fc.record({
  id: fc.stringMatching(/^[a-z0-9]{1,12}$/),
  message: word,
  outputs: fc.array(output),
});
/** JSON with spaces, line ends, and escaped slashes, as other servers write it. */
const written = fc
  .tuple(fc.array(task, { maxLength: 4 }), fc.constantFrom(undefined, 1, '\t'), fc.boolean())
  .map(([tasks, indent, isEscaped]) => {
    const text = JSON.stringify(envelope(tasks), null, indent);
    return Buffer.from(isEscaped ? text.replaceAll('/', '\\/') : text);
  });

describe('other addresses in their place', () => {
  it('changes exactly the chosen addresses: every other byte and value stays', () => {
    fc.assert(
      fc.property(written, fc.infiniteStream(fc.option(url)), (bytes, choices) => {
        const shown = shownAddresses(bytes);
        const wanted = shown.map((each) => ({ ...each, to: choices.next().value }));
        const edits = wanted.flatMap(({ start, end, to }) => (to === null ? [] : [{ start, end, url: to }]));
        const edited = withAddresses(bytes, edits);
        expect(urlsOf(edited)).toEqual(wanted.map(({ url: from, to }) => to ?? from));
        // The bytes between the edits are the same in both.
        let [from, to] = [0, 0];
        for (const edit of edits) {
          const length = edit.start - from;
          expect(edited.compare(bytes, from, edit.start, to, to + length)).toBe(0);
          from = edit.end;
          to += length + Buffer.byteLength(JSON.stringify(edit.url));
        }
        expect(edited.subarray(to).equals(bytes.subarray(from))).toBe(true);
      }),
    );
  });

  it('finds each address that the reader of task states finds', () => {
    fc.assert(
      fc.property(written, (bytes) => {
        const { data } = JSON.parse(bytes.toString()) as { data: unknown[] };
        const seen = data.flatMap((item) => sightingOf(item, 'video')?.results.map((each) => each.url) ?? []);
        const shown = new Set(urlsOf(bytes));
        expect(seen.filter((each) => each !== null && !shown.has(each))).toEqual([]);
      }),
    );
  });

  it('gives the same bytes for no edits', () => {
    fc.assert(fc.property(written, (bytes) => withAddresses(bytes, []).equals(bytes)));
  });
});
