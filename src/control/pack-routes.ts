/** The account's packs. */
import { answerPacks } from './answers/pack-answer.ts';
import type { ControlCommands } from './commands.ts';
import { packsAnswer, packsQuery } from './pack-schemas.ts';
import { addQuestion, describeQuestion, type App } from './route-parts.ts';

const packs = describeQuestion({
  path: '/v1/packs',
  summary:
    'The account’s packs by Kling’s list as it was last read, and how long they last; asks Kling nothing',
  query: packsQuery,
  answer: packsAnswer,
  says: 'The packs, by the day they began.',
});

/** Adds the route. */
export function addPackRoutes(app: App, commands: ControlCommands): void {
  addQuestion(app, packs, ({ query }) =>
    answerPacks(commands.reader, query, { now: commands.now(), prices: commands.packPrices() }),
  );
}
