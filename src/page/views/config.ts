/** The page *Config*: every value in use and where it came from, secrets masked; and what waits for a restart. */
import { CONFIG_ORIGINS, type ConfigAnswer } from '../../control/config-schemas.ts';
import { filters } from '../filters.ts';
import { h, type Element, type Part } from '../element.ts';
import { facts, tableOf, type Column } from '../table.ts';
import { section, type PageContext, type Section, type View } from '../view.ts';
import type { Words } from '../words/en.ts';
import { pick } from './tasks.ts';

type Line = ConfigAnswer['values'][number];

const PATH = '/page/config';

/** Makes the page. */
export async function configView(context: PageContext): Promise<View> {
  const { api, query, words, format } = context;
  const answer = await api.get('/v1/config', pick(query, ['search', 'origin']));
  const { config } = words;
  const form = filters(context, PATH, [
    { name: 'search', label: config.search, example: config.searchExample },
    {
      name: 'origin',
      label: config.origin,
      choices: [
        { value: '', label: words.all },
        ...CONFIG_ORIGINS.map((value) => ({ value, label: config.origins[value] })),
      ],
    },
  ]);
  const list = [
    facts([
      [config.file, answer.file ?? config.noFile],
      [config.readAt, format.fullTime(answer.readAt)],
      [config.shown, config.shownOf(format.count(answer.values.length), format.count(answer.total))],
    ]),
    tableOf(answer.values, lineColumns(context, config.value), {
      caption: config.title,
      empty: config.empty,
    }),
  ];
  return {
    title: words.pages.config,
    sections: [...waiting(context, answer), form, section('config', config.title, list, true)],
  };
}

/** What waits for a restart; nothing in most cases. */
function waiting(context: PageContext, { afterRestart }: ConfigAnswer): Section[] {
  if (afterRestart.length === 0) return [];
  const { config } = context.words;
  const body = [
    h('p', { class: 'notes' }, config.restartWhy),
    tableOf(afterRestart, lineColumns(context, config.after), { caption: config.restart, empty: '' }),
  ];
  return [section('restart', config.restart, body, true)];
}

function lineColumns({ words }: PageContext, valueHeading: string): readonly Column<Line>[] {
  const { config } = words;
  return [
    { heading: config.key, cell: ({ key }) => nameOf(key) },
    { heading: valueHeading, cell: ({ value }) => h('code', null, JSON.stringify(value)) },
    { heading: config.origin, cell: ({ origin }) => originOf(words, origin) },
  ];
}

function originOf({ config }: Words, origin: string): Part {
  const kind = CONFIG_ORIGINS.find((one) => one === origin.split(':', 1)[0]);
  if (kind === 'env') return [config.origins.variable, ' ', nameOf(origin.slice('env:'.length))];
  return kind === undefined ? origin : config.origins[kind];
}

/** Shows a key, or the name of a variable, which may be broken after a part of it alone. */
function nameOf(key: string): Element {
  const parts = key.split(/(?<=[._])/);
  return h(
    'code',
    { class: 'name' },
    parts.map((part, at) => (at === 0 ? part : [h('wbr', null), part])),
  );
}
