/** One task: what it is, its life, and its results. */
import type { TaskAnswer } from '../../control/task-schemas.ts';
import { h, type Part } from '../element.ts';
import { asCode, wordOf } from '../value-words.ts';
import { facts, link, tableOf } from '../table.ts';
import { section, type PageContext, type Section, type View } from '../view.ts';
import { callsOf } from './task-calls.ts';
import { moneyOf } from './task-money.ts';
import { retriesOf } from './task-retries.ts';
import { stateOf } from './tasks.ts';

type Result = TaskAnswer['results'][number];
type KeptFile = NonNullable<Result['file']>;

/** Makes the page of a task. */
export async function taskView(context: PageContext, [id = '']: readonly string[]): Promise<View> {
  const { api, words } = context;
  const task = await api.task(id);
  return {
    title: `${words.pages.task} ${task.id}`,
    sections: [
      section('task', null, headOf(context, task), true),
      section('results', words.tasks.results, resultsOf(context, task), true),
      section('money', words.task.price, moneyOf(context, task), true),
      section('life', words.tasks.timeline, lifeOf(context, task), true),
      ...retriesOf(context, task),
      callsOf(context, task),
      ...joinedOf(context, task),
    ],
  };
}

function joinedOf({ words, format }: PageContext, { joined }: TaskAnswer): Section[] {
  if (joined.length === 0) return [];
  const list = tableOf(
    joined,
    [
      { heading: words.calls.at, cell: ({ at }) => format.fullTime(at) },
      { heading: words.tasks.request, cell: ({ requestId }) => requestId },
      { heading: words.tasks.tag, cell: ({ tag }) => tag ?? words.none },
    ],
    { caption: words.tasks.joined, empty: words.none },
  );
  return [section('joined', words.tasks.joined, list, true)];
}

function headOf({ words, format, links }: PageContext, task: TaskAnswer): Part {
  const { tasks } = words;
  const narrowed = (name: string, value: string | null, text: Part = value): Part =>
    value === null ? null : link(links.to('/page/tasks', { [name]: value }), text);
  const taskLink = (id: string): Part => link(links.to(`/page/tasks/${encodeURIComponent(id)}`), id);
  return facts([
    [tasks.state, stateOf(words, task)],
    [tasks.message, task.statusMessage],
    [words.task.lost, task.lostAt === null ? null : format.fullTime(task.lostAt)],
    [words.task.prompt, task.promptPreview],
    [tasks.operation, narrowed('operation', task.operation, asCode(task.operation))],
    [tasks.model, narrowed('model', task.model)],
    [tasks.mode, narrowed('mode', task.mode)],
    [tasks.app, narrowed('app', task.app)],
    [tasks.tag, narrowed('tag', task.tag)],
    [tasks.retryOf, task.retryOf === null ? null : taskLink(task.retryOf)],
    [tasks.externalId, task.externalTaskId],
    [tasks.hold, task.holdId],
    [tasks.held, `${format.credits(task.heldCredits)} ${words.credits}`],
    [tasks.settled, `${format.credits(task.settledCredits)} ${words.credits}`],
    [tasks.created, format.fullTime(task.createdAt)],
    [tasks.updated, format.fullTime(task.updatedAt)],
  ]);
}

function lifeOf({ words, say, format }: PageContext, { life, contradictions }: TaskAnswer): Part {
  const { tasks, values } = words;
  return [
    tableOf(
      life,
      [
        { heading: words.calls.at, cell: ({ at }) => format.fullTime(at) },
        {
          heading: tasks.step,
          cell: ({ step }) => h('span', { class: 'state' }, wordOf(values.steps, step)),
        },
        { heading: tasks.what, cell: ({ text }) => say(text) },
      ],
      { caption: tasks.timeline, empty: words.none },
    ),
    contradictions.map(({ at, state, message }) =>
      h(
        'p',
        { class: 'notice' },
        tasks.contradicted(format.fullTime(at), wordOf(values.taskStates, state), message ?? ''),
      ),
    ),
  ];
}

function resultsOf(context: PageContext, { id, results }: TaskAnswer): Part {
  const { tasks, values } = context.words;
  if (results.length === 0) return h('p', { class: 'empty' }, tasks.noResults);
  const said = ({ kind, id: name, durationSeconds }: Result): string =>
    [wordOf(values.resultKinds, kind), name, durationSeconds === null ? null : tasks.seconds(durationSeconds)]
      .filter((part) => part !== null)
      .join(' · ');
  return h(
    'ul',
    { class: 'results' },
    results.map((result) =>
      h(
        'li',
        null,
        h('p', null, said(result), ' ', linkOf(result, tasks.openAt)),
        result.file === null ? null : fileOf(context, result.file, { id, label: said(result) }),
      ),
    ),
  );
}

function linkOf({ url }: Result, text: string): Part {
  if (url === null || !url.startsWith('https://')) return null;
  return h('a', { href: url, rel: 'noreferrer noopener' }, text);
}

/** Shows our own file of a result, or why there is none. */
function fileOf(
  { words, say, format }: PageContext,
  file: KeptFile,
  { id, label }: { id: string; label: string },
): Part {
  const { tasks, values } = words;
  if (file.state !== 'saved') {
    return h(
      'p',
      { class: 'notes' },
      tasks.unsaved(wordOf(values.fileStates, file.state), format.fullTime(file.expiresAt)),
      file.reason === null ? null : [' ', say(file.reason)],
    );
  }
  const address = addressOf(file, id);
  return [
    preview(file.contentType ?? '', { address, label }),
    h(
      'p',
      { class: 'notes' },
      h('a', { href: address, download: true }, tasks.saved(format.count(file.bytes ?? 0))),
      ` SHA-256 ${file.sha256 ?? words.none}`,
    ),
  ];
}

/** Gives the address of a file on this plane, with its permission if it has one. */
function addressOf({ url, position }: KeptFile, taskId: string): string {
  if (url !== null && URL.canParse(url)) {
    const { pathname, search } = new URL(url);
    return pathname + search;
  }
  return `/v1/results/${encodeURIComponent(taskId)}/${position}`;
}

function preview(type: string, { address, label }: { address: string; label: string }): Part {
  if (type.startsWith('video/'))
    return h('video', { src: address, controls: true, preload: 'metadata', 'aria-label': label });
  if (type.startsWith('audio/'))
    return h('audio', { src: address, controls: true, preload: 'metadata', 'aria-label': label });
  return type.startsWith('image/') ? h('img', { src: address, alt: label, loading: 'lazy' }) : null;
}
