import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { refOf, ResultLinks } from '../../src/results/result-links.ts';
import { Secret } from '../../src/secret.ts';

const DAY = 86_400_000;
const NOW = Date.UTC(2026, 10, 28, 10, 30);
const linksWith = (key: string): ResultLinks =>
  new ResultLinks({
    key: new Secret(key),
    publicUrl: () => 'https://media.example.com',
    lifeMs: () => 7 * DAY,
  });
const links = linksWith('a key of the tests');

const targetOf = (url: string): string => url.slice('https://media.example.com'.length);
const made = (taskId: string, position = 1, now = NOW): string =>
  targetOf(links.url({ taskId, position }, { extension: 'mp4', now }));

describe('addresses of kept files', () => {
  it('work for their own file until they expire, at the end of a day', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 }),
        fc.integer({ min: 1, max: 64 }),
        (taskId, position) => {
          const target = made(taskId, position);
          const expiresAt = Date.UTC(2026, 11, 6);
          expect(links.read(target, NOW)).toEqual({ taskId, position, permission: 'granted', expiresAt });
          expect(links.read(target, expiresAt - 1)?.permission).toBe('granted');
          expect(links.read(target, expiresAt)?.permission).toBe('refused');
        },
      ),
    );
  });

  it('are the same all day, and live at least as long as they should', () => {
    fc.assert(
      fc.property(fc.nat(400 * DAY), (later) => {
        const now = NOW + later;
        const asked = links.read(made('871', 1, now), now);
        const lifeMs = (asked?.expiresAt ?? 0) - now;
        expect(lifeMs).toBeGreaterThanOrEqual(7 * DAY);
        expect(lifeMs).toBeLessThan(8 * DAY);
      }),
    );
    expect(made('871', 1, Date.UTC(2026, 10, 28, 0, 0, 0, 1))).toBe(
      made('871', 1, Date.UTC(2026, 10, 28, 23)),
    );
  });

  it('are refused for another file, another instant, another key, and with any character changed', () => {
    const target = made('871', 1);
    const refused = (changed: string): void => expect(links.read(changed, NOW)?.permission).toBe('refused');
    refused(target.replace('/871/', '/872/'));
    refused(target.replace('/1.mp4', '/2.mp4'));
    refused(target.replace(/expires=\d+/, (found) => `expires=${Number(found.slice(8)) + 86_400}`));
    refused(target.replace(/expires=\d+/, 'expires=1e15'));
    refused(target.replace(/expires=\d+&/, ''));
    refused(target.replace(/token=.*/, 'token='));
    expect(linksWith('another key').read(target, NOW)?.permission).toBe('refused');
    const at = target.indexOf('token=') + 6;
    for (let i = at; i < target.length; i += 1) {
      refused(`${target.slice(0, i)}${target[i] === 'A' ? 'B' : 'A'}${target.slice(i + 1)}`);
    }
  });

  it('do not depend on the extension, which is for people and programs', () => {
    expect(links.read(made('871').replace('.mp4', ''), NOW)?.permission).toBe('granted');
  });

  it('without a token name a file and grant nothing', () => {
    expect(links.read('/v1/results/871/1', NOW)).toEqual({
      taskId: '871',
      position: 1,
      permission: 'none',
      expiresAt: null,
    });
  });

  it.each([
    '/v1/results/871',
    '/v1/results/871/',
    '/v1/results/871/0',
    '/v1/results/871/01',
    '/v1/results/871/1000',
    '/v1/results/871/1/2',
    '/v1/results//1',
    '/v1/results/%ff/1',
    '/v1/results/871/1.MP4/',
    `/v1/results/${'x'.repeat(200)}/1`,
    '/v1/tasks/871',
  ])('%s names no file', (path) => expect(refOf(path)).toBeNull());
});
