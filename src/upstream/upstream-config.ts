/** The `upstream` section of the config. */
import { z } from 'zod';
import { configSection } from '../config-section.ts';

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;
/** Headers that we set ourselves, or that end at this hop (RFC 9110, section 7.6.1): never forwarded. */
const NEVER_FORWARDED =
  /^(authorization|host|connection|keep-alive|te|trailer|transfer-encoding|upgrade|expect|accept-encoding|content-length|content-encoding|cookie|origin|forwarded|via|proxy-.*|x-forwarded-.*|x-original-url|x-rewrite-url|x-http-method-override|x-kling-.*|sec-fetch-.*)$/;

/** Gives the problem of an upstream base URL, or undefined if it is a bare origin that may get a key. */
export function baseUrlFault(text: string): { allowed: string; suggestion: string } | undefined {
  const url = URL.canParse(text) ? new URL(text) : null;
  const allowed = 'an https origin, or an http one on loopback';
  const suggestion = 'the default is "https://api-singapore.klingai.com"';
  if (!url || (url.protocol !== 'https:' && url.protocol !== 'http:')) return { allowed, suggestion };
  if (url.username !== '' || url.password !== '') {
    return { allowed: 'an origin without user name and password', suggestion: `write "${url.origin}"` };
  }
  if (url.protocol === 'http:' && !LOOPBACK.test(url.hostname)) {
    return { allowed, suggestion: `write "https://${url.host}"` };
  }
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '') {
    return {
      allowed: 'an origin only, without path, query or fragment',
      suggestion: `write "${url.origin}"`,
    };
  }
  return undefined;
}

/** Gives the problem of a CONNECT proxy's address, or undefined. */
export function proxyFault(text: string): { allowed: string; suggestion: string } | undefined {
  const url = URL.canParse(text) ? new URL(text) : null;
  const allowed = 'http://host:port of a proxy that takes CONNECT, without user name, password or path';
  if (!url || url.protocol !== 'http:')
    return { allowed, suggestion: 'such as "http://proxy.internal:3128"' };
  const isBare = url.username === '' && url.password === '' && url.pathname === '/' && url.search === '';
  return isBare && url.hash === '' ? undefined : { allowed, suggestion: `write "${url.origin}"` };
}

export const upstreamSection = z
  .strictObject({
    baseUrl: z
      .string()
      .superRefine((text, ctx) => {
        const fault = baseUrlFault(text);
        if (fault) {
          ctx.addIssue({
            code: 'custom',
            message: fault.allowed,
            params: { suggestion: fault.suggestion },
          });
        }
      })
      .default('https://api-singapore.klingai.com')
      .describe('Kling’s origin; mainland China is https://api-beijing.klingai.com.'),
    timeoutMs: z
      .int()
      .min(100)
      .max(600_000)
      .default(30_000)
      .describe('From the last request byte to the answer’s headers.'),
    connections: z
      .int()
      .min(1)
      .max(1024)
      .default(64)
      .describe(
        'Most connections for creates and the sidecar’s own requests; streamed reads have as many of their own.',
      ),
    forwardHeaders: z
      .array(
        z
          .string()
          .refine((name) => /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}$/.test(name), { error: 'a header’s name' })
          .refine((name) => !NEVER_FORWARDED.test(name.toLowerCase()), {
            error: 'a header that the sidecar does not set itself and that is not for one hop',
            params: { suggestion: 'remove it from the list' },
          }),
      )
      .max(50)
      .readonly()
      .default([]),
    proxy: z
      .string()
      .superRefine((text, ctx) => {
        const fault = proxyFault(text);
        if (fault) {
          ctx.addIssue({ code: 'custom', message: fault.allowed, params: { suggestion: fault.suggestion } });
        }
      })
      .nullable()
      .default(null)
      .describe('An http://host:port proxy that takes CONNECT; https upstreams only.'),
    caFile: z
      .string()
      .min(1)
      .nullable()
      .default(null)
      .describe('PEM file of further certificate authorities.'),
  })
  .prefault({});

/** `baseUrl` is a bare origin, header names are in lower case, `caFile` is absolute once loaded. */
export type UpstreamConfig = z.output<typeof upstreamSection>;

/** Converts the section to the form that the program uses. */
export function toUpstreamConfig(section: z.output<typeof upstreamSection>): UpstreamConfig {
  return {
    ...section,
    baseUrl: new URL(section.baseUrl).origin,
    forwardHeaders: [...new Set(section.forwardHeaders.map((name) => name.toLowerCase()))],
  };
}

export const upstreamConfig = configSection({
  schema: upstreamSection,
  withPaths: (upstream, absolute) => ({
    ...upstream,
    caFile: upstream.caFile === null ? null : absolute(upstream.caFile),
  }),
  toConfig: toUpstreamConfig,
});
