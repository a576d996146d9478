/** `alert list`, `alert test`, `alert silence` and `alert unsilence`. */
import { Argument, InvalidArgumentError, type Command } from 'commander';
import { CONFIGURED_RULES } from '../alerts/rules-config.ts';
import type { RuleWord } from '../alerts/rule-words.ts';
import { nearestWord } from '../config/nearest.ts';
import type { AlertsAnswer, AlertTestAnswer, SilencesAnswer } from '../control/alert-schemas.ts';
import { printAlerts } from './alert-list.ts';
import { actorOption, type Context } from './context.ts';
import { addFormats, formatOf, wholeNumber, withQuery } from './lists.ts';
import type { Format } from './rows.ts';
import { openSource, order } from './source.ts';
import { minuteText, zoneOf } from './table.ts';
import { paint } from './terminal.ts';

const LIMIT_MAX = 1000;
const LIMIT_DEFAULT = 20;

interface ListOptions {
  format?: Format;
  json?: boolean;
  limit?: number;
}

/** Adds the commands. */
export function addAlert(program: Command, context: () => Context): void {
  const alert = program.command('alert').description('what fires, where it is sent, and silences');
  addFormats(alert.command('list').description('alerts that fire, those of late, silences, and channels'))
    .option('--limit <rows>', 'alerts of each list', wholeNumber(1, LIMIT_MAX), LIMIT_DEFAULT)
    .action((options: ListOptions) => list(context(), options));
  alert
    .command('test')
    .description(
      'send a test to a channel, or to all, and show what each answered (needs the running sidecar)',
    )
    .argument('[channel]', 'its name in alerts.channels')
    .option('--reason <text>', 'kept in the audit', 'a test')
    .addOption(actorOption())
    .option('--json', 'print JSON')
    .action((channel: string | undefined, options: TestOptions) => test(context(), channel, options));
  alert
    .command('silence')
    .description(
      'send nothing of a rule for a while; it is still recorded and shown (needs the running sidecar)',
    )
    .addArgument(ruleArgument())
    .requiredOption('--for <time>', 'how long: 45m, 2h, 1d12h; from 1m to 90d')
    .requiredOption('--reason <text>', 'kept in the audit')
    .addOption(actorOption())
    .option('--json', 'print JSON')
    .action((rule: RuleWord, options: SilenceOptions) => silence(context(), rule, options));
  alert
    .command('unsilence')
    .description('send a rule’s alerts again (needs the running sidecar)')
    .addArgument(ruleArgument())
    .option('--reason <text>', 'kept in the audit', 'none given')
    .addOption(actorOption())
    .option('--json', 'print JSON')
    .action((rule: RuleWord, options: TestOptions) => unsilence(context(), rule, options));
}

function ruleArgument(): Argument {
  return new Argument('<rule>', 'such as budget_threshold: alert list shows them').argParser((text) => {
    const rule = CONFIGURED_RULES.find((word) => word === text);
    if (rule !== undefined) return rule;
    const nearest = nearestWord(text, CONFIGURED_RULES);
    const remedy = nearest === undefined ? 'docs/alerts.md lists the rules.' : `Did you mean ${nearest}?`;
    throw new InvalidArgumentError(`There is no such rule. ${remedy}`);
  });
}

async function list(context: Context, options: ListOptions): Promise<void> {
  const source = await openSource(context);
  try {
    const path = withQuery('/v1/alerts', { limit: String(options.limit ?? LIMIT_DEFAULT) });
    const answer = (await source.get(path)) as AlertsAnswer;
    printAlerts(context, answer, { format: formatOf(options), isRunning: source.kind === 'daemon' });
  } finally {
    await source.close();
  }
}

interface TestOptions {
  reason: string;
  json?: boolean;
}

async function test(context: Context, channel: string | undefined, options: TestOptions): Promise<void> {
  const { terminal } = context;
  const body = { ...(channel === undefined ? {} : { channel }), reason: options.reason };
  const what = 'Testing a channel';
  const answer = (await order(context, what, {
    method: 'POST',
    path: '/v1/alerts/test',
    body,
  })) as AlertTestAnswer;
  if (answer.results.some(({ ok }) => !ok)) context.exit(1);
  if (options.json) {
    terminal.out(`${JSON.stringify(answer, null, 2)}\n`);
    return;
  }
  for (const { channel: name, type, ok, error } of answer.results) {
    const said = ok ? paint(terminal, 'good', 'took the message') : paint(terminal, 'bad', error ?? 'failed');
    terminal.out(`${name} (${type ?? 'removed'}): ${said}\n`);
  }
}

interface SilenceOptions extends TestOptions {
  for: string;
}

async function silence(context: Context, rule: RuleWord, options: SilenceOptions): Promise<void> {
  const body = { rule, for: options.for, reason: options.reason };
  const question = { method: 'POST', path: '/v1/alerts/silences', body } as const;
  const answer = (await order(context, 'Silencing a rule', question)) as SilencesAnswer;
  const own = answer.silences.find((each) => each.rule === rule);
  print(context, answer, {
    json: options.json ?? false,
    words: `Nothing of ${rule} is sent until ${timeText(context, own?.until ?? '')}.`,
  });
}

async function unsilence(context: Context, rule: RuleWord, options: TestOptions): Promise<void> {
  const question = {
    method: 'DELETE',
    path: `/v1/alerts/silences/${rule}`,
    body: { reason: options.reason },
  } as const;
  const answer = (await order(context, 'Ending a silence', question)) as SilencesAnswer;
  print(context, answer, { json: options.json ?? false, words: `Alerts of ${rule} are sent again.` });
}

function print(
  { terminal }: Context,
  answer: SilencesAnswer,
  { json, words }: { json: boolean; words: string },
): void {
  terminal.out(json ? `${JSON.stringify(answer, null, 2)}\n` : `${words}\n`);
}

function timeText({ terminal, loaded }: Context, at: string): string {
  if (!terminal.isTerminal || at === '') return at;
  const zone = zoneOf(loaded().config);
  return `${minuteText(zone, at)} (${zone})`;
}
