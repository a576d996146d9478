/**
 * The possessions of an account besides its tasks: results that other calls use by id, sessions, voices and elements.
 *
 * **Invariant**: result ids are valid for 30 days and sessions for 24 hours, by the emulator's age (kling-api.md, section 5).
 */
import type { Ms } from '../units.ts';
import type { EmulatorTime } from './emulator-time.ts';
import { KlingRefusal } from './replies.ts';

export const RESULT_LIFE_MS: Ms = 30 * 86_400_000;
const SESSION_LIFE_MS: Ms = 86_400_000;

export interface MediaItem {
  id: string;
  kind: 'video' | 'audio';
  url: string;
  durationMs: Ms;
  /** The age at which it is finished; earlier it cannot be found. */
  readyAgeMs: Ms;
}

export interface Session {
  id: string;
  kind: 'face' | 'elements';
  durationMs: Ms;
  createdAgeMs: Ms;
  parent: MediaItem | null;
}

export interface LibraryItem {
  id: string;
  kind: 'voice' | 'element' | 'old-element';
  name: string;
  description: string;
  readyAgeMs: Ms;
  ownedBy: 'kling' | 'emulator';
}

export interface MediaLibrary {
  /** Finds a finished video of this account; refuses with 400/1201. */
  video(id: string): MediaItem;
  /** Finds a finished audio of this account; refuses with 400/1201. */
  audio(id: string): MediaItem;
  session(id: string, kind: Session['kind']): Session;
  /** Refuses an unknown numeric voice id with 400/1201; a word counts as a preset voice. */
  checkVoice(id: string): void;
  addMedia(item: MediaItem): void;
  addSession(session: Omit<Session, 'createdAgeMs'>): void;
  addItem(item: LibraryItem): void;
  /** Removes a custom item; refuses with 400/1201 if it does not exist or is not the account's own. */
  remove(id: string, kinds: readonly LibraryItem['kind'][]): void;
  /** The finished items of a kind and owner, newest first. */
  items(kind: LibraryItem['kind'], ownedBy: LibraryItem['ownedBy']): LibraryItem[];
  isRemoved(id: string): boolean;
}

const PRESETS: readonly LibraryItem[] = [
  ...['Sunny Boy', 'Calm Lady', 'Old Captain'].map((name, index) =>
    preset('voice', `82933223${index}`, name),
  ),
  ...['Grey Cat', 'Red Lantern', 'Young Pilot'].map((name, index) => preset('element', `61${index}`, name)),
];

function preset(kind: 'voice' | 'element', id: string, name: string): LibraryItem {
  return { id, kind, name, description: `${name}, preset`, readyAgeMs: 0, ownedBy: 'kling' };
}

/** Makes a library that has only the presets. */
export function createMediaLibrary(time: EmulatorTime): MediaLibrary {
  const media = new Map<string, MediaItem>();
  const sessions = new Map<string, Session>();
  const items = new Map<string, LibraryItem>(PRESETS.map((item) => [item.id, item]));
  const removed = new Set<string>();
  const find = (id: string, kind: MediaItem['kind']): MediaItem => {
    const item = media.get(id);
    const now = time.ageMs();
    if (
      item === undefined ||
      item.kind !== kind ||
      item.readyAgeMs > now ||
      now - item.readyAgeMs > RESULT_LIFE_MS
    ) {
      throw new KlingRefusal(1201, `${kind} ${id} not found`);
    }
    return item;
  };
  return {
    video: (id) => find(id, 'video'),
    audio: (id) => find(id, 'audio'),
    session(id, kind) {
      const session = sessions.get(id);
      if (
        session === undefined ||
        session.kind !== kind ||
        time.ageMs() - session.createdAgeMs > SESSION_LIFE_MS
      ) {
        throw new KlingRefusal(1201, `session_id ${id} not found or expired`);
      }
      return session;
    },
    checkVoice(id) {
      if (/^\d+$/.test(id) && items.get(id)?.kind !== 'voice')
        throw new KlingRefusal(1201, `voice ${id} not found`);
    },
    addMedia: (item) => void media.set(item.id, item),
    addSession: (session) => void sessions.set(session.id, { ...session, createdAgeMs: time.ageMs() }),
    addItem: (item) => void items.set(item.id, item),
    remove(id, kinds) {
      const item = items.get(id);
      if (item === undefined || !kinds.includes(item.kind) || item.ownedBy === 'kling') {
        throw new KlingRefusal(1201, `${kinds[0] === 'voice' ? 'voice' : 'element'} ${id} not found`);
      }
      items.delete(id);
      removed.add(id);
    },
    items: (kind, ownedBy) =>
      [...items.values()]
        .filter((item) => item.kind === kind && item.ownedBy === ownedBy && item.readyAgeMs <= time.ageMs())
        .toReversed(),
    isRemoved: (id) => removed.has(id),
  };
}
