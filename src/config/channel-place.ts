/** Names a place among the alert channels for people: by the channel's name and type. */
import { isPlainObject, keyOf, valueAt, type Step } from './plain.ts';
import { looksSecret } from './secret-shape.ts';

/** Gives `alerts.channels "ops" (slack): webhookUrlFile` for a path below a channel; null for other paths. */
export function channelPlace(path: readonly Step[], raw: unknown): string | null {
  const [section, list, index, ...rest] = path;
  if (section !== 'alerts' || list !== 'channels' || typeof index !== 'number') return null;
  const channel = valueAt(raw, path.slice(0, 3));
  if (!isPlainObject(channel)) return null;
  const { name, type } = channel;
  const whole = channelName({ name: isShown(name) ? name : null, type: isShown(type) ? type : null, index });
  return rest.length === 0 ? whole : `${whole}: ${keyOf(rest)}`;
}

/** Names a channel; by its place in the list if it has no name. */
export function channelName(channel: { name: string | null; type: string | null; index: number }): string {
  const { name, type, index } = channel;
  const named = name === null ? `alerts.channels[${index}]` : `alerts.channels ${JSON.stringify(name)}`;
  return type === null ? named : `${named} (${type})`;
}

const SHOWN_CHARACTERS_MAX = 64;

function isShown(word: unknown): word is string {
  return typeof word === 'string' && word !== '' && word.length <= SHOWN_CHARACTERS_MAX && !looksSecret(word);
}
