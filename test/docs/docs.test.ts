import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { RULE_WORDS } from '../../src/alerts/rule-words.ts';
import { makeProgram } from '../../src/cli/cli.ts';
import { loadCommands } from '../../src/cli/commands.ts';
import { createManualClock } from '../../src/clock.ts';
import { loadConfig } from '../../src/config/config.ts';
import { createApi } from '../../src/control/api.ts';
import { SECRET_VARIABLES } from '../../src/config/secret-variable.ts';
import { EMULATOR_CREDENTIALS } from '../../src/emulator/emulator-help.ts';
import { FAULT_KINDS } from '../../src/emulator/fault-kinds.ts';
import { TRIGGER_WORDS } from '../../src/emulator/task-routes.ts';
import { REFUSALS } from '../../src/errors.ts';
import { metricsPage } from '../../src/telemetry/metrics-page.ts';
import { GAUGES } from '../../src/telemetry/gauge-shapes.ts';
import { createInstruments } from '../../src/telemetry/metrics.ts';
import {
  anchorsOf,
  codeSpans,
  fencedBlocks,
  filesBelow,
  localLinks,
  PROJECT,
  readProject,
  sectionOf,
  tableRows,
} from './markdown.ts';

const COMMANDS = await loadCommands(null);
/** What users read: the first page and the pages it leads to. */
const USER_PAGES = [
  'README.md',
  ...[
    'answers',
    'alerts',
    'checklist',
    'api',
    'commands',
    'config',
    'dashboards',
    'emulator',
    'metrics',
    'operations',
    'privacy',
    'sla-and-claims',
    'telemetry',
    'logs',
    'troubleshooting',
  ].map((name) => `docs/${name}.md`),
];
const USER_DOCS = USER_PAGES.map(readProject).join('\n');
const CONFIG = readProject('docs/config.md');
const DOCUMENTS = [
  'README.md',
  'ARCHITECTURE.md',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  ...filesBelow('docs', ['.md']),
];

/** The refusals as they were promised, written down apart from the code. */
const PROMISED: Readonly<Record<string, { code: number; statuses: number[] }>> = {
  budget_exceeded: { code: 9001, statuses: [403] },
  task_too_expensive: { code: 9002, statuses: [403] },
  spending_frozen: { code: 9003, statuses: [403] },
  route_not_priced: { code: 9004, statuses: [403] },
  account_refused: { code: 9006, statuses: [403] },
  body_refused: { code: 9010, statuses: [400] },
  target_refused: { code: 9011, statuses: [400, 404, 405, 417, 426, 431] },
  body_too_large: { code: 9012, statuses: [413] },
  media_type_refused: { code: 9013, statuses: [415] },
  unknown_app: { code: 9020, statuses: [401] },
  host_refused: { code: 9021, statuses: [421] },
  browser_refused: { code: 9022, statuses: [403] },
  idempotency_in_progress: { code: 9030, statuses: [409] },
  idempotency_mismatch: { code: 9031, statuses: [422] },
  queue_full: { code: 1303, statuses: [429] },
  upstream_unreachable: { code: 9050, statuses: [502] },
  upstream_timeout: { code: 9051, statuses: [504] },
  outcome_unknown: { code: 9052, statuses: [424] },
  ledger_unavailable: { code: 9060, statuses: [503] },
  shutting_down: { code: 9061, statuses: [503] },
  clock_untrusted: { code: 9062, statuses: [503] },
};

interface RefusalRow {
  word: string;
  code: number;
  statuses: number[];
}

function refusalRows(): RefusalRow[] {
  return tableRows(sectionOf(readProject('docs/answers.md'), 'Refusals')).map(
    ([statuses = '', code = '', word = '']) => ({
      word: codeSpans(word)[0] ?? word,
      code: Number(code),
      statuses: statuses.split(', ').map(Number),
    }),
  );
}

