/** The dependencies of every channel. */
import type { Clock } from '../../clock.ts';
import type { Secret } from '../../secret.ts';
import type { Post } from './post.ts';

export interface ChannelDeps {
  post: Post;
  clock: Clock;
  /**
   * Gives a secret of the channel by its key without `File` or `Env`: `secret('webhookUrl')` is the value that
   * `webhookUrlFile` or `webhookUrlEnv` names. Call it only for a key of the channel's config.
   */
  secret(key: string): Secret;
}
