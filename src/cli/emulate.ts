/** `emulate`: Kling's API on loopback, for tests and for users' own CI. */
import { type Command, InvalidArgumentError } from 'commander';
import type { EmulatorOptions } from '../emulator/emulator.ts';
import type { Context } from './context.ts';
import { wholeNumber } from './lists.ts';
import { takeSignals } from './signals.ts';

const PORT = 5566;

interface EmulateOptions {
  host?: string;
  port: number;
  speed: number;
  videoSlots?: number;
  imageSlots?: number;
  requestsPerMinute?: number;
  retryAfter?: number;
  resultBytes?: number;
}

/** Adds the command. */
export function addEmulate(program: Command, context: () => Context): void {
  program
    .command('emulate')
    .description('run an emulator of Kling’s API, with its own charge book and faults on order')
    .option('--host <address>', 'where to listen (default: 127.0.0.1 and ::1)')
    .option('--port <port>', 'where to listen; 0 for any', wholeNumber(0, 65_535), PORT)
    .option('--speed <factor>', 'how many times as fast tasks get older', speedArgument, 1)
    .option(
      '--video-slots <slots>',
      'how many videos may run at once (default: 5, as the pack says)',
      wholeNumber(0, 10_000),
    )
    .option(
      '--image-slots <slots>',
      'how many images may run at once (default: 9, as the pack says)',
      wholeNumber(0, 10_000),
    )
    .option(
      '--requests-per-minute <requests>',
      'how many requests a minute may have (default: no limit)',
      wholeNumber(1, 1_000_000),
    )
    .option(
      '--retry-after <seconds>',
      'the Retry-After header of its 1302 and 1303 (default: none)',
      wholeNumber(0, 86_400),
    )
    .option(
      '--result-bytes <bytes>',
      'the size of a video result (default: 32768)',
      wholeNumber(0, 2_147_483_648),
    )
    .action((options: EmulateOptions) => emulate(context(), options));
}

function speedArgument(text: string): number {
  const value = /^\d{1,6}(\.\d{1,3})?$/.test(text) ? Number(text) : 0;
  if (value > 0) return value;
  throw new InvalidArgumentError('A number above 0 is wanted.');
}

function emulatorOptions(given: EmulateOptions): Omit<EmulatorOptions, 'clock'> {
  const { videoSlots: video, imageSlots: image, retryAfter, requestsPerMinute, ...rest } = given;
  return {
    ...rest,
    concurrency: { ...(video === undefined ? {} : { video }), ...(image === undefined ? {} : { image }) },
    requestsPerMinute: requestsPerMinute ?? null,
    retryAfter: retryAfter === undefined ? null : { seconds: retryAfter },
  };
}

async function emulate({ terminal }: Context, options: EmulateOptions): Promise<void> {
  const [{ createEmulator }, { EMULATOR_CREDENTIALS }] = await Promise.all([
    import('../emulator/emulator.ts'),
    import('../emulator/emulator-help.ts'),
  ]);
  const emulator = createEmulator({ clock: terminal.clock, ...emulatorOptions(options) });
  const { url } = await emulator.start();
  const signals = takeSignals(terminal);
  const { apiKey } = EMULATOR_CREDENTIALS;
  if (terminal.isTerminal) {
    terminal.out(`Kling’s API is emulated at ${url}; API key ${apiKey}; ${url}/_emulator shows more.\n`);
  } else {
    terminal.out(`${JSON.stringify({ message: 'ready', url, apiKey })}\n`);
  }
  await signals.stopped;
  await emulator.stop();
  signals.release();
}
