/** The context of every command: the terminal, the global options, and the config once it is needed. */
import { InvalidArgumentError, Option } from 'commander';
import { type LoadedConfig, loadConfig } from '../config/config.ts';
import { ACTOR_CHARACTERS_MAX, plainActor } from '../plain-text.ts';
import { systemUser } from './system-user.ts';
import type { Terminal } from './terminal.ts';

export interface Context {
  terminal: Terminal;
  /** `--config`, if it was given. */
  configPath: string | undefined;
  /** Who orders changes, for the audit: `--actor`, else the system's user. */
  actor: string;
  /** Reads the config once. @throws ConfigInvalid. */
  loaded(): LoadedConfig;
  /** Takes the exit code that the command ends with; 0 unless one is given. */
  exit(code: number): void;
}

/** Makes the context of one run of the command line. */
export function createContext(
  terminal: Terminal,
  { configPath, actor }: { configPath: string | undefined; actor: string | undefined },
  exit: (code: number) => void,
): Context {
  let loaded: LoadedConfig | undefined;
  return {
    terminal,
    configPath,
    actor: actor ?? systemUser(terminal.env).name,
    exit,
    loaded() {
      loaded ??= loadConfig({ path: configPath, env: terminal.env, cwd: terminal.cwd });
      return loaded;
    },
  };
}

/** The option of commands that change something: who orders it. */
export function actorOption(): Option {
  return new Option('--actor <name>', 'who orders it, for the audit (default: the system’s user)').argParser(
    actorArgument,
  );
}

function actorArgument(text: string): string {
  const name = text.length <= ACTOR_CHARACTERS_MAX ? plainActor(text) : undefined;
  if (name !== undefined) return name;
  throw new InvalidArgumentError(`A name of 1 to ${ACTOR_CHARACTERS_MAX} characters is wanted.`);
}
