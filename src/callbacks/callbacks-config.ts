/** The `callbacks` section of the config. */
import { z } from 'zod';
import { configSection } from '../config-section.ts';
import { bindHosts, hostList, port } from '../fields.ts';
import { isLoopback } from '../listen.ts';

/** Kling's own limit of `callback_url` is not documented; the room before a body (proxy/body.ts) fits this one. */
const PUBLIC_URL_CHARS_MAX = 200;

/** Gives the problem of a public address, or undefined if Kling may call it. */
export function publicUrlFault(text: string): { allowed: string; suggestion: string } | undefined {
  const allowed = `an https address without query, at most ${PUBLIC_URL_CHARS_MAX} characters; http only on loopback`;
  const url = URL.canParse(text) ? new URL(text) : null;
  const isHttp = url?.protocol === 'http:';
  if (url === null || (url.protocol !== 'https:' && !isHttp)) {
    return { allowed, suggestion: 'such as "https://callbacks.example.com"' };
  }
  if (isHttp && !isLoopback(url.hostname.replace(/^\[|\]$/g, ''))) {
    return {
      allowed,
      suggestion: `write "https://${url.host}", with a proxy before this port that has a certificate`,
    };
  }
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    return { allowed, suggestion: `write "${url.origin}${url.pathname}"` };
  }
  return url.href.length > PUBLIC_URL_CHARS_MAX ? { allowed, suggestion: 'use a shorter path' } : undefined;
}

const relayTarget = z
  .string()
  .regex(/^([A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\]):[1-9]\d{0,4}$/, {
    error: 'a host and a port, such as "127.0.0.1:3000"',
  });

export const callbacksSection = z
  .strictObject({
    publicUrl: z
      .string()
      .superRefine((text, ctx) => {
        const fault = publicUrlFault(text);
        if (!fault) return;
        const { allowed: message, suggestion } = fault;
        ctx.addIssue({ code: 'custom', message, params: { suggestion } });
      })
      .describe('The address at which Kling reaches the receiver; https, or http on loopback.'),
    host: bindHosts,
    port: port.default(5567),
    requireSignature: z
      .boolean()
      .nullable()
      .default(null)
      .describe('Refuse callbacks without a valid signature. null: if KLING_WEBHOOK_SECRET is set.'),
    requestsPerSecond: z
      .int()
      .min(1)
      .max(10_000)
      .default(100)
      .describe(
        'Callbacks taken in a second; above it they are answered 429. Kling is still asked for every task.',
      ),
    relay: z
      .boolean()
      .default(false)
      .describe('Creates with a callback_url of their own get ours, and theirs is called by the sidecar.'),
    relayTo: z
      .array(relayTarget)
      .max(100)
      .readonly()
      .default([])
      .describe(
        'host:port of receivers on this machine or a private network, by http or https. All others: https, port 443, public.',
      ),
  })
  .nullable()
  .default(null)
  .describe('Kling reports changes of tasks at a port of its own, beside the polls.');

export type CallbacksConfig =
  (Omit<NonNullable<z.output<typeof callbacksSection>>, 'host'> & { hosts: readonly string[] }) | null;

/** `publicUrl` has no slash at its end. */
export function toCallbacksConfig(section: z.output<typeof callbacksSection>): CallbacksConfig {
  if (section === null) return null;
  const { host, publicUrl, ...rest } = section;
  return { ...rest, hosts: hostList(host), publicUrl: new URL(publicUrl).href.replace(/\/+$/, '') };
}

export const callbacksConfig = configSection({ schema: callbacksSection, toConfig: toCallbacksConfig });
