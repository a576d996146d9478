/** The user that runs this process, as the system knows it. */
import { userInfo } from 'node:os';

export interface SystemUser {
  /** The name; `uid N` where the system has none for it, as in a container. */
  name: string;
  uid: number;
  gid: number;
}

/** Gives the user of this process. */
export function systemUser(): SystemUser {
  const [uid = 0, gid = 0] = [process.getuid?.(), process.getgid?.()];
  try {
    return { name: userInfo().username, uid, gid };
  } catch {
    // A user id without an entry in the system's list.
    return { name: `uid ${uid}`, uid, gid };
  }
}
