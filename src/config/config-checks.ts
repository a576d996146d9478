/** Checks that need several sections: rules between sections, and features that this version lacks. */
import { hostList } from '../fields.ts';
import { addressesOf, isLoopback } from '../listen.ts';
import { SEND_MS_MIN } from '../proxy/caller.ts';
import { showValue, type ConfigProblem } from './config-problem.ts';
import type { ConfigValues, SectionName } from './config-schema.ts';
import { modelWarnings, wronglyNamedModels } from './named-models.ts';
import { nearestWord } from './nearest.ts';
import { unusedPrices } from './unused-prices.ts';

interface Check {
  /** Left out when one of these sections is broken: its values are then defaults. */
  needs: readonly SectionName[];
  find(values: ConfigValues): ConfigProblem[];
}

const CHECKS: readonly Check[] = [
  { needs: ['listen', 'apps'], find: exposedWithoutApps },
  { needs: ['listen', 'control', 'probes', 'callbacks'], find: portsTaken },
  { needs: ['upstream'], find: proxyWithoutTls },
  { needs: ['creates', 'limits'], find: waitsTooLong },
  { needs: ['budgets', 'price'], find: dollarsInOtherCurrency },
  { needs: ['budgets', 'apps'], find: budgetsOfUnknownApps },
  { needs: ['tasks', 'apps'], find: retriesOfUnknownApps },
  { needs: ['budgets', 'limits', 'pricing'], find: wronglyNamedModels },
  { needs: ['alerts'], find: rulesOfUnknownChannels },
];

/** Finds problems and warnings between the sections that are whole. */
export function checkValues(
  values: ConfigValues,
  broken: ReadonlySet<SectionName>,
): { problems: ConfigProblem[]; warnings: string[] } {
  const whole = CHECKS.filter(({ needs }) => needs.every((name) => !broken.has(name)));
  return {
    problems: whole.flatMap((check) => check.find(values)),
    warnings: [...warningsOf(values), ...modelWarnings(values), ...unusedPrices(values)],
  };
}

type Host = ConfigValues['listen']['host'];

function isAllLoopback(host: Host): boolean {
  return hostList(host).every(isLoopback);
}

function exposedWithoutApps({ listen, apps }: ConfigValues): ConfigProblem[] {
  if (isAllLoopback(listen.host) || apps.length > 0) return [];
  return [
    {
      key: 'listen.host',
      value: showValue(listen.host),
      allowed: 'loopback addresses while apps is empty: anyone who reaches this port spends your credits',
      suggestion: 'configure apps, each with a key of its own, or listen on "127.0.0.1"',
    },
  ];
}

function portsTaken({ listen, control, probes, callbacks }: ConfigValues): ConfigProblem[] {
  const listeners = [
    { key: 'listen.port', host: listen.host, port: listen.port },
    ...(listen.tls ? [{ key: 'listen.tls.port', host: listen.host, port: listen.tls.port }] : []),
    { key: 'control.port', host: control.host, port: control.port },
    ...(probes ? [{ key: 'probes.port', host: probes.host, port: probes.port }] : []),
    ...(callbacks ? [{ key: 'callbacks.port', host: callbacks.host, port: callbacks.port }] : []),
  ];
  const problems: ConfigProblem[] = [];
  for (const [index, listener] of listeners.entries()) {
    const other = listeners.slice(0, index).find((candidate) => candidate.port === listener.port);
    if (!other || listener.port === 0 || !mayCollide(other.host, listener.host)) continue;
    problems.push({
      key: listener.key,
      value: showValue(listener.port),
      allowed: 'a port that no other listener has',
      suggestion: `${other.key} is ${other.port} already: choose another, or 0 for any`,
    });
  }
  return problems;
}

/** Two listeners collide unless all their addresses are given in full and differ. */
function mayCollide(one: Host, other: Host): boolean {
  const [ones, others] = [addressesOf(hostList(one)), addressesOf(hostList(other))];
  const isWide = (host: string): boolean => host === '0.0.0.0' || host === '::';
  return ones.some((host) => others.includes(host)) || [...ones, ...others].some(isWide);
}

function proxyWithoutTls({ upstream }: ConfigValues): ConfigProblem[] {
  if (upstream.proxy === null || upstream.baseUrl.startsWith('https:')) return [];
  return [
    {
      key: 'upstream.proxy',
      value: showValue(upstream.proxy),
      allowed: 'null while upstream.baseUrl is http: a proxy would see the key',
      suggestion: 'use an https upstream, or remove the proxy',
    },
  ];
}

