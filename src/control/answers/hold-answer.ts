/** `GET /v1/holds`: held credits, and how each hold ended. */
import { checkIdCursor } from '../../calls/cursor.ts';
import { getHold, listHolds, type HoldListItem } from '../../budget/hold-list.ts';
import { SidecarError } from '../../errors.ts';
import type { Store } from '../../store/store.ts';
import { toCredits } from '../../units.ts';
import type { ControlCommands } from '../commands.ts';
import type { HoldsQuery } from '../questions.ts';
import type { HoldAnswer, HoldsAnswer } from '../schemas.ts';
import { given, iso, isoOrNull, shapeSearched } from './shape.ts';

/** Lists holds, newest first. */
export async function answerHolds(
  { reader, slotHolds }: Pick<ControlCommands, 'reader' | 'slotHolds'>,
  query: HoldsQuery,
): Promise<HoldsAnswer> {
  const { limit, cursor, pool, ...filters } = query;
  const after = cursor === undefined ? null : checkIdCursor(cursor, 'hold');
  const { holds, searched, ...rest } = await reader.read(listHolds, {
    limit,
    cursor: after,
    ...given({ ...filters, ids: pool === undefined ? pool : await slotHolds(pool) }),
  });
  return { holds: holds.map(shapeHold), searched: shapeSearched(searched), ...rest };
}

/**
 * Gives one hold.
 * @throws SidecarError `not_found`.
 */
export async function answerHold(reader: Pick<Store, 'read'>, holdId: string): Promise<HoldAnswer> {
  const hold = await reader.read(getHold, { holdId });
  if (hold) return { hold: shapeHold(hold) };
  throw new SidecarError('not_found', `There is no hold "${holdId}"; GET /v1/holds lists them.`);
}

function shapeHold(hold: HoldListItem): HoldsAnswer['holds'][number] {
  return {
    id: hold.id,
    state: hold.state,
    inDoubt: hold.inDoubt,
    credits: toCredits(hold.credits),
    settledCredits: toCredits(hold.settledCredits),
    externalTaskId: hold.externalTaskId,
    taskId: hold.taskId,
    operation: hold.operation,
    model: hold.model,
    mode: hold.mode,
    app: hold.app,
    tag: hold.tag,
    slots: hold.slots,
    createdAt: iso(hold.createdAt),
    endedAt: isoOrNull(hold.endedAt),
    doubtSince: isoOrNull(hold.doubtSince),
    doubtEvidence: hold.doubtEvidence,
    lookUps: hold.lookUps,
    upstream: hold.upstream,
    waitsForOperator: hold.waitsForOperator,
  };
}
