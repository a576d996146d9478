/**
 * Pieces of schema that several config sections share: zones, days, amounts, names, addresses.
 *
 * **Invariant**: a rule's `error` names the allowed values, never the given one; the config's reader adds key and value.
 */
import { z } from 'zod';
import { LOOPBACKS } from './listen.ts';
import { isZone } from './zone.ts';

const ZONE_ALLOWED = 'an IANA time zone such as "UTC", "Asia/Shanghai" or "Europe/Berlin"';

/** An IANA zone's name; offsets such as `+08:00` are none. */
export const ianaZone = z.string().refine(isZone, { error: ZONE_ALLOWED, params: { words: 'zones' } });

/** A calendar day that exists, `2026-03-17`. */
export const calendarDay = z.string().refine(isDay, { error: 'a day that exists, such as "2026-03-17"' });

function isDay(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const at = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(text);
}

const CREDITS_MAX = 1_000_000_000;
/** A decimal number of credits, above 0, with at most three places. */
export const creditsAmount = z.number().min(0.001).max(CREDITS_MAX).multipleOf(0.001);
/** The same with 0 allowed: a price may be nothing, a limit may not. */
export const creditsOrZero = z.number().min(0).max(CREDITS_MAX).multipleOf(0.001);

/** A name that people type and that becomes a metric's label: budgets and apps. */
export const label = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}$/, {
  error: '1 to 64 letters, digits, spaces, dots, dashes or underscores, beginning with a letter or digit',
});

/** What a caller may say in `x-kling-app`; the names of configured apps keep to it too. */
export const APP_NAME = /^[A-Za-z0-9._-]{1,64}$/;
/** What a caller may say in `x-kling-tag`. */
export const TAG = /^[A-Za-z0-9._:/@+=-]{1,100}$/;

/** A port; 0 lets the system choose one. */
export const port = z.int().min(0).max(65_535);

/** An address to listen on. */
export const bindHost = z
  .string()
  .regex(/^([A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*)$/, {
    error: 'an address to listen on, without scheme, brackets or port',
  });

/** The addresses that one listener has: one, or a list. */
export const bindHosts = z
  .union([bindHost, z.array(bindHost).min(1).max(8).readonly()])
  .default(LOOPBACKS)
  .describe('An address or a list of addresses; "localhost" is both loopbacks.');

/** Gives the addresses of a listener as a list, from either form. */
export function hostList(host: string | readonly string[]): readonly string[] {
  return typeof host === 'string' ? [host] : host;
}

/** Host names that callers may use in addition to the loopback ones. */
export const allowedHosts = z
  .array(
    z.string().regex(/^([A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?$/, {
      error: 'a host name, with a port where it is not the listener’s',
    }),
  )
  .max(100)
  .readonly()
  .default([])
  .describe('Host names that callers may use beside the loopback ones.');
