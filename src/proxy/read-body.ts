/** The bodies of reads and free writes, which are POST: bounded, and in the room that all bodies share. */
import type { BodyPlace, RoomRules } from './body-room.ts';
import { readBody } from './body.ts';
import { checkMediaType } from './prepare.ts';
import type { ReadRequest } from './read-request.ts';

const FREE_WRITE_BYTES_MAX = 1_048_576;

/** Gives the rules by which the body of a read or free write gets room, until its caller goes away. */
export function readRoom({ request, settings }: ReadRequest): RoomRules {
  const gone = new AbortController();
  request.once('close', () => gone.abort());
  return { bytesTotal: settings.bodiesBytesTotal, waitMsMax: settings.deadlineMs, signal: gone.signal };
}

/** Reads the body of a read or free write, up to 1 MiB; refusals are thrown as SidecarError. */
export async function receiveBody(
  { frame, request, settings }: ReadRequest,
  place: BodyPlace,
): Promise<Uint8Array> {
  if (settings.mode === 'protect') checkMediaType(frame.headers);
  const bytesMax = Math.min(FREE_WRITE_BYTES_MAX, settings.bodyBytesMax);
  const { buffer, start, end } = await readBody(request, { bytesMax, place });
  return buffer.subarray(start, end);
}
