/**
 * The secrets of alert channels: each in a file (`webhookUrlFile`) or in a variable (`webhookUrlEnv`) that the config names.
 *
 * **Invariant**: an error names channel, key and file or variable, and never shows a value.
 */
import { secretPlacesOf, type ChannelConfig, type SecretPlace } from '../alerts/channel-configs.ts';
import { openChannel } from '../alerts/channels/open-channels.ts';
import { systemClock } from '../clock.ts';
import { Secret } from '../secret.ts';
import { channelName } from './channel-place.ts';
import type { Environment } from './config-environment.ts';
import { invalid, readSecretFile, type SecretFileRules } from './secret-file.ts';

/** Secrets by the channel's name, then by their key without `File` or `Env`. */
export type ChannelSecrets = ReadonlyMap<string, ReadonlyMap<string, Secret>>;

export interface ChannelReading {
  env: Environment;
  rules: SecretFileRules;
  /** Takes the files that were read. */
  files: Set<string>;
}

/** Reads the secrets of all channels. @throws SidecarError `secret_invalid` for the first that cannot be used. */
export function readChannels(channels: readonly ChannelConfig[], reading: ChannelReading): ChannelSecrets {
  return new Map(
    channels.map((channel) => {
      const places = secretPlacesOf(channel);
      const own = new Map(places.map((place) => [place.key, readPlace(channel, place, reading)]));
      checkUse(channel, own);
      return [channel.name, own];
    }),
  );
}

/** Does the same as {@link readChannels} for one channel; `gather` runs each attempt and takes its error. */
export function checkChannel(
  channel: ChannelConfig,
  reading: ChannelReading,
  gather: <T>(read: () => T) => T | undefined,
): void {
  const own = new Map<string, Secret>();
  const places = secretPlacesOf(channel);
  for (const place of places) {
    const secret = gather(() => readPlace(channel, place, reading));
    if (secret) own.set(place.key, secret);
  }
  if (own.size === places.length) gather(() => checkUse(channel, own));
}

/** Returns whether two reads gave the same secrets. */
export function isSameSecrets(one: ChannelSecrets, other: ChannelSecrets): boolean {
  const listed = [...one].flatMap(([channel, own]) =>
    [...own].map(([key, secret]) => ({ channel, key, secret })),
  );
  const count = [...other.values()].reduce((sum, own) => sum + own.size, 0);
  return (
    listed.length === count &&
    listed.every(({ channel, key, secret }) => other.get(channel)?.get(key)?.equals(secret) === true)
  );
}

function readPlace(
  channel: ChannelConfig,
  { field, file, variable }: SecretPlace,
  { env, rules, files }: ChannelReading,
): Secret {
  const name = `${channelName({ ...channel, index: 0 })}: ${field}`;
  if (file !== null) {
    const text = readSecretFile(name, file, rules);
    files.add(file);
    return new Secret(checkLine(name, file, text));
  }
  const value = env[variable] ?? '';
  if (value === '') {
    throw invalid(name, `names the variable ${variable}, which is not set`, 'set it, or name a file instead');
  }
  return new Secret(checkLine(name, variable, value));
}

/** One line of plain characters; words between blanks are several secrets during a rotation. */
function checkLine(name: string, place: string, text: string): string {
  if (/^[\x21-\x7e]+( +[\x21-\x7e]+)*$/.test(text)) return text;
  throw invalid(
    name,
    `names ${place}, which holds more than one line, or a character beyond ASCII`,
    'write the secret alone into it',
  );
}

/** Opens a channel only to check that it can use its secrets. */
function checkUse(channel: ChannelConfig, own: ReadonlyMap<string, Secret>): void {
  openChannel(channel, {
    post: () => Promise.reject(new Error('nothing is sent by a check')),
    clock: systemClock,
    repeatMs: () => 0,
    secrets: new Map([[channel.name, own]]),
  });
}

/** The fewest characters of a part of an address that is a secret by itself; shorter ones are words such as `services`. */
const PART_CHARACTERS_MIN = 16;

/**
 * Gives the texts of a channel's secret that no log line may hold: itself, and of an address the path, long parts of it,
 * values of its query, and its password, since an error of a library may show a part.
 */
export function hiddenParts(secret: Secret): Secret[] {
  const text = secret.reveal();
  if (!URL.canParse(text)) return [secret, ...text.split(/ +/).map((word) => new Secret(word))];
  const { pathname, search, searchParams, password } = new URL(text);
  const parts = [...pathname.split('/'), ...searchParams.values(), `${pathname}${search}`];
  const shown = [
    ...parts.filter((part) => part.length >= PART_CHARACTERS_MIN),
    ...(password === '' ? [] : [password, decoded(password)]),
  ];
  return [secret, ...shown.map((part) => new Secret(part))];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
