import { createServer, type Server } from 'node:http';
import { createServer as createSocket, type AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';
import { describe, expect, it } from 'vitest';
import { isLoopback, listenAt, LOOPBACKS, urlOf } from '../../src/listen.ts';
import { get, post, textToVideo } from '../app/calls.ts';
import { startApp } from '../app/start-app.ts';

const hasIpv6 = Object.values(networkInterfaces()).some((all) =>
  all?.some(({ address }) => address === '::1'),
);
const make = (): Server => createServer((_request, response) => response.end('here'));
const close = (servers: readonly Server[]): Promise<unknown> =>
  Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));

/** A server on a machine that lacks one of its addresses. */
function lacking(address: string, code: string): () => Server {
  return () => {
    const server = make();
    const listen = server.listen.bind(server) as (options: { host: string }, done: () => void) => Server;
    server.listen = ((options: { host: string }, done: () => void) => {
      if (options.host !== address) return listen(options, done);
      queueMicrotask(() => server.emit('error', Object.assign(new Error(code), { code })));
      return server;
    }) as typeof server.listen;
    return server;
  };
}

describe('a listener', () => {
  it.runIf(hasIpv6)('has the same port at both loopbacks', async () => {
    const had = await listenAt(make, { hosts: ['localhost'], port: 0, setting: 'x' });
    expect(had.hosts).toEqual(['127.0.0.1', '::1']);
    for (const host of had.hosts) {
      expect(await (await fetch(`${urlOf(host, had.port)}/`)).text()).toBe('here');
    }
    await close(had.servers);
  });

  it('starts on a machine without IPv6, or without IPv4', async () => {
    for (const code of ['EADDRNOTAVAIL', 'EAFNOSUPPORT']) {
      for (const [address, other] of [
        ['::1', '127.0.0.1'],
        ['127.0.0.1', '::1'],
      ] as const) {
        if (other === '::1' && !hasIpv6) continue;
        const had = await listenAt(lacking(address, code), { hosts: LOOPBACKS, port: 0, setting: 'x' });
        expect(had.hosts).toEqual([other]);
        await close(had.servers);
      }
    }
  });

  it('is refused if none of its addresses is there, and if one beyond loopback is not', async () => {
    const alone = listenAt(lacking('::1', 'EADDRNOTAVAIL'), {
      hosts: ['::1'],
      port: 5,
      setting: 'listen.port',
    });
    await expect(alone).rejects.toMatchObject({
      code: 'config_invalid',
      message: expect.stringContaining('listen.port: cannot listen on [::1]:5') as string,
    });
    const beyond = listenAt(make, { hosts: ['127.0.0.1', '192.0.2.1'], port: 0, setting: 'x' });
    await expect(beyond).rejects.toThrow(/192\.0\.2\.1:\d+ \(it is no address of this machine\)/);
  });

  it.runIf(hasIpv6)(
    'is refused whole where the port is taken at one address, and leaves the other free',
    async () => {
      const other = createSocket().listen(0, '::1');
      await new Promise((resolve) => other.once('listening', resolve));
      const { port } = other.address() as AddressInfo;
      const place = { hosts: LOOPBACKS, port, setting: 'control.port' };
      await expect(listenAt(make, place)).rejects.toThrow(
        `control.port: cannot listen on [::1]:${port} (another`,
      );
      const alone = await listenAt(make, { ...place, hosts: ['127.0.0.1'] });
      await close(alone.servers);
      other.close();
    },
  );

  it.runIf(hasIpv6)(
    'tries other ports where the system chose one that the second address lacks',
    async () => {
      const taken = createSocket();
      const tried: number[] = [];
      const had = await listenAt(
        () => {
          const server = make();
          // The first port that the system gives is taken at once at the other address.
          server.once('listening', () => {
            const { address, port } = server.address() as AddressInfo;
            if (address !== '127.0.0.1') return;
            tried.push(port);
            if (tried.length === 1) taken.listen({ host: '::1', port });
          });
          return server;
        },
        { hosts: LOOPBACKS, port: 0, setting: 'x' },
      );
      expect(had.hosts).toEqual(LOOPBACKS);
      expect(had.port).toBe(tried.at(-1));
      await close(had.servers);
      await new Promise((resolve) => taken.close(resolve));
    },
  );

  it('distinguishes loopback from other addresses', () => {
    for (const host of ['127.0.0.1', '127.8.9.10', '::1', 'localhost', 'LOCALHOST', '::ffff:127.0.0.1']) {
      expect(isLoopback(host), host).toBe(true);
    }
    for (const host of ['0.0.0.0', '::', '10.0.0.1', 'example.com', '127.0.0.1.example.com', '::2']) {
      expect(isLoopback(host), host).toBe(false);
    }
  });
});

describe('the sidecar', () => {
  it.runIf(hasIpv6)(
    'answers at both loopbacks and by localhost, on every listener, with one port each',
    async () => {
      const started = await startApp({ config: { probes: { port: 0 } } });
      for (const name of ['127.0.0.1', '[::1]', 'localhost']) {
        const at = (url: string | null): string => `http://${name}:${new URL(url ?? '').port}`;
        const made = await post(`${at(started.dataUrl)}/v1/videos/text2video`, textToVideo());
        expect(made.status, name).toBe(200);
        expect((await get(`${at(started.controlUrl)}/v1/status`)).status, name).toBe(200);
        expect((await get(`${at(started.probesUrl)}/readyz`)).status, name).toBe(200);
      }
      await started.stop();
    },
  );

  it('listens if one address alone is configured, as text or as a list', async () => {
    for (const host of ['127.0.0.1', ['127.0.0.1']]) {
      const started = await startApp({ config: { listen: { port: 0, host } } });
      expect(new URL(started.dataUrl).hostname).toBe('127.0.0.1');
      await expect(fetch(`http://[::1]:${new URL(started.dataUrl).port}/`)).rejects.toThrow('fetch failed');
      await started.stop();
    }
  });

  it('does not listen beyond loopback without apps, wherever in the list that address is', async () => {
    for (const host of ['0.0.0.0', ['127.0.0.1', '0.0.0.0'], ['::1', '::']]) {
      await expect(startApp({ config: { listen: { host } } })).rejects.toMatchObject({
        code: 'config_invalid',
      });
    }
  });
});
