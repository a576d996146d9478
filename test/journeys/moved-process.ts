/**
 * The real app in a process of its own, on a clock that its parent moves: so a SIGKILL is one, and hours pass in moments.
 *
 * It reads `sidecar.config.json` and its secrets in the working folder. It sends `{ data, control }` when it serves, and
 * `{ moved: true }` when it has done what was due. It ends with its parent.
 */
import { subscribe } from 'node:diagnostics_channel';
import { createApp } from '../../src/app/app.ts';
import { createManualClock } from '../../src/clock.ts';
import { loadConfig } from '../../src/config/config.ts';
import { loadSecrets } from '../../src/config/secrets.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { turns } from '../money/hand-clock.ts';

/** Less than the time limit of a request to Kling. */
const STEP_MS = 15_000;
/** Looks, each of some milliseconds, in which nothing changes. */
const STILL_MAX = 20;

const startMs = Number(process.argv[2]);
const env = process.env as Record<string, string>;
const cwd = process.cwd();
const clock = createManualClock(startMs);
const loaded = loadConfig({ env, cwd });
const secrets = await loadSecrets({ config: loaded.config, env, cwd });
const log = createLog({
  level: 'warn',
  destination: { write: (text) => void process.stderr.write(text) },
  pretty: false,
  clock,
});
const app = createApp({ loaded, secrets, log, clock, version: '0.0.0-test' });

/** The sidecar's requests that are under way: a clock that ran past their time limits would end them all. */
let underWay = 0;
subscribe('undici:request:create', () => void (underWay += 1));
for (const ended of ['undici:request:trailers', 'undici:request:error'])
  subscribe(ended, () => void (underWay -= 1));

/** Waits until no request is under way, or nothing changes any more: some answers never come. */
async function quiet(): Promise<void> {
  await turns();
  let before = -1;
  for (let still = 0; still < STILL_MAX; still = underWay === before ? still + 1 : 0) {
    if (underWay === 0) return;
    before = underWay;
    await turns();
  }
}

async function move(byMs: number): Promise<void> {
  for (let moved = 0; moved < byMs; moved += STEP_MS) {
    await clock.advance(Math.min(STEP_MS, byMs - moved));
    await quiet();
  }
}

process.on('disconnect', () => process.exit(0));
process.on('message', ({ advanceMs }: { advanceMs: number }) => {
  void move(advanceMs).then(() => process.send?.({ moved: true }));
});
const { data, control } = await app.start();
process.send?.({ data, control });
