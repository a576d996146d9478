import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import * as room from '../../src/budget/budget-room.ts';
import * as freeze from '../../src/ledger/freeze.ts';
import * as guard from '../../src/ledger/guard.ts';
import * as join from '../../src/ledger/join.ts';
import { ledgerModules } from '../../src/ledger/ledger-modules.ts';
import * as lookUp from '../../src/ledger/look-up.ts';
import * as tasks from '../../src/tasks/task-table.ts';

/** Where creates, or what they wait for, read the store. */
const ON_THE_PATH = ['proxy', 'asking/doubt.ts', 'asking/poller.ts'];
const SHORT_READS = [
  'budget.budgetRoom',
  'ledger.dueLookUps',
  'ledger.freezeState',
  'ledger.guardState',
  'ledger.readJoined',
  // The files of one task: for an app's read with our addresses in it, and for a download of one.
  'results.fileOfTask',
  'results.filesOfTask',
  'tasks.listOpenTasks',
  'tasks.openTasks',
];

it('never uses the connection of reports for a create', () => {
  const source = new URL('../../src/', import.meta.url);
  const files = ON_THE_PATH.flatMap((place) =>
    place.endsWith('.ts')
      ? place
      : readdirSync(new URL(`${place}/`, source)).map((name) => `${place}/${name}`),
  );
  const read = files.flatMap((file) =>
    [...readFileSync(new URL(file, source), 'utf8').matchAll(/store\.read\((\w+)/g)].map(
      ([, name = '']) => name,
    ),
  );
  expect(read).toContain('guardState');
  const known = { ...room, ...freeze, ...guard, ...join, ...lookUp, ...tasks } as Record<string, unknown>;
  for (const name of read)
    expect([name, known[name]]).toEqual([name, expect.objectContaining({ isAwaited: true })]);
});

it('lets no list or report keep a request waiting', () => {
  const reads = ledgerModules
    .flatMap(({ operations }) => operations)
    .filter(({ access, isAwaited }) => access === 'read' && isAwaited);
  expect(reads.map(({ name }) => name).toSorted()).toEqual(SHORT_READS);
});
