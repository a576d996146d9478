/**
 * Sends all HTTP requests of alert channels.
 *
 * **Invariant**: one request for each call. It follows no redirect, ends within the time limit, reads at most 64 KiB of
 * the answer, and goes only to addresses that its target allows, which are checked when the connection is made. No error
 * has a URL, a header or a body, not even inside the text of Node's own errors.
 *
 * Every message has a connection of its own: messages are rare, and if the receiver closed a kept connection during a new
 * message, we would not know whether it arrived.
 */
import type { LookupFunction } from 'node:net';
import type { Clock } from '../../clock.ts';
import { retryAfterOf } from '../../retry.ts';
import type { Ms } from '../../units.ts';
import { ADDRESS_REFUSED, guardedLookup, type Reach } from '../../upstream/guarded-lookup.ts';
import { Agent, type Dispatcher } from '../../upstream/undici.ts';
import { ChannelError } from '../channel.ts';
import type { Post, PostAnswer, PostRequest, Target } from './post.ts';
import { targetOf } from './post-target.ts';

/** From the look-up of the name to the last byte of the answer. */
const TIMEOUT_MS: Ms = 15_000;
const ANSWER_BYTES_MAX = 65_536;
const RETRYABLE: ReadonlySet<number> = new Set([408, 425, 429]);

export interface PostDeps {
  clock: Clock;
  /** For connecting, sending and reading the answer together; 15 s by default. */
  timeoutMs?: Ms;
  /** Resolves names; the system's resolver by default. */
  lookup?: LookupFunction;
}

/** A {@link Post} with the connections that it holds. */
export interface OpenPost extends Post {
  /** Ends running requests: they fail. Nothing can be sent afterwards. Idempotent. */
  close(): Promise<void>;
}

/** Makes the POST of all channels; no connection is opened before the first message. */
export function openPost({ clock, timeoutMs = TIMEOUT_MS, lookup }: PostDeps): OpenPost {
  const agentFor = (reach: Reach): Dispatcher =>
    new Agent({
      // 0 means a new connection for each request.
      pipelining: 0,
      allowH2: false,
      // The clock's timer ends requests; this ends a connection that no request waits for.
      connect: { timeout: timeoutMs, lookup: guardedLookup(reach, lookup) },
      headersTimeout: 0,
      bodyTimeout: 0,
    });
  const agents: Readonly<Record<Reach, Dispatcher>> = {
    public: agentFor('public'),
    named: agentFor('named'),
    private: agentFor('private'),
  };
  const post = async (request: PostRequest): Promise<PostAnswer> => {
    const target = request.target ?? targetOf(request);
    const limit = new AbortController();
    const timer = clock.after(timeoutMs, () => limit.abort());
    try {
      const answer = await exchange(agents[target.reach], { target, request, signal: limit.signal });
      if (answer.status >= 200 && answer.status < 300) return answer;
      throw refusal(request, answer, clock.now());
    } catch (error) {
      if (error instanceof ChannelError) throw error;
      const seconds = timeoutMs / 1_000;
      const why = limit.signal.aborted ? `gave no answer within ${seconds} s` : causeOf(error);
      throw new ChannelError(`${request.receiver} ${why}`);
    } finally {
      timer.cancel();
    }
  };
  const close = async (): Promise<void> => {
    await Promise.all(Object.values(agents).map((agent) => agent.destroy()));
  };
  return Object.assign(post, { close });
}

interface Exchange {
  target: Target;
  request: PostRequest;
  signal: AbortSignal;
}

async function exchange(agent: Dispatcher, { target, request, signal }: Exchange): Promise<PostAnswer> {
  const { statusCode, headers, body } = await agent.request({
    origin: target.origin,
    path: target.path,
    method: 'POST',
    headers: {
      'content-type': 'application/json; charset=utf-8',
      'user-agent': 'kling-sidecar',
      ...request.headers,
    },
    body: request.body,
    signal,
  });
  return { status: statusCode, headers: plainHeaders(headers), body: await readStart(body) };
}

function plainHeaders(headers: Dispatcher.ResponseData['headers']): Record<string, string> {
  const plain: Record<string, string> = Object.create(null);
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) plain[name] = typeof value === 'string' ? value : value.join(', ');
  }
  return plain;
}

/** Reads a body's first 64 KiB; leaving the loop closes the connection and drops the rest. */
async function readStart(body: AsyncIterable<Buffer>): Promise<string> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of body) {
    pieces.push(piece.subarray(0, ANSWER_BYTES_MAX - bytes));
    bytes += piece.length;
    if (bytes >= ANSWER_BYTES_MAX) break;
  }
  return Buffer.concat(pieces).toString('utf8');
}

function refusal(request: PostRequest, answer: PostAnswer, now: Ms): ChannelError {
  const { status } = answer;
  const said = request.explain?.(answer) ?? null;
  const reason =
    said?.reason ?? (status < 400 ? 'a redirect, which is not followed: write the address itself' : null);
  return new ChannelError(`${request.receiver} answered ${status}${reason === null ? '' : ` (${reason})`}`, {
    // A redirect may come from a gateway or a sign-in page for a while.
    isFinal: said?.isFinal ?? (status >= 400 && status < 500 && !RETRYABLE.has(status)),
    retryAfterMs: said?.retryAfterMs ?? retryAfterOf(answer.headers, now),
  });
}

const CAUSES: Readonly<Record<string, string>> = {
  ENOTFOUND: 'cannot be found: its name has no address',
  EAI_AGAIN: 'cannot be found: the name server gives no answer',
  ECONNREFUSED: 'refuses connections',
  ECONNRESET: 'closed the connection',
  EPIPE: 'closed the connection',
  UND_ERR_SOCKET: 'closed the connection',
  UND_ERR_CONNECT_TIMEOUT: 'took no connection in time',
  UND_ERR_DESTROYED: 'was not reached: the channel is closed',
  [ADDRESS_REFUSED]:
    'leads to a private address, or for http to a public one: if that is meant, list its host under "hosts" of the channel',
};

/** Gives the reason for a missing answer, by the error's code alone: Node's own text holds names and addresses. */
function causeOf(error: unknown): string {
  const code = codeOf(error);
  if (code === null) return 'was not reached';
  if (/CERT|ALTNAME|SIGNED|SSL|TLS/.test(code)) return `has no certificate that is trusted (${code})`;
  return CAUSES[code] ?? `was not reached (${code})`;
}

function codeOf(error: unknown): string | null {
  const { code, errors, cause } = (error ?? {}) as { code?: unknown; errors?: unknown; cause?: unknown };
  if (typeof code === 'string' && /^[A-Z0-9_]{1,60}$/.test(code)) return code;
  if (Array.isArray(errors) && errors.length > 0) return codeOf(errors[0]);
  return cause === undefined ? null : codeOf(cause);
}
