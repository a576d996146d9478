/** The lines under "Authentication". */
import { RENEW_BEFORE_MS, TOKEN_LIFE_MS } from '../kling/token.ts';
import { codeInfo, regionHint } from '../kling/codes.ts';
import type { Ms } from '../units.ts';
import { byDoctor, checksOf } from './checklist-doctor.ts';
import type { Evidence, KeySeen } from './checklist-evidence.ts';
import { failed, passed, together, warned, verdictOf, type LineVerdict } from '../check.ts';
import { dayText, durationText, sentence } from '../phrases.ts';

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
/** The longest quarter. */
const QUARTER_MS = 92 * DAY_MS;
/** The most places that one sentence names. */
const PLACES_MAX = 5;
/** The default name of an environment. */
const UNNAMED = 'default';
const ROTATE =
  'Make a new key in Kling’s console, put it in place, reload, then delete the old one: git keeps what was once committed.';

export const authLines = {
  secrets_manager: secretsManager,
  jwt_refresh: jwtRefresh,
  key_per_environment: keyPerEnvironment,
  key_rotation: keyRotation,
  bearer,
};

function secretsManager(evidence: Evidence): LineVerdict {
  const found = checksOf(evidence, 'credentials').filter(({ level }) => level === 'fail' || level === 'warn');
  const isBroken = found.some(({ level }) => level === 'fail');
  const origin = isBroken ? [] : [originOf(evidence.key)];
  return together([...origin, ...found.map(verdictOf), ...repositoryVerdicts(evidence)]);
}

function originOf({ origin, file }: KeySeen): LineVerdict {
  if (origin === null) {
    return warned(
      'Where the credentials come from is not known: this command has none.',
      'Run it with the variables that the sidecar has.',
    );
  }
  if (origin === 'auth.command')
    return passed('auth.command prints the credentials: no file or variable holds them.');
  if (file !== null) return passed(`${origin} names ${file.path}, whose mode is checked at each start.`);
  return warned(
    `${origin} holds the credentials: every program that the same service starts can read a variable.`,
    `Name a private file in ${origin}_FILE, or a program of your secrets manager in auth.command.`,
  );
}

function repositoryVerdicts({ repositories }: Evidence): LineVerdict[] {
  const { tops, problems, tracked, addable, beside, own, alike, isPartial } = repositories;
  const verdicts: LineVerdict[] = [];
  if (own.length > 0)
    verdicts.push(failed(`A secret of this sidecar is in ${places(own)}, which git tracks.`, ROTATE));
  if (tracked.length > 0)
    verdicts.push(failed(`git tracks ${places(tracked)}, which ${hold(tracked)} secrets.`, ROTATE));
  if (addable.length > 0) {
    verdicts.push(
      warned(
        `${places(addable)} ${hold(addable)} secrets, and git does not ignore ${addable.length === 1 ? 'it' : 'them'}: the next git add takes ${addable.length === 1 ? 'it' : 'them'}.`,
        'Add the name to .gitignore, or keep the file outside the repository.',
      ),
    );
  }
  if (beside.length > 0) {
    verdicts.push(
      warned(
        `${places(beside)} ${hold(beside)} credentials of Kling’s.`,
        'Move them to a secrets manager (auth.command), or to a private file outside the repository (KLING_API_KEY_FILE).',
      ),
    );
  }
  if (alike.length > 0) {
    verdicts.push(
      warned(
        `What is written in ${places(alike)} looks like a secret.`,
        'If it is one, take it out and replace the key; if not, nothing is to be done.',
      ),
    );
  }
  for (const problem of problems)
    verdicts.push(
      warned(
        sentence(`A repository could not be searched: ${problem}`),
        'Run it where git may read the repository.',
      ),
    );
  if (isPartial)
    verdicts.push(
      warned(
        'Not every tracked file was searched: there are too many, or large ones.',
        'Search the rest with a scanner such as gitleaks.',
      ),
    );
  if (verdicts.length > 0) return verdicts;
  const where =
    tops.length === 0
      ? 'The folders are in no git repository.'
      : `No secret is in git: ${tops.join(', ')} ${tops.length === 1 ? 'was' : 'were'} searched.`;
  return [passed(where)];
}

function places(all: readonly string[]): string {
  const more = all.length > PLACES_MAX ? ` and ${all.length - PLACES_MAX} more` : '';
  return `${all.slice(0, PLACES_MAX).join(', ')}${more}`;
}

function hold(files: readonly string[]): string {
  return files.length === 1 ? 'holds' : 'hold';
}

