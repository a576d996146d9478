/** What every command starts from: the terminal, the global options, and the config once it is asked for. */
import { type LoadedConfig, loadConfig } from '../config/config.ts';
import type { Terminal } from './terminal.ts';

export interface Context {
  terminal: Terminal;
  /** `--config`, where it was given. */
  configPath: string | undefined;
  /** Reads the config once. @throws ConfigInvalid. */
  loaded(): LoadedConfig;
  /** Takes the exit code that the command ends with; 0 unless one is given. */
  exit(code: number): void;
}

/** Makes the context of one run of the command line. */
export function createContext(
  terminal: Terminal,
  configPath: string | undefined,
  exit: (code: number) => void,
): Context {
  let loaded: LoadedConfig | undefined;
  return {
    terminal,
    configPath,
    exit,
    loaded() {
      loaded ??= loadConfig({ path: configPath, env: terminal.env, cwd: terminal.cwd });
      return loaded;
    },
  };
}
