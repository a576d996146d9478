/** The lines under "Security". */
import { Secret } from '../secret.ts';
import { createRedaction } from '../telemetry/redaction.ts';
import { isLoopback } from '../listen.ts';
import type { Evidence } from './checklist-evidence.ts';
import { failed, notOurs, passed, together, warned, type LineVerdict } from '../check.ts';
import { countText } from '../phrases.ts';

export const securityLines = {
  keys_not_logged: keysNotLogged,
  urls_temporary: urlsTemporary,
  webhook_https: webhookHttps,
  rate_limit: rateLimit,
  prompt_data: promptData,
};

/** Tries the log's own filter on a key: unchanged, in base64 and as a token. */
function keysNotLogged(evidence: Evidence): LineVerdict {
  const canary = `canary-${'k3y'.repeat(8)}`;
  const redaction = createRedaction();
  redaction.hide(new Secret(canary));
  const forms = [canary, Buffer.from(canary).toString('base64'), `Bearer eyJhbGciOiJIUzI1NiJ9.${canary}.sig`];
  const leaks = forms.some((form) => redaction.clean(`{"a":"${form}"}`).includes(form));
  if (leaks) return failed('The log’s filter lets a key through.', 'Do not run this version.');
  const verdicts = [
    passed(
      'Every line of the log passes a filter, tried just now: it takes out each secret in force in its plain, escaped and base64 forms, and every JWT.',
    ),
  ];
  if (/--inspect/.test(evidence.env['NODE_OPTIONS'] ?? '')) {
    verdicts.push(
      failed('NODE_OPTIONS opens Node’s debugger, which shows every key.', 'Take --inspect out of it.'),
    );
  }
  return together(verdicts);
}

function urlsTemporary({ config }: Evidence): LineVerdict {
  const { keep, rewriteUrls } = config.results;
  if (keep && rewriteUrls && config.mode === 'protect')
    return passed('Files of results are kept, and apps read addresses of ours in place of Kling’s.');
  if (keep) {
    return warned(
      'Files of results are kept, and apps still read Kling’s addresses, which end after 30 days.',
      'Set results.rewriteUrls to true, or let the app give out addresses of its own storage alone.',
    );
  }
  return warned(
    'Addresses of results are signed by Kling and end after 30 days; results.keep is false, and none of the files is stored.',
    'Set results.keep to true, or let the app store each result itself, and give out addresses of its own storage alone.',
  );
}

/** The channels' own rules require https for secret addresses; these are the addresses in the config. */
function webhookHttps({ targets, config }: Pick<Evidence, 'targets' | 'config'>): LineVerdict {
  const open = targets.filter(({ url }) => url !== null && isOpenHttp(url));
  if (open.length > 0) {
    return warned(
      `Alerts go without TLS to ${open.map(({ name }) => name).join(', ')}.`,
      'Give the channel an https address, unless the network between is yours alone.',
    );
  }
  const sent =
    targets.length === 0
      ? 'No alert channel is configured'
      : `${countText(targets.length, 'alert channel')}, none without TLS beyond loopback`;
  const { callbacks } = config;
  if (callbacks === null)
    return passed(`${sent}. callbacks is null; a callback_url of the app’s is Kling’s to call.`);
  return callbacks.publicUrl.startsWith('https:')
    ? passed(`${sent}. Callbacks arrive at ${callbacks.publicUrl}.`)
    : warned(
        `Callbacks arrive at ${callbacks.publicUrl}: without TLS, on this machine.`,
        'In production give callbacks.publicUrl an https address, with a proxy before the receiver.',
      );
}

function isOpenHttp(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname } = new URL(text);
  return protocol === 'http:' && !isLoopback(hostname.replace(/[[\]]/g, ''));
}

function rateLimit({ config }: Evidence): LineVerdict {
  const { requestsPerMinute } = config.limits;
  const remedy =
    'Set limits.requestsPerMinute, or requestsPerMinute of each app; and limit each user in the app itself.';
  if (requestsPerMinute !== null) {
    return passed(
      `At most ${requestsPerMinute} requests leave in a minute, or creates wait (limits.requestsPerMinute). Limiting each user is the app’s.`,
    );
  }
  const without = config.apps.filter((app) => app.requestsPerMinute === null).map(({ name }) => name);
  if (config.apps.length > 0 && without.length === 0) {
    return passed('Each app has a requestsPerMinute of its own. Limiting each user is the app’s.');
  }
  const who = without.length === 0 ? 'the callers' : without.join(', ');
  return warned(`Nothing limits how many creates ${who} may send in a minute; budgets alone do.`, remedy);
}

function promptData({ config }: Evidence): LineVerdict {
  const { promptPreviewChars, promptRetentionDays } = config.store;
  const kept =
    promptPreviewChars === 0
      ? 'The store keeps no prompt.'
      : `The store keeps the first ${promptPreviewChars} characters of a prompt for ${promptRetentionDays} days, with addresses and long numbers masked.`;
  return notOurs(
    `${kept} Kling gets the prompt as it is.`,
    'Keep names, addresses and secrets of people out of prompts; store.promptPreviewChars 0 keeps nothing here.',
  );
}
