/** How a running sidecar has its checklist judged; the code for it is loaded only when somebody asks. */
import type { Judge } from '../app/kept-checklist.ts';
import type { ChecklistPlace } from './checklist-process.ts';

/** Gives the judge of a sidecar that was started in a place. */
export function judgeAt(place: ChecklistPlace): Judge {
  return async (asked) => {
    const { judgeChecklist } = await import('./checklist-process.ts');
    return await judgeChecklist(place, asked);
  };
}
