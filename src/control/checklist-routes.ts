/** `GET /v1/checklist`: doctor's checks and the production checklist, judged when somebody asks. */
import { iso, isoOrNull } from './answers/shape.ts';
import { checklistAnswer, checklistQuery } from './checklist-schemas.ts';
import type { ControlCommands } from './commands.ts';
import { addQuestion, describeQuestion, type App } from './route-parts.ts';

const checklist = describeQuestion({
  path: '/v1/checklist',
  summary: 'The checks of doctor and the production checklist, judged for this sidecar; Kling is not asked',
  query: checklistQuery,
  answer: checklistAnswer,
  says: 'The last verdicts.',
});

/** Adds the route. */
export function addChecklistRoutes(app: App, commands: Pick<ControlCommands, 'checklist'>): void {
  addQuestion(app, checklist, async ({ query }) => {
    const { isJudging, startedAt, nextAt, problem, judged } = await commands.checklist(query);
    return {
      isJudging,
      startedAt: isoOrNull(startedAt),
      nextAt: isoOrNull(nextAt),
      problem,
      judged: judged && { ...judged.checklist, startedAt: iso(judged.startedAt), tookMs: judged.tookMs },
    };
  });
}
