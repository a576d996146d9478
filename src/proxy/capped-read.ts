/** Answers an app's read of one open task beyond the cap in Kling's place, and keeps the answers that it needs for that. */
import type { Clock } from '../clock.ts';
import type { TaskSighting } from '../tasks/task.ts';
import type { AnswerHead } from '../upstream/attempt.ts';
import { headerOf } from '../upstream/headers.ts';
import type { Line } from '../upstream/line.ts';
import type { Upstream } from '../upstream/upstream.ts';
import type { PollCap, PollCapSettings } from './poll-cap.ts';
import type { ReadRequest } from './read-request.ts';
import { serverTiming, writeAnswer } from './reply.ts';

export interface CappedDeps {
  clock: Clock;
  upstream: Upstream;
  pollCap: Pick<PollCap, 'take' | 'keep'>;
  /** Takes note of a read that was answered here. */
  noteCapped: (app: string, sighting: TaskSighting) => void;
}

/** Gives the cap that holds for a read: only for those of single tasks. */
function capOf({ frame, route, settings }: ReadRequest): PollCapSettings | null {
  const isRead = frame.method === 'GET' && route?.operation === 'task-read';
  return isRead ? settings.pollCap : null;
}

/** Answers a read beyond the cap; false if it goes to Kling. */
export function answerCapped(
  { pollCap, upstream, clock, noteCapped }: CappedDeps,
  read: ReadRequest,
): boolean {
  const cap = capOf(read);
  const kept = cap && pollCap.take(read.target, cap, upstream.line);
  if (kept === null) return false;
  const { response, requestId, startedTick, caller, trace } = read;
  const totalMs = clock.monotonic() - startedTick;
  const lines = ['x-request-id', requestId, 'x-kling-sidecar', 'poll_cap', 'cache-control', 'no-store'];
  if (kept.contentType !== null) lines.push('content-type', kept.contentType);
  lines.push('content-length', String(kept.body.length));
  lines.push('server-timing', serverTiming({ upstreamMs: 0, queueMs: 0, totalMs }));
  noteCapped(caller.app, kept.sighting);
  trace?.set({ 'kling.poll_cap': true });
  writeAnswer(response, { status: kept.status, lines, body: kept.body });
  return true;
}

/** Keeps Kling's answer to a read that has a cap; `copy` is its decoded body. */
export function keepRead(
  { pollCap }: CappedDeps,
  read: ReadRequest,
  {
    head,
    copy,
    sightings,
    line,
  }: { head: AnswerHead; copy: readonly Buffer[]; sightings: TaskSighting[]; line: Line },
): void {
  if (capOf(read) === null) return;
  const contentType = headerOf(head.headers, 'content-type') ?? null;
  pollCap.keep(read.target, { status: head.status, contentType, body: Buffer.concat(copy), line }, sightings);
}
