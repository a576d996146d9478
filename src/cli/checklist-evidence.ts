/** The evidence for all lines of the checklist, gathered once. */
import { statSync } from 'node:fs';
import path from 'node:path';
import type { Pack } from '../account/account.ts';
import { readAccount } from '../account/account-table.ts';
import type { ChannelConfig } from '../alerts/channel-configs.ts';
import type { Config } from '../config/config.ts';
import { loadConfig } from '../config/config.ts';
import { readPresentSecrets, type PresentSecrets } from '../config/secrets.ts';
import type { AlertsAnswer } from '../control/alert-schemas.ts';
import type { StatusAnswer } from '../control/schemas.ts';
import type { TasksAnswer } from '../control/task-schemas.ts';
import type { UsageSumsAnswer } from '../control/usage-schemas.ts';
import { EMULATOR_CREDENTIALS } from '../emulator/emulator-help.ts';
import { SidecarError } from '../errors.ts';
import { accountName } from '../kling/account-name.ts';
import type { Credentials } from '../kling/token.ts';
import { readUsedKeys, type UsedKey } from '../ledger/used-keys.ts';
import { openStoreReadOnly } from '../store/sqlite/read-only-store.ts';
import { statsOf } from '../store/sqlite/store-file.ts';
import type { Ms } from '../units.ts';
import { askKling, notAsked, type KlingSeen } from './checklist-kling.ts';
import { lookAtRepositories, type RepositoriesSeen } from '../config/secret-repositories.ts';
import type { Context } from './context.ts';
import type { ChannelSeen } from '../alerts/alert-checks.ts';
import type { Check } from '../check.ts';
import type { Sources } from './doctor-records.ts';
import { STORE_READER } from './offline.ts';
import { SMOKE_TAG } from './smoke-create.ts';

/** The known facts about the credentials, without a secret. */
export interface KeySeen {
  /** Their source, a variable or `auth.command`; null if this command finds none. */
  origin: string | null;
  kind: Credentials['kind'] | null;
  /** Null if neither this command nor the store knows them. */
  fingerprint: string | null;
  /** The file that contains them, and its last change; null for other sources. */
  file: { path: string; changedAt: Ms } | null;
}

/** Keys of another environment: from its store, or one that was named by its fingerprint. */
export interface OtherKeys {
  name: string;
  environment: string | null;
  fingerprints: readonly string[];
}

/** Facts about the tasks of the last 31 days. */
export interface WorkSeen {
  byMode: readonly { mode: string | null; tasks: number; credits: number }[];
  failed: number;
  /** When the last smoke test's task succeeded; null if none did. */
  smokeAt: Ms | null;
  /** For which creates the last two are known, such as `in the last 31 days`. */
  span: string;
}

export interface Evidence {
  config: Config;
  now: Ms;
  env: Readonly<Record<string, string | undefined>>;
  runs: boolean;
  /** Doctor's findings. */
  checks: readonly Check[];
  status: StatusAnswer | null;
  key: KeySeen;
  repositories: RepositoriesSeen;
  keys: readonly UsedKey[];
  others: readonly OtherKeys[];
  /** The known state of alert channels; null if it is unknown. */
  channels: readonly ChannelSeen[] | null;
  /** The destinations of the config's alert channels; `url` if the config contains one. */
  targets: readonly { name: string; url: string | null }[];
  /** From Kling or from the store; null if neither has them. */
  packs: readonly Pack[] | null;
  work: WorkSeen | null;
  kling: KlingSeen;
}

export interface Wishes {
  /** Whether a request to Kling is allowed. */
  mayAsk: boolean;
  /** Configs of other environments, or fingerprints. */
  compare: readonly string[];
}

/** The emulator's credentials are in its documents. */
const PUBLISHED: ReadonlySet<string> = new Set(Object.values(EMULATOR_CREDENTIALS));
const DAY_MS = 86_400_000;
const WORK_MS = 31 * DAY_MS;
const FINGERPRINT = /^(key|ak)-[0-9a-f]{16}$/;

/** Gathers it. @throws SidecarError `bad_usage` for another environment that cannot be read. */
export async function gather(
  context: Context,
  { checks, sources }: { checks: readonly Check[]; sources: Readonly<Sources> },
  { mayAsk, compare }: Wishes,
): Promise<Evidence> {
  const { terminal } = context;
  const { config, folder } = context.loaded();
  const { env, cwd, clock } = terminal;
  const now = clock.now();
  const others = await Promise.all(compare.map((name) => otherKeys(context, name)));
  const secrets = await readPresentSecrets({ config, env, cwd });
  const { store, runs, status, answers } = sources;
  const keys = store === null ? [] : ((await orNull(store.read(readUsedKeys, undefined))) ?? []);
  const kling = mayAsk
    ? await askKling(context, { runs, credentials: secrets.kling?.credentials ?? null })
    : notAsked('Kling was not asked (--without-kling).');
  return {
    config,
    now,
    env,
    runs,
    checks,
    status,
    key: keySeen(secrets, { keys, env, cwd, runs }),
    repositories: await lookAtRepositories({
      folders: [cwd, folder],
      secretFiles: secrets.files,
      secrets: secrets.all.filter((secret) => !PUBLISHED.has(secret.reveal())),
      env,
    }),
    keys,
    others,
    channels: answers === null ? null : await orNull(channelsSeen(answers)),
    targets: config.alerts.channels.map(targetSeen),
    packs: await packsSeen(kling, store),
    work: answers === null ? null : await orNull(workSeen(answers, now)),
    kling,
  };
}

