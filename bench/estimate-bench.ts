/**
 * How long estimates block the event loop, which the data plane shares: the longest turn while the largest ones run.
 *
 * Run by `node bench/estimate-bench.ts [at once]`. A turn blocks every create for its duration.
 */
import { ESTIMATE_REQUESTS_MAX } from '../src/control/estimate.ts';
import { startApp } from '../test/app/start-app.ts';
import { cpuMs, watchTurns } from './longest-turn.ts';

const atOnce = Number(process.argv[2] ?? 9);
const app = await startApp();
const body = JSON.stringify({
  requests: Array.from({ length: ESTIMATE_REQUESTS_MAX }, (_, index) => ({
    path: '/v1/videos/text2video',
    body: { model_name: 'kling-v3', mode: 'pro', duration: '10', sound: 'on', prompt: `a cat ${index}` },
  })),
});
const headers = { 'content-type': 'application/json' };
const estimate = async (): Promise<number> => {
  const answer = await fetch(`${app.controlUrl}/v1/estimate`, { method: 'POST', headers, body });
  await answer.arrayBuffer();
  return answer.status;
};

for (let round = 0; round < 5; round += 1) await estimate();
const fromMs = cpuMs();
const turns = watchTurns();
const statuses = await Promise.all(Array.from({ length: atOnce }, estimate));
const longestMs = turns.stop();
console.log(
  `${atOnce} estimates of ${ESTIMATE_REQUESTS_MAX} requests (${body.length} bytes) at once: ` +
    `${statuses.filter((status) => status === 200).length} answered, the others refused as too busy; longest turn ` +
    `${longestMs.toFixed(1)} ms of CPU, ${((cpuMs() - fromMs) / atOnce).toFixed(1)} ms each, client included`,
);
await app.stop();
