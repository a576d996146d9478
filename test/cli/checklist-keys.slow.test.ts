import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createManualClock, systemClock } from '../../src/clock.ts';
import { EMULATOR_KEY, startApp, type StartedApp, type StartOptions } from '../app/start-app.ts';
import { judge } from './checklist-rig.ts';
import { runBeside } from './smoke-rig.ts';

const DAY = 86_400_000;
const START = Date.UTC(2026, 10, 21, 12);

let app: StartedApp;
afterEach(() => app.stop());

const start = async (options: StartOptions = {}): Promise<void> => void (app = await startApp(options));

describe('a key', () => {
  it('is old after a quarter, by the store or by its file, whichever saw it earlier', async () => {
    const clock = createManualClock(START);
    await start({ clock });
    const later = (days: number) => ({ clock: { ...systemClock, now: () => START + days * DAY } });
    expect((await judge(app, [], later(92))).line('key_rotation')).toMatch(
      /^ok: The key key-[0-9a-f]{16} has been here since 2026-11-21, 92 days: rotate it by 2027-02-21\.$/,
    );
    expect((await judge(app, [], later(93))).line('key_rotation')).toMatch(
      /^warn: .*, 93 days: longer than a quarter\. → Make a new key/,
    );
  });

  it('needs an environment with a name, and is compared with others by fingerprint or config', async () => {
    await start();
    const alone = await judge(app);
    expect(alone.line('key_per_environment')).toMatch(
      /^warn: This environment has no name\. The key key-\S+ of default was compared with no other/,
    );
    await app.reload({ environment: 'dev' });
    await app.reload({ environment: 'prod' });
    const { fingerprint } = alone;
    const other = 'key-0123456789abcdef';
    const renamed = await judge(app, ['--compare', other]);
    expect(renamed.line('key_per_environment')).toMatch(
      /^warn: The key key-\S+ was used on this store as dev too\. → Make a key of its own/,
    );
    const shared = await judge(app, ['--compare', fingerprint ?? '']);
    expect(shared.line('key_per_environment')).toMatch(new RegExp(`is that of ${fingerprint} too\\.`));
    const wrong = await runBeside(app, ['doctor', '--checklist', '--compare', 'nowhere.json']);
    expect(wrong).toMatchObject({ code: 2, out: '' });
    expect(wrong.err).toMatch(
      /--compare nowhere\.json: .* Name a config file whose sidecar has run, or a fingerprint/s,
    );
  });

  it('is its own where another environment’s store has another, and shared where it has the same', async () => {
    await start({ config: { environment: 'prod' } });
    const staging = await startApp({
      config: { environment: 'staging' },
      env: { KLING_API_KEY: 'another-key-of-kling' },
    });
    const config = path.join(staging.folder, 'sidecar.config.json');
    expect((await judge(app, ['--compare', config])).line('key_per_environment')).toMatch(
      /^ok: The key key-\S+ of prod is none of \S+sidecar\.config\.json\.$/,
    );
    await staging.reload({ environment: 'staging' }, { KLING_API_KEY: EMULATOR_KEY });
    expect((await judge(app, ['--compare', config])).line('key_per_environment')).toMatch(
      /^warn: The key key-\S+ is that of \S+sidecar\.config\.json \(staging\) too\./,
    );
    await staging.stop();
  });
});
