/** The user that runs this process, as the system knows it. */
import { userInfo } from 'node:os';
import type { Environment } from '../config/config-environment.ts';
import { plainActor } from '../plain-text.ts';

export interface SystemUser {
  /** The name; `uid N` where the system has none for it, as in a container. */
  name: string;
  uid: number;
  gid: number;
}

/** Gives the user of this process; under sudo the name says who ran it too. */
export function systemUser(env: Environment): SystemUser {
  const [uid = 0, gid = 0] = [process.getuid?.(), process.getgid?.()];
  const own = nameOf(uid);
  const behind = uid === 0 ? plainActor(env['SUDO_USER'] ?? '') : undefined;
  const name = behind === undefined || behind === own ? own : `${behind} (as ${own})`;
  return { name, uid, gid };
}

function nameOf(uid: number): string {
  try {
    return userInfo().username;
  } catch {
    // A user id without an entry in the system's list.
    return `uid ${uid}`;
  }
}
