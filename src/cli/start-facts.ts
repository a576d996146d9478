/** The report of a start, once: addresses, mode, upstream, credentials, budgets, store, process. */
import { isDeepStrictEqual } from 'node:util';
import type { AppUrls } from '../app/options.ts';
import { defaultBudgetRules } from '../budget/budget-config.ts';
import type { BudgetMatch, BudgetRule } from '../budget/budget-rule.ts';
import type { LoadedConfig } from '../config/config.ts';
import type { Secrets } from '../config/secrets.ts';
import { toCredits } from '../units.ts';
import { fieldsText, roomOf } from './table.ts';
import { paint, type Terminal } from './terminal.ts';
import { wrapText } from './text-width.ts';

/** The facts as the log line `ready` has them; no secret is among them. */
export interface StartFacts extends AppUrls {
  pid: number;
  mode: LoadedConfig['config']['mode'];
  environment: string;
  upstream: string;
  /** Of which kind the credentials are, and the variable or command that they came from. */
  credentials: 'API key' | 'access key and secret key';
  credentialsFrom: string;
  budgets: readonly BudgetFacts[];
  /** Where alerts are sent, such as `ops (slack)`. */
  alertChannels: readonly string[];
  store: string;
  /** The config file; null if there is none and defaults hold. */
  config: string | null;
  /** A note on this configuration for new users; null if none is needed. */
  note: string | null;
}

interface BudgetFacts {
  name: string;
  limitCredits: number;
  limitUsd?: number;
  window: BudgetRule['window'];
  timeZone: string;
  mode: BudgetRule['mode'];
  per: BudgetRule['per'];
  match: BudgetMatch;
}

/** Budgets that the banner lists; `budget list` has them all. */
const BUDGETS_SHOWN = 10;

/** Gathers the facts of a start. */
export function startFacts(urls: AppUrls, loaded: LoadedConfig, secrets: Secrets): StartFacts {
  const { config } = loaded;
  return {
    ...urls,
    pid: process.pid,
    mode: config.mode,
    environment: config.environment,
    upstream: config.upstream.baseUrl,
    credentials: secrets.kling.kind === 'api_key' ? 'API key' : 'access key and secret key',
    credentialsFrom: secrets.klingOrigin,
    budgets: config.budgets.map((rule, at) => budgetFacts(rule, loaded.values.budgets[at]?.usd)),
    alertChannels: config.alerts.channels.map(({ name, type }) => `${name} (${type})`),
    store: config.store.path,
    config: loaded.path,
    note: noteOf(loaded),
  };
}

function budgetFacts(rule: BudgetRule, usd: number | undefined): BudgetFacts {
  const { name, limit, window, timeZone, mode, per, match } = rule;
  const limitUsd = usd === undefined ? {} : { limitUsd: usd };
  return { name, limitCredits: toCredits(limit), ...limitUsd, window, timeZone, mode, per, match };
}

function noteOf({ config, path }: LoadedConfig): string | null {
  const { mode, budgets } = config;
  if (mode === 'observe')
    return 'Nothing is refused for money: kling-sidecar status --would-have shows what protect would do.';
  if (budgets.length === 0) return 'There is no budget, so no create is refused for money.';
  if (!isDeepStrictEqual(budgets, defaultBudgetRules())) return null;
  const file = path ?? 'sidecar.config.json';
  return (
    'The default budget is in force: creates are refused above 1,000 credits a day. ' +
    `To change it, edit "budgets" in ${file} and run kling-sidecar reload.`
  );
}

/** Writes the facts for people. */
export function banner(terminal: Terminal, facts: StartFacts): string {
  const rows: [string, string | null][] = [
    ['data plane', `${facts.all.data.join('  ')}   (point your Kling base URL here)`],
    ['data plane, TLS', facts.all.dataTls.join('  ') || null],
    ['control plane', facts.all.control.join('  ')],
    ['probes', facts.all.probes.join('  ') || null],
    ['mode', facts.mode],
    ['upstream', facts.upstream],
    ['credentials', `${facts.credentials} (from ${facts.credentialsFrom})`],
    ...budgetRows(facts.budgets),
    ['alerts', facts.alertChannels.join(', ') || 'no channel: kling-sidecar alert list shows them'],
    ['store', facts.store],
    ['config', facts.config ?? 'no file: defaults'],
    ['process', `${facts.pid}   (ends with Ctrl-C or kling-sidecar stop)`],
  ];
  const fields = rows.flatMap(([name, text]): [string, string][] =>
    text === null ? [] : [[`  ${name}`, text]],
  );
  const { width } = roomOf(terminal);
  const note = facts.note === null ? [] : wrapText(facts.note, width - 2);
  const noted = note.map((line) => `  ${paint(terminal, 'warn', line)}\n`).join('');
  return `${paint(terminal, 'good', 'kling-sidecar is ready')}\n${fieldsText(fields, width)}${noted}`;
}

function budgetRows(budgets: readonly BudgetFacts[]): [string, string][] {
  if (budgets.length === 0) return [['budgets', 'none']];
  const rows = budgets
    .slice(0, BUDGETS_SHOWN)
    .map((budget, at): [string, string] => [at === 0 ? 'budgets' : '', budgetText(budget)]);
  const more = budgets.length - rows.length;
  return more > 0 ? [...rows, ['', `and ${more} more: kling-sidecar budget list`]] : rows;
}

const WINDOWS: Readonly<Record<BudgetRule['window'], string>> = {
  hour: 'an hour',
  day: 'a day',
  week: 'a week',
  month: 'a month',
  total: 'in total',
};

/** Writes one budget such as `daily: 1,000 credits a day (UTC)`. */
function budgetText({
  name,
  limitCredits,
  limitUsd,
  window,
  timeZone,
  mode,
  per,
  match,
}: BudgetFacts): string {
  const usd = limitUsd === undefined ? '' : ` (${limitUsd} USD)`;
  const zone = window === 'total' || window === 'hour' ? '' : ` (${timeZone})`;
  const limit = limitCredits.toLocaleString('en-US', { maximumFractionDigits: 3 });
  const only = Object.entries(match).map(([key, value]) => `${key} ${String(value)}`);
  return [
    `${name}: ${limit} credits${usd} ${WINDOWS[window]}${zone}`,
    ...(per === null ? [] : [`for each ${per}`]),
    ...(only.length === 0 ? [] : [`only ${only.join(', ')}`]),
    ...(mode === 'shadow' ? ['counted, never refused'] : []),
  ].join(', ');
}