/** Gives null if neither the store nor the sidecar can answer: doctor's own checks report that. */
async function orNull<T>(promise: Promise<T>): Promise<T | null> {
  try {
    return await promise;
  } catch (error) {
    if (error instanceof SidecarError) return null;
    throw error;
  }
}

function keySeen(
  { kling }: PresentSecrets,
  { keys, env, cwd, runs }: { keys: readonly UsedKey[]; env: Evidence['env']; cwd: string; runs: boolean },
): KeySeen {
  if (kling === null) {
    // A running sidecar has its own credentials: the last ones in its store.
    const used = runs ? (keys[0]?.fingerprint ?? null) : null;
    const kind = used === null ? null : used.startsWith('ak-') ? 'ak_sk' : 'api_key';
    return { origin: null, kind, fingerprint: used, file: null };
  }
  const { credentials, origin } = kling;
  const { fingerprint } = accountName(credentials, null);
  return { origin, kind: credentials.kind, fingerprint, file: fileOf(origin, env, cwd) };
}

function fileOf(origin: string, env: Evidence['env'], cwd: string): KeySeen['file'] {
  const named = origin.endsWith('_FILE') ? (env[origin] ?? '') : '';
  if (named === '') return null;
  const file = path.resolve(cwd, named);
  const stats = statsOf(file, statSync);
  return stats ? { path: file, changedAt: Math.floor(stats.mtimeMs) } : null;
}

async function otherKeys({ terminal }: Context, name: string): Promise<OtherKeys> {
  if (FINGERPRINT.test(name)) return { name, environment: null, fingerprints: [name] };
  const { cwd, clock } = terminal;
  try {
    // For another environment its file counts, not the variables of this one.
    const { config } = loadConfig({ path: name, env: {}, cwd });
    const store = await openStoreReadOnly(config.store.path, { reader: STORE_READER, clock });
    const keys = await store.read(readUsedKeys, undefined).finally(() => store.close());
    return {
      name,
      environment: config.environment,
      fingerprints: keys.map(({ fingerprint }) => fingerprint),
    };
  } catch (error) {
    if (!(error instanceof SidecarError)) throw error;
    throw new SidecarError(
      'bad_usage',
      `--compare ${name}: ${error.message} Name a config file whose sidecar has run, or a fingerprint such as key-0123456789abcdef.`,
      { cause: error },
    );
  }
}

function targetSeen(channel: ChannelConfig): Evidence['targets'][number] {
  return {
    name: channel.name,
    url: 'url' in channel && typeof channel.url === 'string' ? channel.url : null,
  };
}

async function channelsSeen(answers: Answers): Promise<readonly ChannelSeen[]> {
  return ((await answers.get('/v1/alerts?limit=1')) as AlertsAnswer).channels;
}

async function packsSeen(kling: KlingSeen, store: Sources['store']): Promise<readonly Pack[] | null> {
  if (kling.kind === 'answered' && kling.code === 0) return kling.packs;
  const account = store === null ? null : await orNull(store.read(readAccount, {}));
  return account === null || account.reads.packs.readAt === null ? null : account.packs;
}

interface Answers {
  get(path: string): Promise<unknown>;
}

async function workSeen(answers: Answers, now: Ms): Promise<WorkSeen> {
  const from = new Date(now - WORK_MS).toISOString();
  const usage = (await answers.get(`/v1/usage?by=mode&from=${from}`)) as UsageSumsAnswer;
  const failed = await listed(answers, `from=${from}&state=failed`);
  const { tasks, isWhole } = await listed(answers, `from=${from}&state=succeeded&tag=${SMOKE_TAG}`);
  const [smoke] = tasks;
  return {
    byMode: usage.rows.map(({ mode = null, tasks: count, credits }) => ({ mode, tasks: count, credits })),
    failed: failed.tasks.length,
    smokeAt: smoke === undefined ? null : Date.parse(smoke.updatedAt),
    span: failed.isWhole && isWhole ? 'in the last 31 days' : 'among the newest creates',
  };
}

/** A page of the list looks at 10,000 creates at most; a store with millions is not read whole for a verdict. */
const PAGES_MAX = 10;

/** Lists tasks, newest first; `isWhole` is false if there may be more. */
async function listed(
  answers: Answers,
  asked: string,
): Promise<{ tasks: TasksAnswer['tasks']; isWhole: boolean }> {
  const tasks: TasksAnswer['tasks'] = [];
  let cursor = '';
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const answer = (await answers.get(`/v1/tasks?limit=1000&${asked}${cursor}`)) as TasksAnswer;
    tasks.push(...answer.tasks);
    if (answer.nextCursor === null) return { tasks, isWhole: true };
    cursor = `&cursor=${encodeURIComponent(answer.nextCursor)}`;
  }
  return { tasks, isWhole: false };
}
