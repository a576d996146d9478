/** Credentials from an operator's program: this connects a secrets manager. */
import { execFile } from 'node:child_process';
import type { Environment } from './config-environment.ts';
import { isPlainObject } from './plain.ts';
import { invalid } from './secret-file.ts';

/** How long the program may take. */
const COMMAND_MS_MAX = 10_000;
const OUTPUT_BYTES_MAX = 65_536;

export interface CommandCredentials {
  apiKey?: string;
  accessKey?: string;
  secretKey?: string;
}

/**
 * Runs `auth.command` without a shell and reads JSON with `apiKey`, or `accessKey` and `secretKey`, from its output.
 * @throws SidecarError `secret_invalid` when it fails, takes longer than 10 s, or prints something else; the message
 *   shows neither its output nor its errors, which may hold secrets.
 */
export async function runSecretCommand(
  command: readonly string[],
  env: Environment,
): Promise<CommandCredentials> {
  const output = await run(command, env);
  let parsed: unknown;
  try {
    parsed = JSON.parse(output);
  } catch {
    throw invalid('auth.command', 'printed something that is not JSON', 'let it print {"apiKey": "…"}');
  }
  const fields = isPlainObject(parsed) ? parsed : {};
  const text = (name: string): string | undefined => {
    const value = fields[name];
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const [apiKey, accessKey, secretKey] = [text('apiKey'), text('accessKey'), text('secretKey')];
  if (apiKey === undefined && (accessKey === undefined || secretKey === undefined)) {
    const remedy = 'let it print {"apiKey": "…"} or {"accessKey": "…", "secretKey": "…"}';
    throw invalid('auth.command', 'printed JSON without credentials', remedy);
  }
  return {
    ...(apiKey === undefined ? {} : { apiKey }),
    ...(accessKey === undefined ? {} : { accessKey }),
    ...(secretKey === undefined ? {} : { secretKey }),
  };
}

function run([file = '', ...args]: readonly string[], env: Environment): Promise<string> {
  const options = {
    env: { ...env },
    timeout: COMMAND_MS_MAX,
    killSignal: 'SIGKILL' as const,
    maxBuffer: OUTPUT_BYTES_MAX,
    encoding: 'utf8' as const,
    windowsHide: true,
  };
  return new Promise((resolve, reject) => {
    const child = execFile(file, args, options, (error, stdout) => {
      if (!error) return resolve(stdout);
      const why =
        error.killed === true ? `did not end within ${COMMAND_MS_MAX} ms` : `failed (${error.code})`;
      return reject(invalid('auth.command', `(${file}) ${why}`, 'run it yourself to see what it says'));
    });
    child.stdin?.end();
  });
}
