/** Alerts: what fires and what was heard, tests of channels, silences. */
import { SidecarError } from '../errors.ts';
import type { Ms } from '../units.ts';
import type { ChannelTest } from './alert-commands.ts';
import {
  alertsAnswer,
  alertsQuery,
  SILENCE_MS_MAX,
  silenceBody,
  silenceParams,
  silencesAnswer,
  testAnswer,
  testBody,
} from './alert-schemas.ts';
import { answerAlerts, answerSilences } from './answers/alert-answer.ts';
import type { ControlCommands } from './commands.ts';
import { orderBody } from './questions.ts';
import { addOrder, addQuestion, describeOrder, describeQuestion, type App } from './route-parts.ts';

const list = describeQuestion({
  path: '/v1/alerts',
  summary: 'Firing and recent alerts, silences, and the state of each channel',
  query: alertsQuery,
  answer: alertsAnswer,
  says: 'Alerts.',
});
const test = describeOrder({
  method: 'post',
  path: '/v1/alerts/test',
  summary: 'Sends a test to one channel or all, at once, and returns their answers',
  body: testBody,
  answer: testAnswer,
  says: 'The answer of each channel; also if one did not take it.',
});
const silence = describeOrder({
  method: 'post',
  path: '/v1/alerts/silences',
  summary: 'Sends no alerts of a rule for a while; they are still recorded and shown',
  body: silenceBody,
  answer: silencesAnswer,
  says: 'The silences in force.',
});
const endSilence = describeOrder({
  method: 'delete',
  path: '/v1/alerts/silences/{rule}',
  summary: 'Ends a rule’s silence',
  params: silenceParams,
  body: orderBody,
  answer: silencesAnswer,
  says: 'The silences in force.',
});

/** Adds the routes of alerts. */
export function addAlertRoutes(app: App, { reader, alerts }: ControlCommands): void {
  addQuestion(app, list, ({ query }) => answerAlerts(reader, alerts, query));
  addOrder(app, test, async ({ channel = null, ...order }) => {
    const types = alerts.types();
    const results = (await alerts.test(channel, order)).map((result) => ({
      ...result,
      type: types.get(result.channel) ?? null,
    }));
    return { message: testMessage(results), results };
  });
  addOrder(app, silence, async ({ rule, for: forMs, until: given, ...order }) => {
    const until = checkUntil(given ?? alerts.now() + (forMs ?? 0), alerts.now());
    await alerts.silence({ rule, until }, order);
    return await answerSilences(reader, alerts);
  });
  addOrder(app, endSilence, async (ordered, { rule }) => {
    await alerts.endSilence(rule, ordered);
    return await answerSilences(reader, alerts);
  });
}

function testMessage(results: readonly ChannelTest[]): string {
  const failed = results.flatMap(({ channel, error }) => (error === null ? [] : [`${channel}: ${error}`]));
  const taken = `${results.length - failed.length} of ${results.length} took the test`;
  return failed.length === 0 ? `${taken}.` : `${taken}; ${failed.join('; ')}`;
}

function checkUntil(until: Ms, now: Ms): Ms {
  if (until > now && until <= now + SILENCE_MS_MAX) return until;
  throw new SidecarError(
    'bad_usage',
    `A silence ends later than now and within 90 days, not ${new Date(until).toISOString()}: ` +
      'to hear nothing of a rule for longer, set it to false in alerts.rules.',
  );
}
