/** The config of the start and the last one that was taken: what is in use, and what waits for a restart. */
import type { Clock } from '../clock.ts';
import type { LoadedConfig } from '../config/config.ts';
import { describeRunning } from '../config/describe-config.ts';
import type { Secrets } from '../config/secrets.ts';
import type { ConfigInUse } from '../control/commands.ts';
import type { Ms } from '../units.ts';

type KnownSecrets = Pick<Secrets, 'all'>;

/** One reading of config and secrets. */
interface Reading {
  loaded: LoadedConfig;
  secrets: KnownSecrets;
  at: Ms;
}

export class ConfigReadings {
  readonly #clock: Clock;
  readonly #first: Reading;
  #last: Reading;

  constructor(loaded: LoadedConfig, secrets: KnownSecrets, clock: Clock) {
    this.#clock = clock;
    this.#first = { loaded, secrets, at: clock.now() };
    this.#last = this.#first;
  }

  /** The last config that was taken. */
  get loaded(): LoadedConfig {
    return this.#last.loaded;
  }

  /** Takes a config that was read again. */
  take(loaded: LoadedConfig, secrets: KnownSecrets): void {
    this.#last = { loaded, secrets, at: this.#clock.now() };
  }

  /** Describes the values in use; none holds a secret of the start or of the last reading. */
  inUse(): ConfigInUse {
    const { loaded, secrets, at } = this.#last;
    const known = [...this.#first.secrets.all, ...secrets.all];
    return { file: loaded.path, readAt: at, ...describeRunning(this.#first.loaded, loaded, known) };
  }
}
