/** Doctor's checks of secrets: the control token and Kling's credentials. No value of either is shown. */
import { statSync } from 'node:fs';
import { checked, notOk, ok, type Check } from '../check.ts';
import { sentence } from '../phrases.ts';
import { isOpen, modeText, READABLE_BY_OTHERS, WRITABLE_BY_OTHERS } from '../store/file-mode.ts';
import { statsOf } from '../store/sqlite/store-file.ts';
import { controlTokenPath } from './control-token.ts';
import { checkSecrets, type SecretOptions } from './secrets.ts';

/** Checks the control token, and Kling's credentials if the token is good; shows no value of either. */
export async function checkAllSecrets(options: SecretOptions, isRunning: boolean): Promise<Check[]> {
  const token = await checked('control token', () => [checkToken(options, isRunning)]);
  if (token.some(({ level }) => level === 'fail')) {
    const advice = 'Mend the control token, and run doctor again.';
    return [...token, notOk('note', 'credentials', 'They were not looked at.', advice)];
  }
  return [...token, ...(await checked('credentials', () => checkCredentials(options, isRunning)))];
}

/** Checks where the control token comes from, and the mode of its file. */
function checkToken({ config, env }: Pick<SecretOptions, 'config' | 'env'>, isRunning: boolean): Check {
  const name = 'control token';
  for (const variable of ['KLING_SIDECAR_CONTROL_TOKEN_FILE', 'KLING_SIDECAR_CONTROL_TOKEN']) {
    if (env[variable]) return ok(name, `It comes from ${variable}.`);
  }
  const file = controlTokenPath(config.store);
  const stats = statsOf(file, statSync);
  if (!stats) {
    const advice = 'Nothing to do: start makes it.';
    if (!isRunning) return notOk('note', name, `There is none yet at ${file}.`, advice);
    return notOk(
      'warn',
      name,
      `A sidecar runs, and its token is not at ${file}: commands that change something are refused.`,
      'Run commands with the config and the variables that the sidecar was started with.',
    );
  }
  if (isOpen(stats, READABLE_BY_OTHERS | WRITABLE_BY_OTHERS)) {
    return notOk('fail', name, `Others may use ${file} (mode ${modeText(stats)}).`, `Run chmod 600 ${file}.`);
  }
  return ok(name, `${file} is private (mode ${modeText(stats)}).`);
}

/** Checks Kling's credentials and the other secrets, without running `auth.command`. */
function checkCredentials(options: SecretOptions, isRunning: boolean): Check[] {
  const name = 'credentials';
  const { credentials, warnings, problems } = checkSecrets(options);
  const broken = problems.map((problem) =>
    notOk('fail', name, sentence(problem), 'Mend this, and run doctor again.'),
  );
  const warned = warnings.map((warning) =>
    notOk('warn', name, sentence(warning), 'Set one source alone, private to the user of the sidecar.'),
  );
  return [...broken, ...warned, ...(broken.length > 0 ? [] : kindOf(credentials, isRunning))];
}

function kindOf(origin: string | null, isRunning: boolean): Check[] {
  const name = 'credentials';
  if (origin === null) {
    const advice = 'Set KLING_API_KEY_FILE, or KLING_ACCESS_KEY and KLING_SECRET_KEY, or auth.command.';
    if (!isRunning) return [notOk('fail', name, 'None are set: a start would be refused.', advice)];
    const finding = 'None are set where this command runs; the running sidecar has its own.';
    return [notOk('note', name, finding, 'To check them too, run doctor with the sidecar’s variables.')];
  }
  if (origin === 'auth.command') {
    const finding = 'auth.command prints them; doctor does not run it, so their kind is not known here.';
    return [notOk('note', name, finding, 'Run the command yourself to see that it answers.')];
  }
  if (origin.includes('API_KEY')) return [ok(name, `An API key, from ${origin}.`)];
  return [
    ok(name, `An access key and secret key, from ${origin}.`),
    notOk(
      'note',
      name,
      'A key pair opens the legacy generation only: creates on paths of the new one are refused, and tasks are ' +
        'looked up one by one.',
      'An API key (KLING_API_KEY_FILE) opens both, with look-ups in batches.',
    ),
  ];
}
