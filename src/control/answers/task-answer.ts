/** `GET /v1/tasks` and `/v1/tasks/ID`: the tasks of creates. */
import { checkIdCursor } from '../../calls/cursor.ts';
import { SidecarError } from '../../errors.ts';
import { taskMoney, type TaskMoney } from '../../ledger/task-money.ts';
import type { Store } from '../../store/store.ts';
import { listContradictions } from '../../tasks/contradiction-table.ts';
import { filesOfTask, type ResultFileRow } from '../../tasks/result-file-table.ts';
import { retryLinks, type RetryLinks } from '../../tasks/retry-links.ts';
import { isStuck } from '../../tasks/stuck-limits.ts';
import { lastsUntil } from '../../tasks/result-file.ts';
import { listTasks, type StuckAt } from '../../tasks/task-list.ts';
import { getTask } from '../../tasks/task-table.ts';
import type { TaskRow } from '../../tasks/task.ts';
import { toCredits } from '../../units.ts';
import type { ControlCommands } from '../commands.ts';
import { readTaskTimeline } from '../task-timeline.ts';
import type { TasksQuery } from '../questions.ts';
import type { TaskAnswer, TasksAnswer } from '../task-schemas.ts';
import { given, iso, isoOrNull, shapeSearched } from './shape.ts';

/** Lists tasks, newest first. */
export async function answerTasks(
  reader: Pick<Store, 'read'>,
  query: TasksQuery,
  stuck: StuckAt,
): Promise<TasksAnswer> {
  const { limit, cursor, stuck: onlyStuck, ...asked } = query;
  const after = cursor === undefined ? null : checkIdCursor(cursor, 'hold');
  const filters = given({ ...asked, stuck: onlyStuck === undefined ? undefined : stuck });
  const { tasks, searched, ...rest } = await reader.read(listTasks, { limit, cursor: after, ...filters });
  return {
    tasks: tasks.map((task) => shapeTask(task, stuck)),
    searched: shapeSearched(searched),
    ...rest,
  };
}

/**
 * Gives one task with its timeline and results.
 * @throws SidecarError `not_found` if no create of ours made it.
 */
export async function answerTask(
  reader: Pick<Store, 'read'>,
  taskId: string,
  { stuck, resultUrl }: { stuck: StuckAt; resultUrl: ControlCommands['resultUrl'] },
): Promise<TaskAnswer> {
  const [task, money, files, links, life, contradictions] = await Promise.all([
    reader.read(getTask, { taskId }),
    reader.read(taskMoney, { taskId }),
    reader.read(filesOfTask, { taskId }),
    reader.read(retryLinks, { taskId }),
    reader.read(readTaskTimeline, { taskId }),
    reader.read(listContradictions, { taskId }),
  ]);
  if (!task || !money) {
    throw new SidecarError(
      'not_found',
      `There is no task "${taskId}" in this store; GET /v1/tasks lists them.`,
    );
  }
  return {
    ...shapeTask(task, stuck),
    ...shapeLinks(links),
    ...shapeMoney(task, money),
    life: life.map(({ at, ...line }) => ({ at: iso(at), ...line })),
    timeline: task.timeline.map(({ at, ...event }) => ({ at: iso(at), ...event })),
    contradictions: contradictions.map(({ at, ...seen }) => ({ at: iso(at), ...seen })),
    joined: task.joined.map(({ at, ...join }) => ({ at: iso(at), ...join })),
    results: task.results.map((result, index) => {
      const file = files.find(({ position }) => position === index + 1);
      const url = file?.state === 'saved' ? (resultUrl?.({ taskId, ...file }) ?? null) : null;
      const expiresAt = iso(lastsUntil(result, task.madeAt));
      return { ...result, expiresAt, file: file ? shapeFile(file, url) : null };
    }),
  };
}

type MoneyFields = Pick<TaskAnswer, 'price' | 'deduction' | 'ledgerRows'>;

function shapeMoney(
  { settledCredits }: TaskRow,
  { price, end, adjustments, ledgerRows }: TaskMoney,
): MoneyFields {
  return {
    price: { ...price, credits: toCredits(price.credits) },
    deduction: end && {
      credits: toCredits(settledCredits),
      at: iso(end.at),
      basis: end.basis,
      source: end.source,
      note: end.note,
      changes: adjustments.map(({ at, byCredits, ...change }) => ({
        at: iso(at),
        byCredits: toCredits(byCredits),
        ...change,
      })),
    },
    ledgerRows: ledgerRows.map(({ at, credits, ...row }) => ({
      ...row,
      at: iso(at),
      credits: credits === null ? null : toCredits(credits),
    })),
  };
}

type Kept = NonNullable<TaskAnswer['results'][number]['file']>;

function shapeFile(file: ResultFileRow, url: string | null): Kept {
  const { position, state, bytes, sha256, contentType, attempts, reason } = file;
  const times = { expiresAt: iso(file.expiresAt), savedAt: isoOrNull(file.savedAt) };
  return { position, state, bytes, sha256, contentType, ...times, attempts, reason, url };
}

function shapeLinks(links: RetryLinks | null): Pick<TaskAnswer, 'retryOf' | 'retriedBy' | 'retryChain'> {
  if (links === null) return { retryOf: null, retriedBy: [], retryChain: null };
  const { retryOf, retriedBy, retryChain } = links;
  return {
    retryOf,
    retriedBy: retriedBy.map(({ at, ...retry }) => ({ ...retry, at: iso(at) })),
    retryChain: retryChain && { ...retryChain, dueAt: isoOrNull(retryChain.dueAt) },
  };
}

function shapeTask(task: TaskRow, stuck: StuckAt): TasksAnswer['tasks'][number] {
  const isOpen = task.state === 'submitted' || task.state === 'processing';
  return {
    id: task.id,
    externalTaskId: task.externalTaskId,
    holdId: task.holdId,
    operation: task.operation,
    model: task.model,
    mode: task.mode,
    product: task.product,
    app: task.app,
    tag: task.tag,
    state: isOpen && task.lostAt !== null ? 'lost' : task.state,
    statusMessage: task.statusMessage,
    stuck: isStuck(task, stuck.limits, stuck.at),
    heldCredits: toCredits(task.heldCredits),
    settledCredits: toCredits(task.settledCredits),
    joins: task.joins,
    createdAt: iso(task.createdAt),
    updatedAt: iso(task.updatedAt),
    promptPreview: task.promptPreview,
    lostAt: isoOrNull(task.lostAt),
  };
}
