import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';
import { HEADER_LINES_MAX, hostNames, readFrame } from '../../src/proxy/frame.ts';

const RULES = {
  allowedHosts: new Set(['127.0.0.1:5564']),
  allowedOrigins: new Set<string>(),
  forwardHeaders: [],
};
const HOST = ['Host', '127.0.0.1:5564'];

function frameOf(rawHeaders: string[], method = 'GET'): ReturnType<typeof readFrame> {
  return readFrame({ rawHeaders, method, httpVersion: '1.1' } as IncomingMessage, RULES);
}

describe('a frame', () => {
  it('has at most two hundred header lines, with every version of Node', () => {
    const lines = (count: number): string[] =>
      Array.from({ length: count }, (_, i) => [`X-${i}`, 'v']).flat();
    expect(frameOf([...HOST, ...lines(HEADER_LINES_MAX - 1)]).headers.size).toBe(HEADER_LINES_MAX);
    expect(() => frameOf([...HOST, ...lines(HEADER_LINES_MAX)])).toThrow(
      expect.objectContaining({ code: 'target_refused', status: 431 }),
    );
  });

  it('is of a listener that answers to loopback and to the configured names, by its own port', () => {
    const names = hostNames(5564, ['Box.Example', 'other.example:8443']);
    expect([...names].sort()).toEqual(
      [
        '127.0.0.1:5564',
        'localhost:5564',
        '[::1]:5564',
        'box.example',
        'box.example:5564',
        'other.example:8443',
      ].sort(),
    );
    for (const port of [80, 443]) {
      expect([...hostNames(port, [])]).toEqual(expect.arrayContaining(['127.0.0.1', 'localhost', '[::1]']));
    }
  });
});
