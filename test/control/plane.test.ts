import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from 'vitest';
import { SidecarError } from '../../src/errors.ts';
import { urlOf } from '../../src/listen.ts';
import { ask, startRig } from './fixture.ts';

describe('the life of the control plane', () => {
  test('a taken port refuses to start, naming key, address and what to do', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    const { port } = other.address() as AddressInfo;
    try {
      const failed = startRig({ port });
      await expect(failed).rejects.toThrow(SidecarError);
      await expect(failed).rejects.toThrow(
        `control.port: cannot listen on 127.0.0.1:${port} (another program listens there`,
      );
    } finally {
      other.close();
    }
  });

  test('if the probes’ port is taken the control listener is given up again', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    const { port } = other.address() as AddressInfo;
    try {
      await expect(startRig({ probes: { hosts: ['127.0.0.1'], port } })).rejects.toThrow(
        'probes.port: cannot listen',
      );
    } finally {
      other.close();
    }
  });

  test('after stop nothing listens, and stopping again is harmless', async () => {
    const rig = await startRig({ probes: { hosts: ['127.0.0.1'], port: 0 } });
    expect((await ask(rig.url, '/livez')).status).toBe(200);
    await rig.close();
    await rig.plane.stop();
    await expect(ask(rig.url, '/livez')).rejects.toThrow('ECONNREFUSED');
    await expect(ask(rig.probesUrl ?? '', '/livez')).rejects.toThrow('ECONNREFUSED');
  });

  test('addresses are shown as people open them', () => {
    expect(urlOf('0.0.0.0', 5565)).toBe('http://127.0.0.1:5565');
    expect(urlOf('::', 5565)).toBe('http://[::1]:5565');
    expect(urlOf('::1', 1)).toBe('http://[::1]:1');
    expect(urlOf('10.0.0.1', 1)).toBe('http://10.0.0.1:1');
  });
});
