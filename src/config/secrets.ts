/**
 * Every secret of the sidecar, read from files, variables or a command; the first found wins.
 *
 * **Invariant**: only this module reads secrets; they are kept in {@link Secret}, and appear in no message.
 * A second read gives a new value and leaves the old one unchanged: requests in flight keep theirs.
 */
import { channelVariables } from '../alerts/channel-configs.ts';
import { SidecarError } from '../errors.ts';
import type { Credentials } from '../kling/token.ts';
import type { AppConfig } from '../proxy/proxy-config.ts';
import type { BucketCredentials } from '../results/s3-bucket.ts';
import { Secret } from '../secret.ts';
import type { Config } from './config.ts';
import type { Environment } from './config-environment.ts';
import { checkChannel, hiddenParts, readChannels, type ChannelSecrets } from './channel-secrets.ts';
import { readCallbackSecrets, type CallbackSecrets } from './callback-secrets.ts';
import { controlTokenPath, ensureControlToken } from './control-token.ts';
import { readOtlpHeaders, secretsIn, type OtlpHeaders } from './otlp-headers.ts';
import { readBucket } from './bucket-secrets.ts';
import { runSecretCommand } from './secret-command.ts';
import { invalid, readSecretFile, trustedFolders } from './secret-file.ts';
import { checkAuthorities, checkPair, readPublic, readTls } from './tls-files.ts';
import {
  checkIsOne,
  checkText,
  findSecret,
  withoutSecrets,
  type FoundSecret,
  type SecretVariable,
  type VariableInput,
} from './secret-variable.ts';

/** The secrets of one configured app. */
export type AppSecret =
  | { name: string; kind: 'key'; keys: readonly Secret[] }
  | { name: string; kind: 'ak_sk'; accessKey: string; secretKey: Secret };

export interface Secrets {
  /** An API key opens every route, a pair the legacy generation only. */
  kling: Credentials;
  /** The variable or `auth.command` that the credentials came from. */
  klingOrigin: string;
  controlToken: Secret;
  apps: readonly AppSecret[];
  /** The data plane's certificate chain (PEM) and its key; null without `listen.tls`. */
  tls: { certificate: string; key: Secret } | null;
  /** The headers for a collector with each export. */
  otlpHeaders: OtlpHeaders;
  /** Those of alert channels. */
  channels: ChannelSecrets;
  callbacks: CallbackSecrets;
  /** Of the bucket in `results.s3`; null without one. */
  bucket: BucketCredentials | null;
  /** Files whose change means other secrets, absolute. */
  files: readonly string[];
  /** Every secret above, to be kept out of the log. */
  all: readonly Secret[];
  warnings: readonly string[];
}

export interface SecretOptions {
  config: Pick<
    Config,
    'auth' | 'store' | 'apps' | 'listen' | 'upstream' | 'alerts' | 'callbacks' | 'results'
  >;
  /** From `takeEnvironment`; the process's own no longer has the secrets. */
  env: Environment;
  /** Relative file names in variables start here. */
  cwd: string;
}

interface SecretInput extends VariableInput {
  files: Set<string>;
  /** Variables that the config names as secrets of alert channels. */
  hidden: readonly string[];
}

/**
 * Reads every secret; makes the control token at the first start.
 * @throws SidecarError `secret_invalid` (or `store_missing`) with the variable or key and the remedy.
 */