describe('the table of refusals', () => {
  test('has every word of the code, with its code and status, and no other', () => {
    const rows = refusalRows();
    expect(rows.map(({ word }) => word).sort()).toEqual(Object.keys(REFUSALS).sort());
    const wrong = rows.filter(({ word, code, statuses }) => {
      const known = (REFUSALS as Readonly<Record<string, { code: number; status: number }>>)[word];
      return known?.code !== code || !statuses.includes(known.status);
    });
    expect(wrong).toEqual([]);
  });

  test('keeps every word, code and status that was promised', () => {
    for (const [word, { code, statuses }] of Object.entries(PROMISED)) {
      const row = refusalRows().find((each) => each.word === word);
      expect(row, word).toMatchObject({ code, statuses: expect.arrayContaining(statuses) });
    }
  });

  test('sends nothing that clients repeat on as a final refusal', () => {
    const final = refusalRows().filter(({ code }) => code >= 9001 && code <= 9029);
    expect(final.length).toBeGreaterThan(10);
    expect(final.filter(({ statuses }) => statuses.some((each) => each === 429 || each >= 500))).toEqual([]);
  });
});

/** A rule of alerts may be named as metrics are. */
const isRule = (name: string): boolean => (RULE_WORDS as readonly string[]).includes(name);

describe('names in the pages', () => {
  test('of metrics exist, and their page is up to date (npm run docs:metrics)', () => {
    const shapes = [...Object.values(createInstruments()), ...Object.values(GAUGES)];
    const known = new Map(shapes.map((shape) => [shape.name, shape]));
    const named = [...new Set(USER_DOCS.match(/\bkling_[a-z_]+\b(?<!_)/g))].filter(
      (name) => name !== 'kling_sidecar' && !isRule(name),
    );
    expect(named.length).toBeGreaterThan(20);
    expect(named.filter((name) => !known.has(name))).toEqual([]);
    expect(readProject('docs/metrics.md')).toBe(metricsPage());
  });

  test('of commands and their options exist', () => {
    const program = testProgram();
    const missing: string[] = [];
    for (const [names = '', described = ''] of tableRows(readProject('docs/commands.md'))) {
      const commands = codeSpans(names).map((name) => ({ name, command: findCommand(program, name) }));
      for (const { name, command } of commands) if (!command) missing.push(name);
      const options = described.match(/--[a-z-]+/g) ?? [];
      const taken = commands.flatMap(({ command }) => command?.options.map((option) => option.long) ?? []);
      missing.push(...options.filter((option) => !taken.includes(option)));
    }
    expect(missing).toEqual([]);
  });

  test('of control routes exist', async () => {
    const api = createApi({ commands: {}, telemetry: {}, version: '0', log: {} } as never);
    const answer = await api.fetch(new Request('http://127.0.0.1/openapi.json'));
    const { paths } = (await answer.json()) as { paths: Record<string, Record<string, unknown>> };
    const known = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const named = tableRows(readProject('docs/api.md')).flatMap(([cell = '']) => codeSpans(cell));
    expect(named.length).toBeGreaterThan(15);
    expect(named.filter((route) => ![...known, 'GET /openapi.json'].includes(route))).toEqual([]);
  });

  test('of npm scripts exist, wherever a document says npm run, npm start or npm test', () => {
    const { scripts } = JSON.parse(readProject('package.json')) as { scripts: Record<string, string> };
    const named = DOCUMENTS.flatMap((path) => {
      const text = readProject(path);
      const run = [...text.matchAll(/npm run (?:-s )?([a-z][a-z:-]*)/g)].map((match) => match[1] ?? '');
      const short = [...text.matchAll(/npm (start|test)\b/g)].map((match) => match[1] ?? '');
      return [...run, ...short];
    });
    expect(named).toContain('demo');
    expect(named.filter((name) => !Object.hasOwn(scripts, name))).toEqual([]);
  });

  test('of faults and trigger words are those of the emulator, all of them', () => {
    const section = readProject('docs/emulator.md');
    const faults = section.slice(section.indexOf('| kinds of fault |'));
    const [table = ''] = faults.split('\n\n');
    const kinds = tableRows(table).flatMap(([, cell = '']) => codeSpans(cell));
    expect(kinds.sort()).toEqual(Object.keys(FAULT_KINDS).sort());
    for (const word of Object.keys(TRIGGER_WORDS)) expect(codeSpans(faults)).toContain(word);
    for (const value of Object.values(EMULATOR_CREDENTIALS)) expect(codeSpans(section)).toContain(value);
  });

  test('of secrets are variables that are read', () => {
    const known = new Set(SECRET_VARIABLES.flatMap((name) => [name as string, `${name}_FILE`]));
    const named = USER_DOCS.match(/\bKLING(?:AI)?_(?!SIDECAR_(?:_|CONFIG))[A-Z_]+[A-Z]\b/g) ?? [];
    expect(named.length).toBeGreaterThan(8);
    expect([...new Set(named)].filter((name) => !known.has(name))).toEqual([]);
  });
});