function jwtRefresh({ key, checks }: Evidence): LineVerdict {
  if (key.kind === 'api_key')
    return passed('An API key is in use: Kling takes it as it is, and no token expires.');
  if (key.kind === null)
    return warned(
      'Which kind of credentials is in use is not known here.',
      'Run it with the variables that the sidecar has.',
    );
  const life = `${TOKEN_LIFE_MS / MINUTE_MS} min`;
  const clocks = checksOf({ checks }, 'clock').filter(({ level }) => level === 'fail' || level === 'warn');
  return together([
    passed(
      `Tokens live ${life} and are renewed ${RENEW_BEFORE_MS / MINUTE_MS} min before they end; one that Kling calls early or expired is signed anew, once.`,
    ),
    ...clocks.map(verdictOf),
  ]);
}

function keyPerEnvironment({ config, key, keys, others }: Evidence): LineVerdict {
  const { fingerprint } = key;
  const { environment } = config;
  if (fingerprint === null)
    return warned(
      'The fingerprint of the key is not known here.',
      'Run it with the variables that the sidecar has.',
    );
  const here = [
    ...new Set(keys.filter((used) => used.fingerprint === fingerprint).map((used) => used.environment)),
  ];
  // Without a name it was already the same environment.
  const before = here.filter((name) => name !== environment && name !== UNNAMED);
  const shared = others.filter(
    ({ fingerprints, environment: name }) => fingerprints.includes(fingerprint) && name !== environment,
  );
  const verdicts: LineVerdict[] = [];
  const apart = 'Make a key of its own for each environment in Kling’s console.';
  if (environment === UNNAMED) {
    verdicts.push(warned('This environment has no name.', 'Set environment to dev, staging or prod.'));
  }
  if (before.length > 0) {
    verdicts.push(
      warned(`The key ${fingerprint} was used on this store as ${before.join(', ')} too.`, apart),
    );
  }
  if (shared.length > 0) {
    verdicts.push(
      warned(
        `The key ${fingerprint} is that of ${shared.map(({ name, environment: as }) => (as === null ? name : `${name} (${as})`)).join(', ')} too.`,
        apart,
      ),
    );
  }
  if (others.length === 0) {
    verdicts.push(
      warned(
        `The key ${fingerprint} of ${environment} was compared with no other environment.`,
        `Run it there with --compare ${fingerprint}, or here with --compare and the other config or fingerprint.`,
      ),
    );
  }
  if (verdicts.length > 0) return together(verdicts);
  return passed(
    `The key ${fingerprint} of ${environment} is none of ${others.map(({ name }) => name).join(', ')}.`,
  );
}

function keyRotation({ key, keys, now }: Evidence): LineVerdict {
  const seen = keys
    .filter(({ fingerprint }) => fingerprint === key.fingerprint)
    .map(({ firstAt }) => firstAt);
  const dates = [...seen, ...(key.file === null ? [] : [key.file.changedAt])];
  if (key.fingerprint === null || dates.length === 0) {
    return warned(
      'How old the key is, is not known: no sidecar has run with it on this store.',
      'Run it again after the first start; rotate each quarter.',
    );
  }
  const since: Ms = Math.min(...dates);
  const age = `The key ${key.fingerprint} has been here since ${dayText(since)}, ${durationText(now - since)}`;
  if (now - since > QUARTER_MS) {
    return warned(
      `${age}: longer than a quarter.`,
      'Make a new key in Kling’s console, put it in place, reload, then delete the old one; name the account in auth.account first.',
    );
  }
  return passed(`${age}: rotate it by ${dayText(since + QUARTER_MS)}.`);
}

/** The upstream of the running sidecar, else that of the config. */
export function upstreamOf({ runs, status, config }: Evidence): string {
  return runs && status !== null ? status.upstream : config.upstream.baseUrl;
}

function bearer(evidence: Evidence): LineVerdict {
  const { kling } = evidence;
  if (kling.kind === 'unknown') {
    const known = byDoctor(evidence, 'key');
    return known ?? warned(sentence(kling.why), 'Run it where Kling can be reached.');
  }
  const { host } = new URL(upstreamOf(evidence));
  const info = codeInfo(kling.code);
  if (info === null)
    return warned(
      `${host} answered a code that Kling does not document: ${kling.code}.`,
      'See Kling’s table of codes.',
    );
  if (info.status !== 401) return passed(`Kling took Authorization: Bearer at ${host}, on a free read.`);
  const finding = sentence(
    `Kling refused the credentials at ${host} with code ${kling.code}: ${kling.message}`,
  );
  return failed(finding, regionHint(kling.code, host) ?? info.advice);
}