export async function loadSecrets(options: SecretOptions): Promise<Secrets> {
  const { config } = options;
  const warnings: string[] = [];
  const input = inputOf(options, warnings);
  const found = await findKling(config.auth, input);
  const controlToken = findControlToken(options, input, true) ?? missingToken(config.store);
  checkTokenLength(controlToken);
  const apps = readApps(config.apps, input);
  const tls = readTls(config.listen.tls, input);
  checkAuthorities(config.upstream.caFile, input);
  const callbacks = readCallbackSecrets(config.callbacks, (name) => find([name], input));
  const { kling } = found;
  const otlpHeaders = readOtlpHeaders(options.env);
  const channels = readChannels(config.alerts.channels, input);
  const bucket = readBucket(config.results.s3, input);
  return {
    kling,
    klingOrigin: found.origin,
    controlToken: controlToken.secret,
    apps,
    tls,
    otlpHeaders,
    channels,
    callbacks: callbacks.keys,
    bucket,
    files: [...input.files],
    all: [
      kling.kind === 'api_key' ? kling.key : kling.secretKey,
      controlToken.secret,
      ...apps.flatMap((app) => (app.kind === 'key' ? app.keys : [app.secretKey])),
      ...secretsIn(otlpHeaders),
      ...(bucket ? [bucket.secretAccessKey, ...(bucket.sessionToken ? [bucket.sessionToken] : [])] : []),
      ...[...channels.values()].flatMap((own) => [...own.values()].flatMap(hiddenParts)),
      ...callbacks.all,
    ],
    warnings,
  };
}

/** Reads only the control token, for commands; undefined if no sidecar has made one yet. */
export function readControlToken(options: SecretOptions): Secret | undefined {
  return findControlToken(options, inputOf(options, []), false)?.secret;
}

/** The secrets that can be read, although some cannot. */
export interface PresentSecrets {
  /** Null if none are set, or they cannot be used. */
  kling: { credentials: Credentials; origin: string } | null;
  all: readonly Secret[];
  /** Files that hold some of them, absolute. */
  files: readonly string[];
}

/**
 * Reads the existing secrets, makes none, and refuses nothing: {@link checkSecrets} reports their problems.
 * Runs `auth.command` if the credentials come from it.
 */
export async function readPresentSecrets(options: SecretOptions): Promise<PresentSecrets> {
  try {
    // The token exists, so this makes nothing.
    if (readControlToken(options) !== undefined) {
      const { kling, klingOrigin, all, files } = await loadSecrets(options);
      return { kling: { credentials: kling, origin: klingOrigin }, all, files };
    }
  } catch (error) {
    if (!(error instanceof SidecarError)) throw error;
  }
  const input = inputOf(options, []);
  try {
    const { kling, origin } = await findKling(options.config.auth, input);
    const all = [kling.kind === 'api_key' ? kling.key : kling.secretKey];
    return { kling: { credentials: kling, origin }, all, files: [...input.files] };
  } catch (error) {
    if (!(error instanceof SidecarError)) throw error;
    return { kling: null, all: [], files: [...input.files] };
  }
}

/** Reads only the keys of the configured apps, for commands that call as one of them. @throws SidecarError `secret_invalid`. */
export function readAppSecrets(options: SecretOptions): readonly AppSecret[] {
  return readApps(options.config.apps, inputOf(options, []));
}

/** The report of `config check` on the secrets. */
export interface SecretCheck {
  /** The origin of the credentials; null if none are set. */
  credentials: string | null;
  warnings: readonly string[];
  /** The problems that would stop a start, a sentence each: secrets that are set and cannot be used. */
  problems: readonly string[];
}

/**
 * Checks every secret like a start, without making the control token or running `auth.command`, and gives all problems,
 * except missing credentials: {@link missingCredentials} reports those.
 */
export function checkSecrets(options: SecretOptions): SecretCheck {
  const { config } = options;
  const warnings: string[] = [];
  const problems: string[] = [];
  const input = inputOf(options, warnings);
  const gather = <T>(read: () => T): T | undefined => gatherProblem(read, problems);
  const found = gather(() => findInEnvironment(config.auth, input));
  const isBroken = problems.length > 0;
  gather(() => checkTokenLength(findControlToken(options, input, false)));
  const owners: KeyOwner[] = [];
  for (const [index, app] of config.apps.entries()) gather(() => readApp(app, { index, input, owners }));
  const { tls } = config.listen;
  if (tls) {
    const certificate = gather(() => readPublic('listen.tls.certFile', tls.certFile));
    const key = gather(() => readSecretFile('listen.tls.keyFile', tls.keyFile, input.rules));
    if (certificate !== undefined && key !== undefined) gather(() => checkPair(certificate, key));
  }
  gather(() => checkAuthorities(config.upstream.caFile, input));
  for (const channel of config.alerts.channels) checkChannel(channel, input, gather);
  gather(() => readCallbackSecrets(config.callbacks, (name) => find([name], input)));
  gather(() => readBucket(config.results.s3, input));
  const command = config.auth.command ? 'auth.command' : null;
  return { credentials: isBroken ? 'broken' : (found?.origin ?? command), warnings, problems };
}

