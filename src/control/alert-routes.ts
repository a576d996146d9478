/** Alerts: what fires and what was heard, tests of channels, silences. */
import { createRoute } from '@hono/zod-openapi';
import { SidecarError } from '../errors.ts';
import type { Ms } from '../units.ts';
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
import { answers, jsonBody, signed, TOKEN, type App } from './route-parts.ts';

const list = createRoute({
  method: 'get',
  path: '/v1/alerts',
  summary: 'What fires, what was over lately, silences, and how each channel stands',
  request: { query: alertsQuery },
  responses: answers(alertsAnswer, 'Alerts.'),
});
const test = createRoute({
  method: 'post',
  path: '/v1/alerts/test',
  summary: 'Sends a test to one channel or all, at once, and says what each answered',
  security: TOKEN,
  request: { body: jsonBody(testBody) },
  responses: answers(testAnswer, 'What each channel answered; also where one did not take it.'),
});
const silence = createRoute({
  method: 'post',
  path: '/v1/alerts/silences',
  summary: 'Sends nothing of a rule for a while; its alerts are still recorded and shown',
  security: TOKEN,
  request: { body: jsonBody(silenceBody) },
  responses: answers(silencesAnswer, 'The silences in force.'),
});
const endSilence = createRoute({
  method: 'delete',
  path: '/v1/alerts/silences/{rule}',
  summary: 'Ends a rule’s silence',
  security: TOKEN,
  request: { params: silenceParams, body: jsonBody(orderBody) },
  responses: answers(silencesAnswer, 'The silences in force.'),
});

/** Adds the routes of alerts. */
export function addAlertRoutes(app: App, { reader, alerts }: ControlCommands): void {
  app.openapi(list, async (context) =>
    context.json(await answerAlerts(reader, alerts, context.req.valid('query').limit), 200),
  );
  app.openapi(test, async (context) => {
    const { channel = null, ...order } = signed(context, context.req.valid('json'));
    const types = alerts.types();
    const results = (await alerts.test(channel, order)).map((result) => ({
      ...result,
      type: types.get(result.channel) ?? null,
    }));
    return context.json({ results }, 200);
  });
  app.openapi(silence, async (context) => {
    const { rule, for: forMs, until: given, ...order } = signed(context, context.req.valid('json'));
    const until = checkUntil(given ?? alerts.now() + (forMs ?? 0), alerts.now());
    await alerts.silence({ rule, until }, order);
    return context.json(await answerSilences(reader, alerts), 200);
  });
  app.openapi(endSilence, async (context) => {
    await alerts.endSilence(context.req.valid('param').rule, signed(context, context.req.valid('json')));
    return context.json(await answerSilences(reader, alerts), 200);
  });
}

function checkUntil(until: Ms, now: Ms): Ms {
  if (until > now && until <= now + SILENCE_MS_MAX) return until;
  throw new SidecarError(
    'bad_usage',
    `A silence ends later than now and within 90 days, not ${new Date(until).toISOString()}: ` +
      'to hear nothing of a rule for longer, set it to false in alerts.rules.',
  );
}