function waitsTooLong({ creates, limits }: ConfigValues): ConfigProblem[] {
  const longest = creates.deadlineMs - SEND_MS_MIN;
  if (limits.queueWaitMsMax <= longest) return [];
  return [
    {
      key: 'limits.queueWaitMsMax',
      value: showValue(limits.queueWaitMsMax),
      allowed: `at most ${longest}: a create is sent only with ${SEND_MS_MIN} ms of creates.deadlineMs left`,
      suggestion: `write ${longest} or less, or raise creates.deadlineMs`,
    },
  ];
}

function dollarsInOtherCurrency({ budgets, price }: ConfigValues): ConfigProblem[] {
  if (price.currency === 'USD') return [];
  return budgets.flatMap(({ usd }, index) =>
    usd === undefined
      ? []
      : {
          key: `budgets[${index}].usd`,
          value: showValue(usd),
          allowed: `credits, since price.currency is ${showValue(price.currency)}`,
          suggestion: 'give the limit in credits, or price.perCredit in USD',
        },
  );
}

function budgetsOfUnknownApps({ budgets, apps }: ConfigValues): ConfigProblem[] {
  return budgets.flatMap(({ match }, index) =>
    unknownApp(apps, { key: `budgets[${index}].match.app`, app: match.app, what: 'budget' }),
  );
}

function retriesOfUnknownApps({ tasks, apps }: ConfigValues): ConfigProblem[] {
  return tasks.retryFailed.flatMap(({ app }, index) =>
    unknownApp(apps, { key: `tasks.retryFailed[${index}].app`, app, what: 'rule' }),
  );
}

/** Gives the problem of a key that names an app which is not configured, where any are. */
function unknownApp(
  apps: ConfigValues['apps'],
  { key, app, what }: { key: string; app: string | undefined; what: string },
): ConfigProblem[] {
  const names = apps.map(({ name }) => name);
  if (names.length === 0 || app === undefined || names.includes(app)) return [];
  const nearest = nearestWord(app, names);
  return [
    {
      key,
      value: showValue(app),
      allowed: `an app that is configured: ${names.join(', ')}`,
      suggestion: nearest === undefined ? `add the app, or remove the ${what}` : `did you mean "${nearest}"?`,
    },
  ];
}

function rulesOfUnknownChannels({ alerts }: ConfigValues): ConfigProblem[] {
  const names = alerts.channels.map(({ name }) => name);
  return Object.entries(alerts.rules).flatMap(([rule, given]) => {
    const wanted = typeof given === 'object' ? (given.channels ?? []) : [];
    return wanted.flatMap((name, index) => {
      if (names.includes(name)) return [];
      const nearest = nearestWord(name, names);
      return {
        key: `alerts.rules.${rule}.channels[${index}]`,
        value: showValue(name),
        allowed: names.length === 0 ? 'nothing while alerts.channels is empty' : `one of ${names.join(', ')}`,
        suggestion:
          nearest === undefined ? 'name a channel of alerts.channels' : `did you mean "${nearest}"?`,
      };
    });
  });
}

/** A claim may be filed until two months after its month: calls older than this many days are no longer needed. */
const CLAIM_DAYS = 93;

function warningsOf({ listen, control, store, budgets, mode, apps }: ConfigValues): string[] {
  const warnings: string[] = [];
  const beyond = (host: Host): string =>
    hostList(host)
      .filter((each) => !isLoopback(each))
      .join(', ');
  if (!isAllLoopback(listen.host))
    warnings.push(`The data plane listens beyond loopback (${beyond(listen.host)}).`);
  if (!isAllLoopback(control.host)) {
    warnings.push(
      `The control plane listens beyond loopback (${beyond(control.host)}): reads need the token too.`,
    );
  }
  if (listen.allowedOrigins.length > 0 && apps.length === 0) {
    warnings.push(
      `Web pages of ${listen.allowedOrigins.join(', ')} may spend without a key (listen.allowedOrigins), and so may ` +
        'any script that gets into them: configure apps, so that each caller needs a key.',
    );
  }
  if (store.callRetentionDays < CLAIM_DAYS) {
    warnings.push(
      `store.callRetentionDays is ${store.callRetentionDays}: a claim may be filed two months after its month, ` +
        `for which ${CLAIM_DAYS} days of calls are needed.`,
    );
  }
  const isGuarded = budgets.some((budget) => budget.mode === 'enforce');
  if (mode === 'protect' && !isGuarded)
    warnings.push('No budget refuses anything: budgets has none in mode enforce.');
  return warnings;
}
