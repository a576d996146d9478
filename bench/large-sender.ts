/**
 * Sends one large create for each message from its parent, from a process of its own, so that making and sending
 * 10 MiB does not disturb what the parent measures. Arguments: origin, bytes of base64 in the image field.
 */
import { randomBytes } from 'node:crypto';
import { Client } from 'undici';

const [origin = '', imageBytes = '0'] = process.argv.slice(2);
const image = randomBytes((Number(imageBytes) / 4) * 3).toString('base64');
const body = Buffer.from(
  JSON.stringify({
    model_name: 'kling-v2-5-turbo',
    mode: 'std',
    duration: '5',
    image,
    prompt: 'the same, at dusk',
  }),
);
const client = new Client(origin, { headersTimeout: 20_000, bodyTimeout: 20_000 });
const headers = { 'content-type': 'application/json', authorization: 'Bearer an-apps-own' };

async function send(): Promise<void> {
  const from = performance.now();
  const answer = await client.request({ path: '/v1/videos/image2video', method: 'POST', headers, body });
  const text = await answer.body.text();
  const ms = performance.now() - from;
  process.send?.({ status: text.includes('"task_id"') ? answer.statusCode : 599, ms });
}

process.on('message', () => {
  send().catch((error: unknown) => process.send?.({ status: 0, error: String(error) }));
});
process.once('SIGTERM', () => process.exit(0));
process.send?.({ bodyBytes: body.length });