describe('the config in its page', () => {
  const load = (text: string, env: Record<string, string> = {}) =>
    loadConfig({ path: 'sidecar.config.json', env, cwd: PROJECT, readFile: () => text });

  test('loads as it is printed, without a warning', () => {
    const blocks = fencedBlocks(CONFIG, 'json');
    expect(blocks).toHaveLength(1);
    const { config, warnings } = load(blocks[0] ?? '');
    expect(warnings).toEqual([]);
    expect(config.budgets).toHaveLength(4);
  });

  test('has, in its table, only keys that exist', () => {
    const { values } = load('{}');
    const sample = load(fencedBlocks(CONFIG, 'json')[0] ?? '').values;
    const named = tableRows(sectionOf(CONFIG, 'Config by example')).flatMap(([cell = '']) => {
      const [first = '', ...others] = codeSpans(cell);
      const list = /^(\w+\[\])\./.exec(first)?.[1];
      return [first, ...others.map((key) => (key.startsWith('.') ? `${list ?? ''}${key}` : key))];
    });
    expect(named.length).toBeGreaterThan(15);
    expect(named.filter((key) => !hasKey(sample, key) && !hasKey(values, key))).toEqual([]);
  });

  test('can be set from the environment as the pages write it', () => {
    const settings = USER_DOCS.match(/\bKLING_SIDECAR__[A-Z0-9_]+=[^\s`]+/g) ?? [];
    expect(settings.length).toBeGreaterThan(3);
    for (const setting of settings) {
      const [name = '', value = ''] = setting.split('=');
      const { origins } = load('{}', { [name]: value });
      expect([...origins.values()].join(' '), setting).toContain(name);
    }
  });
});

describe('every document', () => {
  test('is reached from the first page', () => {
    const linked = new Set(localLinks(readProject('README.md')).map(({ path }) => path));
    expect(USER_PAGES.slice(1).filter((path) => !linked.has(path))).toEqual([]);
  });

  test('links only to files and headings that exist', () => {
    const broken = DOCUMENTS.flatMap((path) =>
      localLinks(readProject(path)).flatMap(({ path: target, anchor }) => {
        const file = target === '' ? path : join(dirname(path), target);
        if (!existsSync(join(PROJECT, file))) return [`${path}: ${target}`];
        const isFound = anchor === null || anchorsOf(readProject(file)).includes(anchor);
        return isFound ? [] : [`${path}: #${anchor}`];
      }),
    );
    expect(broken).toEqual([]);
  });

  test('names only source files and folders that exist', () => {
    const missing = ['ARCHITECTURE.md', ...filesBelow('docs', ['.md'])].flatMap((path) =>
      codeSpans(readProject(path))
        .filter((span) => /^(?:[a-z-]+\/)+(?:[a-z-]+\.ts)?$|^[a-z-]+\.ts$/.test(span))
        .filter((span) => !['utils/', 'data/'].includes(span))
        .filter(
          (span) =>
            !['', 'src', 'src/proxy', 'src/upstream'].some((at) => existsSync(join(PROJECT, at, span))),
        )
        .map((span) => `${path}: ${span}`),
    );
    expect(missing).toEqual([]);
  });

  test('has, as a decision, a title that states the choice, its reasons, and when to revisit it', () => {
    const decisions = filesBelow('docs/decisions', ['.md']);
    expect(decisions.length).toBeGreaterThanOrEqual(8);
    for (const [index, path] of decisions.entries()) {
      expect(path).toMatch(new RegExp(`/${String(index + 1).padStart(3, '0')}-[a-z-]+\\.md$`));
      const text = readProject(path);
      expect(text, path).toMatch(/^# \S.{20,}\n/);
      expect(text, path).toContain('\n## Why\n');
      expect(text, path).toContain('\n## When to revisit\n');
    }
  });
});

