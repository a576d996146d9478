/**
 * Finds secrets written into the config itself.
 *
 * **Invariant**: a value found here is never shown; the problem names its right place.
 */
import { CHANNEL_SECRETS } from '../alerts/channel-configs.ts';
import { isPlainObject, type Step } from './plain.ts';
import { looksSecret } from './secret-shape.ts';

/** Names, folded to lower case without dashes, whose text can only be a secret. */
const SECRET_NAMES = new Set([
  'apikey',
  'key',
  'secret',
  'secretkey',
  'token',
  'controltoken',
  'password',
  'passwd',
  'webhookurl',
  'webhooksecret',
  'signingsecret',
  'routingkey',
  'smtpurl',
  'privatekey',
  'bearer',
  'authorization',
  'credential',
  'credentials',
]);

/** A place that holds a secret, with the right place for it. */
export interface SecretLiteral {
  path: readonly Step[];
  place: string;
}

/** Finds every secret below a plain value, by its key's name or by its own shape. */
export function findSecrets(value: unknown, path: readonly Step[] = []): SecretLiteral[] {
  if (Array.isArray(value)) return value.flatMap((item, index) => findSecrets(item, [...path, index]));
  if (isPlainObject(value)) {
    return Object.entries(value).flatMap(([name, child]) => findSecrets(child, [...path, name]));
  }
  const isNamed =
    isSecretName(path) && (typeof value === 'number' || (typeof value === 'string' && value !== ''));
  const isShaped = typeof value === 'string' && (looksSecret(value) || isInPlaceOfName(path, value));
  return isNamed || isShaped ? [{ path, place: placeFor(path) }] : [];
}

/** The fewest characters of a name that may be a key: names of variables are words. */
const KEY_CHARACTERS_MIN = 16;

/**
 * Returns whether an alert channel's key for a file or a variable holds such a name: an address is no file, and
 * 16 letters and digits without a separator are no name of a variable.
 */
function isInPlaceOfName(path: readonly Step[], text: string): boolean {
  const name = String(path.at(-1));
  if (path[0] !== 'alerts' || path[1] !== 'channels') return false;
  if (name.endsWith('File')) return text.includes('://');
  if (!name.endsWith('Env')) return false;
  return !/^[A-Za-z_][A-Za-z0-9_]*$/.test(text) || isLikeKey(text);
}

function isLikeKey(text: string): boolean {
  return text.length >= KEY_CHARACTERS_MIN && !text.includes('_') && /\d/.test(text);
}

/** Gives the right place for a text whose key can only hold a secret; undefined for other keys. */
export function secretPlaceOf(path: readonly Step[]): string | undefined {
  return isSecretName(path) ? placeFor(path) : undefined;
}

function isSecretName(path: readonly Step[]): boolean {
  const name = String(path.at(-1)).toLowerCase().replaceAll(/[_-]/g, '');
  if (SECRET_NAMES.has(name)) return true;
  // An app's access key is a name, not a secret; Kling's pair is configured outside as a whole.
  return name === 'accesskey' && path[0] !== 'apps';
}

function placeFor(path: readonly Step[]): string {
  const name = String(path.at(-1)).toLowerCase().replaceAll(/[_-]/g, '');
  if (path[0] === 'apps') {
    const field = name === 'secretkey' ? 'secretKeyFile' : 'keyFile';
    return `put it into a file of mode 0600 and name that file in "${field}"`;
  }
  if (path[0] === 'alerts') return alertPlace(String(path.at(-1)));
  if (name === 'secretkey' || name === 'accesskey') {
    return 'set KLING_ACCESS_KEY and KLING_SECRET_KEY, or KLING_ACCESS_KEY_FILE and KLING_SECRET_KEY_FILE';
  }
  if (path[0] === 'control' || name === 'controltoken') {
    return 'set KLING_SIDECAR_CONTROL_TOKEN_FILE or KLING_SIDECAR_CONTROL_TOKEN';
  }
  if (path[0] === 'upstream') return 'write the address without user name and password';
  return 'put it into a file of mode 0600 named by KLING_API_KEY_FILE, or set KLING_API_KEY';
}

/** Gives the keys of a channel that name the place of its secret, such as `webhookUrlFile` for `webhookUrl`. */
function alertPlace(name: string): string {
  const key = name.replace(/(File|Env)$/, '');
  const isOwn = key !== name || CHANNEL_SECRETS.has(key);
  const shown = isOwn ? key : 'webhookUrl';
  return `put it into a file of mode 0600 and name that file in "${shown}File", or a variable in "${shown}Env"`;
}
