/** Availability: a month in numbers, its windows and calls, exclusions, blame, imports. */
import { cursorAfter, readCursor } from '../calls/cursor.ts';
import { readExportPage } from '../imports/export.ts';
import { listCorrections } from '../sla/blame-table.ts';
import { listExclusions } from '../sla/exclusion-table.ts';
import { importLine } from '../imports/import.ts';
import { readMonth, readMonthMap, readWindows } from '../sla/month-table.ts';
import { addMonths, startOfDay } from '../sla/period.ts';
import type { Span } from '../sla/window.ts';
import { iso } from './answers/shape.ts';
import type { ControlCommands } from './commands.ts';
import type { ImportedBatch } from './sla-commands.ts';
import { reasonBody } from './questions.ts';
import { addOrder, addQuestion, describeOrder, describeQuestion, type App } from './route-parts.ts';
import {
  blameAnswer,
  blameBody,
  correctionsAnswer,
  exclusionAnswer,
  exclusionBody,
  exclusionParams,
  exclusionsAnswer,
  exportAnswer,
  exportQuery,
  importAnswer,
  importBody,
  monthParams,
  monthQuery,
  ofMonthQuery,
  presentAnswer,
  slaAnswer,
  windowsAnswer,
  type CorrectionsAnswer,
  type ExclusionsAnswer,
  type ExportAnswer,
  type ImportBody,
} from './sla-schemas.ts';

const present = describeQuestion({
  path: '/v1/sla',
  summary: 'The present month of the agreement, and the zone of its months',
  answer: presentAnswer,
  says: 'The month.',
});
const report = describeQuestion({
  path: '/v1/sla/{month}',
  summary: 'A month’s availability in every reading; the present month so far',
  params: monthParams,
  query: monthQuery,
  answer: slaAnswer,
  says: 'The month.',
});
const windows = describeQuestion({
  path: '/v1/sla/{month}/windows',
  summary: 'The 5-minute windows of a month in which anything was asked',
  params: monthParams,
  answer: windowsAnswer,
  says: 'In order of time.',
});
const calls = describeQuestion({
  path: '/v1/sla/{month}/calls',
  summary: 'The calls of a calendar month as lines of an import',
  params: monthParams,
  query: exportQuery,
  answer: exportAnswer,
  says: 'Oldest first.',
});
const exclusions = describeQuestion({
  path: '/v1/exclusions',
  summary: 'Stretches of time whose errors do not count; with a month, those that touch it',
  query: ofMonthQuery,
  answer: exclusionsAnswer,
  says: 'Those in force.',
});
const exclude = describeOrder({
  method: 'post',
  path: '/v1/exclusions',
  summary: 'Enters an exclusion with its clause and source; its errors leave the numerator',
  body: exclusionBody,
  answer: exclusionAnswer,
  says: 'Those in force now.',
});
const withdraw = describeOrder({
  method: 'delete',
  path: '/v1/exclusions/{id}',
  summary: 'Withdraws an exclusion; its errors count again',
  params: exclusionParams,
  body: reasonBody,
  answer: exclusionAnswer,
  says: 'Those in force now.',
});
const corrections = describeQuestion({
  path: '/v1/blame',
  summary: 'What operators said about whose fault it was; with a month, what touches it',
  query: ofMonthQuery,
  answer: correctionsAnswer,
  says: 'The corrections.',
});
const blame = describeOrder({
  method: 'post',
  path: '/v1/blame',
  summary: 'Says whose fault it was that requests within a span never arrived',
  body: blameBody,
  answer: blameAnswer,
  says: 'How many attempts it is about.',
});
const importRoute = describeOrder({
  method: 'post',
  path: '/v1/import',
  summary:
    'Imports a batch of calls recorded elsewhere, between the sidecar’s own writes; those that are known change nothing',
  body: importBody,
  answer: importAnswer,
  says: 'How many were new.',
});

