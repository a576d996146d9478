/**
 * Sends callbacks over HTTP, and signs them (kling-api.md, section 7).
 *
 * **Invariant**: a body is sent exactly as it was signed; an answer's body is read and dropped; no redirect is followed. At
 * most 64 are under way at once; {@link CallbackSender.close} ends them all.
 */
import { createHmac } from 'node:crypto';
import { request as httpRequest, type ClientRequest, type OutgoingHttpHeaders } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Clock } from '../clock.ts';
import type { Ms } from '../units.ts';

/** The HTTP status of the receiver's answer, or the reason why there was none. */
export type CallbackAnswer = number | string;

export interface CallbackSender {
  /** Posts a body; never rejects. */
  post(url: string, headers: Record<string, string>, body: string): Promise<CallbackAnswer>;
  /** Ends what is under way, and sends nothing until it is opened again. */
  close(): void;
  open(): void;
}

/** Kling's own limit is not documented. */
const TIMEOUT_MS: Ms = 10_000;
const UNDER_WAY_MAX = 64;

/** Makes a sender; its time limit of 10 s is on `clock`. */
export function createCallbackSender(clock: Clock): CallbackSender {
  const underWay = new Set<ClientRequest>();
  const waiting: (() => void)[] = [];
  let slots = UNDER_WAY_MAX;
  let isClosed = false;
  const slot = async (): Promise<void> => {
    if (slots === 0) await new Promise<void>((resolve) => waiting.push(resolve));
    else slots -= 1;
  };
  const freeSlot = (): void => {
    const next = waiting.shift();
    if (next === undefined) slots += 1;
    else next();
  };
  const send = (url: URL, headers: OutgoingHttpHeaders, body: string): Promise<CallbackAnswer> =>
    new Promise((resolve) => {
      const make = url.protocol === 'https:' ? httpsRequest : httpRequest;
      const sent = make(url, { method: 'POST', headers, agent: false });
      const timer = clock.after(TIMEOUT_MS, () => sent.destroy(new Error('no answer within 10 s')));
      underWay.add(sent);
      sent.once('response', (response) => {
        response.resume().once('error', () => {});
        resolve(response.statusCode ?? 0);
      });
      sent.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
      sent.once('close', () => {
        timer.cancel();
        underWay.delete(sent);
        resolve('closed');
      });
      sent.end(body);
    });
  return {
    async post(url, headers, body) {
      if (!URL.canParse(url)) return 'not an address';
      const address = new URL(url);
      if (address.protocol !== 'http:' && address.protocol !== 'https:') return 'not an address';
      await slot();
      const length = { 'content-length': Buffer.byteLength(body) };
      const type = { 'content-type': 'application/json; charset=utf-8' };
      const answer = isClosed ? 'closed' : await send(address, { ...type, ...length, ...headers }, body);
      freeSlot();
      return answer;
    },
    open: () => void (isClosed = false),
    close() {
      isClosed = true;
      for (const sent of underWay) sent.destroy(new Error('closed'));
    },
  };
}

export interface SigningInput {
  id: string;
  /** When it is sent. */
  atMs: Ms;
  body: string;
}

/**
 * Gives the `webhook-*` headers of a body: HMAC-SHA256 over `id.timestamp.body`, one signature for each of the secrets, which are
 * separated by spaces.
 */
export function webhookHeaders(secrets: string, { id, atMs, body }: SigningInput): Record<string, string> {
  const timestamp = String(Math.floor(atMs / 1000));
  const signatures = secrets
    .split(' ')
    .filter((secret) => secret !== '')
    .map((secret) => {
      const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
      return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`;
    });
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures.join(' ') };
}