function gatherProblem<T>(read: () => T, problems: string[]): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof SidecarError)) throw error;
    problems.push(error.message);
    return undefined;
  }
}

function inputOf({ config, env, cwd }: SecretOptions, warnings: string[]): SecretInput {
  const rules = {
    trustedFolders: trustedFolders(config.auth.trustedDirectories, env),
    warn: (message: string) => void warnings.push(message),
  };
  return { env, folder: cwd, rules, files: new Set(), hidden: channelVariables(config.alerts.channels) };
}

function find(names: readonly SecretVariable[], input: SecretInput): FoundSecret | undefined {
  const found = findSecret(names, input);
  if (found?.file) input.files.add(found.file);
  return found;
}

/** Like `find`, for a secret of Kling's. */
function findOne(names: readonly SecretVariable[], input: SecretInput): FoundSecret | undefined {
  const found = find(names, input);
  if (found) checkIsOne(found.origin, found.secret.reveal());
  return found;
}

interface FoundKling {
  /** An API key opens every route, a pair the legacy generation only. */
  kling: Credentials;
  origin: string;
}

async function findKling(auth: Config['auth'], input: SecretInput): Promise<FoundKling> {
  const found = findInEnvironment(auth, input);
  if (found) return found;
  if (auth.command) return fromCommand(auth.command, auth.mode, input);
  throw new SidecarError('secret_invalid', missingCredentials(auth.mode));
}

function findInEnvironment(auth: Config['auth'], input: SecretInput): FoundKling | undefined {
  const key = auth.mode === 'ak_sk' ? undefined : findOne(['KLING_API_KEY', 'KLINGAI_API_KEY'], input);
  const pair = auth.mode === 'api_key' || key ? undefined : findPair(input);
  const found = key ? { kling: { kind: 'api_key' as const, key: key.secret }, origin: key.origin } : pair;
  if (found && auth.command) input.rules.warn(`auth.command is not run: ${found.origin} comes first.`);
  return found;
}

function findPair(input: SecretInput): FoundKling | undefined {
  const halves: string[] = [];
  for (const prefix of ['KLING', 'KLINGAI'] as const) {
    const access = findOne([`${prefix}_ACCESS_KEY`], input);
    const secret = findOne([`${prefix}_SECRET_KEY`], input);
    if (access && secret) {
      const kling = { kind: 'ak_sk' as const, accessKey: access.secret.reveal(), secretKey: secret.secret };
      return { kling, origin: secret.origin };
    }
    if (access) halves.push(`${access.origin} is set without ${prefix}_SECRET_KEY`);
    if (secret) halves.push(`${secret.origin} is set without ${prefix}_ACCESS_KEY`);
  }
  if (halves.length === 0) return undefined;
  throw new SidecarError('secret_invalid', `${halves.join('; ')}: set both halves of the pair.`);
}

async function fromCommand(
  command: readonly string[],
  mode: Config['auth']['mode'],
  input: SecretInput,
): Promise<FoundKling> {
  const { apiKey, accessKey, secretKey } = await runSecretCommand(
    command,
    withoutSecrets(input.env, input.hidden),
  );
  const origin = 'auth.command';
  for (const text of [apiKey, accessKey, secretKey]) if (text !== undefined) checkIsOne(origin, text);
  if (apiKey !== undefined && mode !== 'ak_sk') {
    return { kling: { kind: 'api_key', key: new Secret(checkText(origin, apiKey)) }, origin };
  }
  if (accessKey !== undefined && secretKey !== undefined && mode !== 'api_key') {
    const secret = new Secret(checkText(origin, secretKey));
    return { kling: { kind: 'ak_sk', accessKey: checkText(origin, accessKey), secretKey: secret }, origin };
  }
  throw invalid(origin, `printed no credentials for auth.mode ${mode}`, 'change auth.mode or what it prints');
}

