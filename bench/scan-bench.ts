/**
 * Times the steps of a create before it is sent: route, scan, price, the edit that adds an id; for a 250-byte body and
 * a 10 MiB one with a base64 image. Run: `node bench/scan-bench.ts`.
 */
import { HEADROOM_BYTES, injectInPlace } from '../src/kling/own-fields.ts';
import { LISTED_MODELS } from '../src/kling/models.ts';
import { priceCreate } from '../src/kling/price.ts';
import { findRoute, UNKNOWN_CREATE } from '../src/kling/routes.ts';
import { scanBody } from '../src/kling/strict-json.ts';

const small = Buffer.from(
  JSON.stringify({
    model_name: 'kling-v2-6',
    prompt:
      'A lighthouse on a cliff in the evening, waves below, the camera rises slowly towards the lamp room',
    negative_prompt: 'text, watermark',
    mode: 'std',
    duration: '5',
    aspect_ratio: '16:9',
    cfg_scale: 0.5,
    sound: 'off',
    external_task_id: '',
  }),
);
const image = Buffer.alloc(7.5 * 1024 * 1024, 'Kling image bytes, not all alike: 0123456789').toString(
  'base64',
);
const large = Buffer.from(
  JSON.stringify({ model_name: 'kling-v2-6', image, prompt: 'a cat', duration: '5' }),
);

function time(label: string, rounds: number, run: () => void): void {
  for (let i = 0; i < Math.min(rounds, 20_000); i += 1) run();
  const samples: number[] = [];
  for (let batch = 0; batch < 21; batch += 1) {
    const from = process.hrtime.bigint();
    for (let i = 0; i < rounds; i += 1) run();
    samples.push(Number(process.hrtime.bigint() - from) / 1000 / rounds);
  }
  samples.sort((a, b) => a - b);
  console.log(
    `${label.padEnd(48)} median ${(samples[10] ?? 0).toFixed(2)} us, best ${(samples[0] ?? 0).toFixed(2)} us`,
  );
}

time(`scanBody, ${small.length} bytes`, 20_000, () => void scanBody(small));
time(`scanBody, ${small.length} bytes, trusted`, 20_000, () => void scanBody(small, { trusted: true }));
time(`JSON.parse, ${small.length} bytes`, 20_000, () => void JSON.parse(small.toString()));
time(`scanBody, ${(large.length / 1048576).toFixed(1)} MiB`, 10, () => void scanBody(large));
time(
  `scanBody, ${(large.length / 1048576).toFixed(1)} MiB, trusted`,
  10,
  () => void scanBody(large, { trusted: true }),
);
time(`JSON.parse, ${(large.length / 1048576).toFixed(1)} MiB`, 3, () => void JSON.parse(large.toString()));

const PATH = '/v1/videos/text2video';
const found = findRoute('POST', PATH);
const route = found.kind === 'match' ? found.route : UNKNOWN_CREATE;
const options = {
  list: 'vendor',
  overrides: [],
  assumeSeconds: {},
  unknownRouteCredits: 0,
  nowMs: 0,
  models: LISTED_MODELS,
} as const;
const smallBody = scanBody(small);
const id = 'ks_01k8zzzzzzzzzzzzzzzzzzzzzz';
const room = Buffer.alloc(256 + large.length);
const largeBody = scanBody(large);
large.copy(room, 256);

time('findRoute, exact', 200_000, () => void findRoute('POST', PATH));
time(
  'findRoute, with an id',
  200_000,
  () => void findRoute('GET', '/v1/videos/text2video/893605946402811985'),
);
time('priceCreate', 20_000, () => {
  priceCreate({ route, bytes: small, body: smallBody, options, expectedSeconds: null });
});
time('injectInPlace, 10.0 MiB', 1_000, () => {
  injectInPlace({
    buffer: room,
    start: HEADROOM_BYTES,
    end: room.length,
    body: largeBody,
    route,
    fields: { external_task_id: id },
  });
});
