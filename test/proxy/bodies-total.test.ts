import { afterEach, describe, expect, it } from 'vitest';
import { createManualClock, type ManualClock } from '../../src/clock.ts';
import { get, post, textToVideo, until } from '../app/calls.ts';
import { startApp, type StartedApp } from '../app/start-app.ts';
import { Wire } from './wire.ts';

let app: StartedApp;
const wires: Wire[] = [];
afterEach(async () => {
  for (const wire of wires.splice(0)) wire.socket.destroy();
  await app.stop();
});

/** An app whose bodies may take one MiB together. */
async function start(clock?: ManualClock): Promise<void> {
  app = await startApp({ config: { listen: { bodiesMiBTotal: 1 } }, ...(clock && { clock }) });
}

/** A create of that many bytes. */
const bodyOf = (bytes: number): string => {
  const json = JSON.stringify(textToVideo({ image: '' }));
  return json.replace('"image":""', `"image":"${'A'.repeat(bytes - json.length)}"`);
};

/** Sends the head of a create whose body waits to be wanted. */
async function offer(headers: string): Promise<Wire> {
  const wire = await Wire.open(app.dataUrl);
  wires.push(wire);
  return wire.send(
    `POST /v1/videos/image2video HTTP/1.1\r\nhost: ${new URL(app.dataUrl).host}\r\ncontent-type: application/json\r\n` +
      `${headers}\r\nexpect: 100-continue\r\n\r\n`,
  );
}

const isWanted = (wire: Wire): Promise<boolean> =>
  until('the body is wanted', () => wire.informational.includes(100));
const creates = (): number =>
  app.emulator.requests().filter(({ method, path }) => method === 'POST' && path.includes('2video')).length;

describe('bodies of open requests', () => {
  it('beyond the sum wait until others have ended, and small ones pass', async () => {
    await start();
    const first = bodyOf(1_000_000);
    const second = bodyOf(500_000);
    const a = await offer(`content-length: ${first.length}`);
    await isWanted(a);
    a.send(first.slice(0, 600_000));
    const b = await offer(`content-length: ${second.length}`);
    expect((await post(`${app.dataUrl}/v1/videos/text2video`, textToVideo())).status).toBe(200);
    expect(b.informational).toEqual([]);
    a.send(first.slice(600_000));
    expect((await a.answer()).status).toBe(200);
    await isWanted(b);
    b.send(second);
    expect((await b.answer()).status).toBe(200);
  });

  it('that find no room before the deadline get 503, with nothing sent and nothing held', async () => {
    const clock = createManualClock(Date.now());
    await start(clock);
    const a = await offer('content-length: 1000000');
    await isWanted(a);
    const b = await offer('content-length: 500000\r\nx-kling-timeout-ms: 12000');
    const answer = b.answer();
    let isAnswered = false;
    void answer.then(() => (isAnswered = true));
    await until('the deadline has passed', async () => {
      await clock.advance(1_000);
      return isAnswered;
    });
    const refused = await answer;
    expect(refused.status).toBe(503);
    expect(refused.header('x-kling-sidecar')).toBe('too_busy');
    expect(refused.header('retry-after')).toBe('1');
    const body = JSON.parse(refused.body.toString()) as Record<string, unknown>;
    expect(body).toMatchObject({ code: 9063, data: { word: 'too_busy', retryable: true } });
    expect(creates()).toBe(0);
    const { holds } = (await (await fetch(`${app.controlUrl}/v1/holds`)).json()) as { holds: unknown[] };
    expect(holds).toEqual([]);
  });

  it('that were left by their callers give their room to the next', async () => {
    await start();
    const a = await offer('content-length: 1000000');
    await isWanted(a);
    const b = await offer('content-length: 900000');
    const c = await offer('content-length: 800000');
    b.socket.destroy();
    a.socket.destroy();
    await isWanted(c);
  });

  it('of no declared length wait with their connection when they outgrow the room', async () => {
    await start();
    const a = await offer('content-length: 700000');
    await isWanted(a);
    const b = await offer('transfer-encoding: chunked');
    await isWanted(b);
    const body = bodyOf(600_000);
    b.send(`${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`);
    expect((await get(`${app.dataUrl}/v1/videos/text2video?pageNum=1`)).status).toBe(200);
    a.socket.destroy();
    expect((await b.answer()).status).toBe(200);
  });

  it('are never larger alone than all may be together', async () => {
    await start();
    const a = await offer('content-length: 1048577');
    const refused = await a.answer();
    expect(refused.status).toBe(413);
    expect(creates()).toBe(0);
  });
});
