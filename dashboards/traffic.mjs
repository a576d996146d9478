/** Traffic for the living board: creates of several models at random, reads, and now and then a fault of the emulator. */
const SIDECAR = 'http://127.0.0.1:5564';
const EMULATOR = 'http://127.0.0.1:5566';
const MODELS = ['kling-v2-6', 'kling-v1', 'kling-v2-5-turbo'];
const FAULTS = [
  { kind: 'code', code: 1303 },
  { kind: 'code', code: 5000 },
  { kind: 'fail_task', message: 'risk control' },
  { kind: 'reset_after_charge' },
];

const pick = (list) => list[Math.floor(Math.random() * list.length)];
const json = (url, body) =>
  fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });

async function once() {
  if (Math.random() < 0.1)
    await json(`${EMULATOR}/_emulator/faults`, { ...pick(FAULTS), match: { method: 'POST', path: '/v1/' } });
  const mode = pick(['std', 'pro']);
  const body = { model_name: pick(MODELS), mode, duration: '5', prompt: 'a lighthouse at dusk' };
  const answer = await json(`${SIDECAR}/v1/videos/text2video`, body);
  const { data } = await answer.json();
  if (data?.task_id) await fetch(`${SIDECAR}/v1/videos/text2video/${data.task_id}`);
}

for (;;) {
  await once().catch((error) => process.stderr.write(`${String(error)}\n`));
  await new Promise((resolve) => setTimeout(resolve, 1000 + Math.random() * 4000));
}