/** The project speaks of itself and not of how it was made. Kling's own sessions and other projects' threads may be named. */
const OF_THE_MAKING = [
  /\b(?:this|the|an?|my|our|your|earlier|previous|next|other|another) issue'?s?\b(?! tracker)/i,
  /\bissues? #?\d/i,
  /\bsub-?agents?\b/i,
  /\bhelper (?:agents?|sessions?|processes)\b/i,
  /\b(?:coding|working|earlier|previous) sessions?\b/i,
  /\bthe brief\b/i,
  /\b(?:claude|chatgpt|copilot|language model|AI assistant)\b/i,
  /\/work\/(?:main|shared)\b/,
];

function ofTheMaking(path: string, text: string): string[] {
  return text.split('\n').flatMap((line, index) => {
    const found = OF_THE_MAKING.some((pattern) => pattern.test(line));
    return found ? [`${path}:${index + 1} ${line.trim().slice(0, 100)}`] : [];
  });
}

describe('what is written', () => {
  test('says nothing of who or what organised the work', () => {
    const paths = [
      ...DOCUMENTS,
      ...filesBelow('src', ['.ts']),
      ...filesBelow('bench', ['.ts']),
      'Dockerfile',
      '.ci/run',
    ].filter((path) => existsSync(join(PROJECT, path)));
    expect(paths.length).toBeGreaterThan(100);
    expect(paths.flatMap((path) => ofTheMaking(path, readProject(path)))).toEqual([]);
  });

  test('would be caught if it did', () => {
    for (const line of [
      'as issue 2 says',
      'see issue #14',
      'the helper session',
      'an earlier session',
      'in the brief',
    ])
      expect(ofTheMaking('x', line), line).toHaveLength(1);
    for (const line of ['session_id lives 24 h', 'QuantumNous/new-api #1342', 'selection helpers'])
      expect(ofTheMaking('x', line), line).toEqual([]);
  });
});

function testProgram(): Command {
  const terminal = {
    out: () => undefined,
    err: () => undefined,
    stdin: process.stdin,
    isTerminal: false,
    isErrTerminal: false,
    env: {},
    cwd: PROJECT,
    clock: createManualClock(0),
  };
  return makeProgram(terminal, COMMANDS);
}

/** Finds a command by its words; words in capitals are arguments. */
function findCommand(program: Command, name: string): Command | undefined {
  const words = name.split(' ').filter((word) => !/^[A-Z]+$/.test(word));
  let command: Command | undefined = program;
  for (const word of words) command = command?.commands.find((each) => each.name() === word);
  return command;
}

/** Tells whether a key such as `listen.port` or `budgets[].match` stands in the values. */
function hasKey(values: unknown, key: string): boolean {
  let at: unknown = values;
  for (const part of key.replaceAll('[]', '.0').split('.')) {
    if (typeof at !== 'object' || at === null || !(part in at)) return false;
    at = (at as Record<string, unknown>)[part];
  }
  return true;
}
