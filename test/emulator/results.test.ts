import { describe, expect, it } from 'vitest';
import { at, finishedTask, startRig, textAt, type Rig } from './client.ts';

const t2v = '/v1/videos/text2video';
const DAY = 86_400_000;

async function videoUrl(rig: Rig): Promise<string> {
  const id = await finishedTask(rig, t2v, { prompt: 'a cat' });
  return textAt((await rig.get(`${t2v}/${id}`)).data, 'task_result', 'videos', 0, 'url');
}

describe('result URLs', () => {
  it('give a real small file without credentials: MP4, PNG, MP3 and WAV by their first bytes', async () => {
    const rig = await startRig();
    const bytesOf = async (url: string) => Buffer.from(await (await fetch(url)).arrayBuffer());
    const video = await bytesOf(await videoUrl(rig));
    expect(video.subarray(4, 12).toString('latin1')).toBe('ftypisom');
    expect(video.includes('moov') && video.includes('mdat')).toBe(true);
    expect(video).toHaveLength(32_768);
    const image = await finishedTask(rig, '/v1/images/generations', { prompt: 'a cat' });
    const shown = await rig.get(`/tasks?task_ids=${image}`);
    const png = await bytesOf(textAt(shown.data, 0, 'outputs', 0, 'url'));
    expect(png.subarray(0, 8).toString('latin1')).toBe('\x89PNG\r\n\x1a\n');
    const audio = await finishedTask(rig, '/v1/audio/text-to-audio', { prompt: 'a', duration: 3 });
    const outputs = at((await rig.get(`/tasks?task_ids=${audio}`)).data, 0, 'outputs', 0);
    expect((await bytesOf(textAt(outputs, 'mp3_url'))).subarray(0, 3).toString()).toBe('ID3');
    const wav = await bytesOf(textAt(outputs, 'wav_url'));
    expect(wav.subarray(8, 12).toString()).toBe('WAVE');
    expect(wav.readUInt32LE(4)).toBe(wav.length - 8);
  });

  it('stay the same for a task and differ between tasks', async () => {
    const rig = await startRig();
    const [one, two] = [await videoUrl(rig), await videoUrl(rig)];
    const etag = async (url: string) => (await fetch(url)).headers.get('etag');
    expect(await etag(one)).toBe(await etag(one));
    expect(await etag(one)).not.toBe(await etag(two));
  });

  it('answer 403 without the right token, with another path, and 30 days after the result was made', async () => {
    const rig = await startRig();
    const url = await videoUrl(rig);
    const status = async (address: string) => (await fetch(address)).status;
    expect(await status(url.split('?')[0] ?? '')).toBe(403);
    expect(await status(url.replace(/expires=\d+/, 'expires=99999999999999'))).toBe(403);
    expect(await status(url.replace('.mp4', '.png'))).toBe(403);
    expect(await status(`${url}x`)).toBe(403);
    rig.emulator.advance(30 * DAY - 60_000);
    expect(await status(url)).toBe(200);
    rig.emulator.advance(60_000);
    expect(await status(url)).toBe(403);
    expect(await rig.post('/_emulator/reset', {})).toMatchObject({ status: 200 });
    expect(await status(url)).toBe(403);
  });

  it('serve ranges, validators and HEAD', async () => {
    const rig = await startRig();
    const url = await videoUrl(rig);
    const whole = Buffer.from(await (await fetch(url)).arrayBuffer());
    const part = async (range: string, headers: Record<string, string> = {}) => {
      const response = await fetch(url, { headers: { range, ...headers } });
      const bytes = Buffer.from(await response.arrayBuffer());
      return { status: response.status, contentRange: response.headers.get('content-range'), bytes };
    };
    const middle = await part('bytes=100-199');
    expect(middle).toMatchObject({ status: 206, contentRange: 'bytes 100-199/32768' });
    expect(middle.bytes.equals(whole.subarray(100, 200))).toBe(true);
    expect((await part('bytes=32760-')).bytes.equals(whole.subarray(32_760))).toBe(true);
    expect((await part('bytes=-8')).bytes.equals(whole.subarray(-8))).toBe(true);
    expect(await part('bytes=32768-')).toMatchObject({ status: 416, contentRange: 'bytes */32768' });
    expect((await part('bytes=0-1,4-5')).status).toBe(200);
    const etag = (await fetch(url)).headers.get('etag') ?? '';
    expect((await part('bytes=0-9', { 'if-range': etag })).status).toBe(206);
    expect((await part('bytes=0-9', { 'if-range': '"other"' })).status).toBe(200);
    const unchanged = await fetch(url, { headers: { 'if-none-match': etag } });
    expect([unchanged.status, await unchanged.text()]).toEqual([304, '']);
    const head = await fetch(url, { method: 'HEAD' });
    expect([head.status, head.headers.get('content-length'), await head.text()]).toEqual([200, '32768', '']);
    expect((await fetch(url, { method: 'POST', body: 'x' })).status).toBe(405);
  });
});
