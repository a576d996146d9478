/** `GET /v1/config`: the config in use. */
import { iso } from './answers/shape.ts';
import type { ControlCommands, RunningConfigLine } from './commands.ts';
import { configAnswer, configQuery, type ConfigQuery } from './config-schemas.ts';
import { addQuestion, describeQuestion, type App } from './route-parts.ts';

const config = describeQuestion({
  path: '/v1/config',
  summary: 'Every value of the config with its origin, secrets masked',
  query: configQuery,
  answer: configAnswer,
  says: 'The values in use.',
});

/** Adds the route. */
export function addConfigRoutes(app: App, commands: Pick<ControlCommands, 'config'>): void {
  addQuestion(app, config, async ({ query }) => {
    const { file, readAt, lines, afterRestart } = await commands.config();
    return {
      file,
      readAt: iso(readAt),
      values: lines.filter((line) => isAskedFor(line, query)),
      total: lines.length,
      afterRestart: [...afterRestart],
    };
  });
}

function isAskedFor(
  { key, value, origin }: RunningConfigLine,
  { search, origin: from }: ConfigQuery,
): boolean {
  if (from !== undefined && origin.split(':', 1)[0] !== from) return false;
  const wanted = search?.trim().toLowerCase() ?? '';
  const texts = [key, JSON.stringify(value), origin];
  return texts.some((text) => text.toLowerCase().includes(wanted));
}