/** Makes the message that no credentials were found, with the expected ones. */
export function missingCredentials(mode: Config['auth']['mode']): string {
  const key = 'KLING_API_KEY_FILE or KLING_API_KEY';
  const pair = 'KLING_ACCESS_KEY and KLING_SECRET_KEY (or their _FILE forms)';
  const wanted = { auto: `${key}, or ${pair}`, api_key: key, ak_sk: pair }[mode];
  return `No Kling credentials were found: set ${wanted}, or name a program in auth.command.`;
}

function findControlToken(
  options: SecretOptions,
  input: SecretInput,
  mayMake: boolean,
): FoundSecret | undefined {
  const found = find(['KLING_SIDECAR_CONTROL_TOKEN'], input);
  if (found) return found;
  const { store } = options.config;
  if (mayMake) ensureControlToken(store);
  const file = controlTokenPath(store);
  let text: string;
  try {
    text = readSecretFile('The control token', file, input.rules);
  } catch (error) {
    const isAbsent =
      error instanceof SidecarError && (error.cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT';
    if (isAbsent) return undefined;
    throw error;
  }
  input.files.add(file);
  return { secret: new Secret(checkText('The control token', text)), origin: file, file };
}

function missingToken(store: Config['store']): never {
  throw invalid(
    'The control token',
    `is gone from ${controlTokenPath(store)}`,
    'start again to make a new one',
  );
}

/** The fewest characters of a caller's secret: a shorter one can be guessed. */
const SECRET_LENGTH_MIN = 16;

function checkLength(name: string, secret: Secret): void {
  const { length } = secret.reveal();
  if (length >= SECRET_LENGTH_MIN) return;
  throw invalid(
    name,
    `is ${length} characters long, and at least ${SECRET_LENGTH_MIN} are needed`,
    'make one with: openssl rand -base64 24',
  );
}

/** The file's name is in its origin; a token that a sidecar made is long enough. */
function checkTokenLength(token: FoundSecret | undefined): void {
  if (token) checkLength(`The control token (${token.origin})`, token.secret);
}

interface KeyOwner {
  secret: Secret;
  name: string;
}

function readApps(apps: readonly AppConfig[], input: SecretInput): AppSecret[] {
  const owners: KeyOwner[] = [];
  return apps.map((app, index) => readApp(app, { index, input, owners }));
}

function readApp(
  { name, auth }: AppConfig,
  { index, input, owners }: { index: number; input: SecretInput; owners: KeyOwner[] },
): AppSecret {
  const field = auth.kind === 'key' ? 'keyFile' : 'secretKeyFile';
  const key = `apps[${index}].${field}`;
  const file = auth.kind === 'key' ? auth.keyFile : auth.secretKeyFile;
  const text = readSecretFile(key, file, input.rules);
  input.files.add(file);
  if (auth.kind === 'ak_sk') {
    const secretKey = new Secret(checkText(key, text));
    checkLength(`The secret in ${key} (${file})`, secretKey);
    return { name, kind: 'ak_sk', accessKey: auth.accessKey, secretKey };
  }
  const keys = text
    .trim()
    .split(/\s+/)
    .map((one) => new Secret(checkText(key, one)));
  for (const secret of keys) {
    checkLength(`A key in ${key} (${file})`, secret);
    const owner = owners.find((other) => other.name !== name && other.secret.equals(secret));
    if (owner) throw invalid(key, `holds a key of the app "${owner.name}"`, 'give each app keys of its own');
    owners.push({ secret, name });
  }
  return { name, kind: 'key', keys };
}
