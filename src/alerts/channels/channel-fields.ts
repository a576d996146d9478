/** Pieces of schema that channels share: names, and secrets that a file or an environment variable holds. */
import { z } from 'zod';
import { label } from '../../fields.ts';
import { hostOf, isPostable } from './post-target.ts';

/** The name of a channel, for `alert test` and messages. */
export const channelName = label;

const FILE = z.string().min(1).optional();
const ENV = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, { error: 'the name of an environment variable' })
  .optional();

/** Gives the two config keys that name the place of a secret: `KEYFile` and `KEYEnv`. */
export function secretPlace<Key extends string>(
  key: Key,
): { [K in `${Key}File`]: typeof FILE } & { [K in `${Key}Env`]: typeof ENV } {
  return { [`${key}File`]: FILE, [`${key}Env`]: ENV } as ReturnType<typeof secretPlace<Key>>;
}

/** Returns whether the config names the place of a secret. */
export function hasSecret(config: object, key: string): boolean {
  const places = config as Readonly<Record<string, unknown>>;
  return places[`${key}File`] !== undefined || places[`${key}Env`] !== undefined;
}

/** Makes a check that a secret has one place, or at most one if it is not needed. */
export function onePlace(
  key: string,
  { isNeeded = true }: { isNeeded?: boolean } = {},
): (config: object, context: z.core.$RefinementCtx) => void {
  return (config, context) => {
    const places = config as Readonly<Record<string, unknown>>;
    const count = [`${key}File`, `${key}Env`].filter((place) => places[place] !== undefined).length;
    if (count === 1 || (count === 0 && !isNeeded)) return;
    context.addIssue({
      code: 'custom',
      path: [`${key}File`],
      message: `${isNeeded ? 'one' : 'at most one'} of "${key}File" and "${key}Env"`,
    });
  };
}

/** Hosts beside the receiver's own that a channel may send to; they may be private. */
export const channelHosts = z
  .array(
    z.string().regex(/^([A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*)$/, {
      error: 'a host name or address, without scheme, brackets or port',
    }),
  )
  .max(20)
  .readonly()
  .default([]);

/** An address that the config itself names, so that its host may be private; http only to hosts that are not public. */
export const namedUrl = z.string().max(2_000).refine(isNamedUrl, {
  error: 'an https URL without user name, or an http one to a host of your own',
});

function isNamedUrl(text: string): boolean {
  const host = hostOf(text);
  return host !== null && isPostable(text, [host]);
}