/** Adds the routes of availability. */
export function addSlaRoutes(app: App, commands: ControlCommands): void {
  const { reader, sla } = commands;
  addQuestion(app, present, () => {
    const month = sla.currentMonth();
    return Promise.resolve({ month, timeZone: sla.question(month).timeZone });
  });
  addQuestion(app, report, async ({ params: { month }, query: { map } }) => {
    const question = sla.question(month);
    return await (map === undefined ? reader.read(readMonth, question) : reader.read(readMonthMap, question));
  });
  addQuestion(app, windows, async ({ params: { month } }) => {
    const question = sla.question(month);
    return { windows: await reader.read(readWindows, question) };
  });
  addQuestion(app, calls, async ({ params: { month }, query }) => {
    const span = calendarMonth(commands, month);
    return await answerExport(commands, span, query);
  });
  addQuestion(app, exclusions, ({ query: { month } }) => answerExclusions(commands, month));
  addQuestion(app, corrections, ({ query: { month } }) => answerCorrections(commands, month));
  addOrder(app, exclude, async ({ from, to, actor, ...rest }) => {
    const { id } = await sla.exclude({ start: from, end: to, ...rest }, actor);
    return { id, ...(await answerExclusions(commands)) };
  });
  addOrder(app, withdraw, async (ordered, { id }) => {
    await sla.withdraw(id, ordered);
    return { id, ...(await answerExclusions(commands)) };
  });
  addOrder(app, blame, ({ from, to, actor, ...rest }) => sla.blame({ start: from, end: to, ...rest }, actor));
  addOrder(app, importRoute, async (body) => {
    const { imported, earlierFiles } = await importLines(commands, body);
    const known = body.lines.length - imported;
    const before = earlierFiles.length === 0 ? {} : { earlierFiles: [...earlierFiles] };
    return { imported, known, ...before };
  });
}

/** Gives a calendar month in the agreement's zone, without regard to terms. */
function calendarMonth({ sla }: ControlCommands, asked: string): Span {
  const { timeZone } = sla.question(asked);
  return {
    start: startOfDay(`${asked}-01`, timeZone),
    end: startOfDay(`${addMonths(asked, 1)}-01`, timeZone),
  };
}

async function answerExport(
  { reader }: ControlCommands,
  span: Span,
  { limit, cursor }: { limit: number; cursor?: string | undefined },
): Promise<ExportAnswer> {
  const after = cursor === undefined ? null : readCursor(cursor);
  const { lines, next } = await reader.read(readExportPage, { ...span, after, limit });
  return { lines, nextCursor: next && cursorAfter(next) };
}

async function answerExclusions(commands: ControlCommands, month?: string): Promise<ExclusionsAnswer> {
  const inForce = await commands.reader.read(listExclusions, spanOf(commands, month));
  return {
    exclusions: inForce.map(({ start, end, at, ...said }) => {
      return { ...said, from: iso(start), to: iso(end), at: iso(at) };
    }),
  };
}

async function answerCorrections(commands: ControlCommands, month?: string): Promise<CorrectionsAnswer> {
  const given = await commands.reader.read(listCorrections, spanOf(commands, month));
  return {
    corrections: given.map(({ start, end, at, ...said }) => {
      return { ...said, from: iso(start), to: iso(end), at: iso(at) };
    }),
  };
}

/** Gives the span of a month; all time without one. */
function spanOf(commands: ControlCommands, month: string | undefined): Span {
  return month === undefined ? { start: 0, end: Number.MAX_SAFE_INTEGER } : calendarMonth(commands, month);
}

function importLines({ sla }: ControlCommands, body: ImportBody & { actor: string }): Promise<ImportedBatch> {
  const { lines, host = null, isLast, seq, ...origin } = body;
  const options = sla.importOptions(origin.source, host);
  return sla.importCalls(
    lines.map((line) => importLine(line, options)),
    origin,
    { isLast, seq },
  );
}
