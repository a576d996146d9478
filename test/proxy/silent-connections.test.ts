import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Seats } from '../../src/sockets.ts';
import { get } from '../app/calls.ts';
import type { StartedApp } from '../app/start-app.ts';
import { startProxy } from './proxy-app.ts';
import { requestText, Wire } from './wire.ts';

/** More than any listener of the control plane keeps. */
const SILENT = 300;

let started: StartedApp;
beforeAll(async () => {
  started = await startProxy({ probes: { port: 0 } });
});
afterAll(() => started.stop());

async function openAll(count: number, url: string, text = ''): Promise<Wire[]> {
  const wires: Wire[] = [];
  for (let i = 0; i < count; i += 1) {
    const wire = await Wire.open(url);
    if (text !== '') wire.send(text);
    wires.push(wire);
  }
  return wires;
}

describe('connections that ask nothing', () => {
  it('never keep a probe out, whether they say nothing or half of a request', async () => {
    for (const url of [started.controlUrl, started.probesUrl ?? '']) {
      for (const text of ['', 'GET /readyz HTTP/1.1\r\nHost: ']) {
        const wires = await openAll(SILENT, url, text);
        for (const path of ['/readyz', '/livez', '/metrics']) {
          const wire = await Wire.open(url);
          expect((await wire.send(requestText(url, `GET ${path}`)).answer()).status, path).toBe(200);
          wire.close();
        }
        for (const wire of wires) wire.close();
      }
    }
  });

  it('are closed for new ones, longest silent first, while an open request keeps its place', async () => {
    const seats = new Seats(3);
    const held: (() => void)[] = [];
    const server: Server = createServer((request, response) => {
      seats.note(request, response);
      if (request.url === '/slow') held.push(() => response.end('slow'));
      else response.end('quick');
    });
    seats.watch(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const asked = new Promise<void>((resolve) => server.once('request', () => resolve()));
    const [slow, quick, silent] = [await Wire.open(url), await Wire.open(url), await Wire.open(url)];
    slow.send(requestText(url, 'GET /slow'));
    await asked;
    await quick.send(requestText(url, 'GET /quick')).answer();
    const fourth = await Wire.open(url);
    await silent.closed();
    expect(quick.isClosed).toBe(false);
    const fifth = await Wire.open(url);
    await quick.closed();
    held[0]?.();
    expect((await slow.answer()).body.toString()).toBe('slow');
    for (const wire of [slow, fourth, fifth]) wire.close();
    await new Promise((resolve) => server.close(resolve));
  });

  it('are refused if every place waits for an answer', async () => {
    const seats = new Seats(1);
    const held: (() => void)[] = [];
    const server: Server = createServer((request, response) => {
      seats.note(request, response);
      held.push(() => response.end('done'));
    });
    seats.watch(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const asked = new Promise<void>((resolve) => server.once('request', () => resolve()));
    const busy = await Wire.open(url);
    busy.send(requestText(url, 'GET /'));
    await asked;
    const late = await Wire.open(url);
    await late.closed();
    held[0]?.();
    expect((await busy.answer()).body.toString()).toBe('done');
    busy.close();
    await new Promise((resolve) => server.close(resolve));
  });
});

it('two thousand silent connections do not keep a create’s reader out of the data plane', async () => {
  const wires = await openAll(2_100, started.dataUrl);
  const answer = await get(`${started.dataUrl}/tasks?task_ids=1`);
  expect(answer.status).toBe(200);
  for (const wire of wires) wire.close();
});
