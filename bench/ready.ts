/** How long the sidecar takes from the start of its process until `/readyz` answers 200, with a new store each time. */
import { join } from 'node:path';
import { median } from './median.ts';
import { end, start } from './processes.ts';
import { waitUntilAnswered } from './requests.ts';
import { launchSidecar } from './sidecar-peers.ts';

/** Starts it `repeats` times; gives the median in ms. */
export async function measureReady(
  folder: string,
  { repeats, upstreamPort }: { repeats: number; upstreamPort: number },
): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < repeats; i += 1) {
    const home = join(folder, `ready-${i}`);
    const { command, readyUrls } = await launchSidecar(home, upstreamPort);
    const from = performance.now();
    const started = start(command, join(folder, 'ready.log'));
    await waitUntilAnswered(readyUrls, {}, started);
    times.push(performance.now() - from);
    await end(started.child);
  }
  return median(times);
}
