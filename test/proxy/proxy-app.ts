/** The real app for tests of the data plane: nothing polls behind the test's back, and nothing runs short. */
import { get } from '../app/calls.ts';
import { startApp, type StartedApp, type StartOptions } from '../app/start-app.ts';

/**
 * Starts app and emulator with room for all creates of a test; `config` is merged over this, section by section.
 *
 * One read goes before everything: the first answer shows Kling's clock, which the first create would ask for itself.
 */
export async function startProxy(
  config: NonNullable<StartOptions['config']> = {},
  options: Omit<StartOptions, 'config'> = {},
): Promise<StartedApp> {
  const started = await startApp({
    ...options,
    emulator: {
      concurrency: { video: 100_000, image: 100_000 },
      packs: [
        { name: 'video', product: 'video', units: 1_000_000 },
        { name: 'image', product: 'image', units: 1_000_000 },
      ],
      ...options.emulator,
    },
    config: {
      tasks: { poll: false },
      budgets: [{ name: 'all', credits: 10_000_000, window: 'total' }],
      ...config,
    },
  });
  if (options.baseUrl === undefined && config['apps'] === undefined)
    await get(`${started.dataUrl}/tasks?task_ids=1`);
  return started;
}
