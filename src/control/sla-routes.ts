/** Availability: a month in numbers, its windows and calls, exclusions, blame, imports. */
import { createRoute } from '@hono/zod-openapi';
import { cursorAfter, readCursor } from '../calls/cursor.ts';
import { readExportPage } from '../imports/export.ts';
import { listExclusions } from '../sla/exclusion-table.ts';
import { importLine } from '../imports/import.ts';
import { readMonth, readWindows } from '../sla/month-table.ts';
import { addMonths, startOfDay } from '../sla/period.ts';
import type { Span } from '../sla/window.ts';
import { iso } from './answers/shape.ts';
import type { ControlCommands } from './commands.ts';
import type { ImportedBatch } from './sla-commands.ts';
import { reasonBody } from './questions.ts';
import { answers, jsonBody, signed, TOKEN, type App } from './route-parts.ts';
import {
  blameAnswer,
  blameBody,
  exclusionAnswer,
  exclusionBody,
  exclusionParams,
  exclusionsAnswer,
  exportAnswer,
  exportQuery,
  importAnswer,
  importBody,
  monthParams,
  slaAnswer,
  windowsAnswer,
  type ExclusionsAnswer,
  type ExportAnswer,
  type ImportBody,
} from './sla-schemas.ts';

const month = createRoute({
  method: 'get',
  path: '/v1/sla/{month}',
  summary: 'A month’s availability in every reading; the present one as it stands',
  request: { params: monthParams },
  responses: answers(slaAnswer, 'The month.'),
});
const windows = createRoute({
  method: 'get',
  path: '/v1/sla/{month}/windows',
  summary: 'The 5-minute windows of a month in which anything was asked',
  request: { params: monthParams },
  responses: answers(windowsAnswer, 'In order of time.'),
});
const calls = createRoute({
  method: 'get',
  path: '/v1/sla/{month}/calls',
  summary: 'The calls of a calendar month as lines of an import',
  request: { params: monthParams, query: exportQuery },
  responses: answers(exportAnswer, 'Oldest first.'),
});
const exclusions = createRoute({
  method: 'get',
  path: '/v1/exclusions',
  summary: 'Stretches of time whose errors do not count',
  responses: answers(exclusionsAnswer, 'Those in force.'),
});
const exclude = createRoute({
  method: 'post',
  path: '/v1/exclusions',
  summary: 'Enters an exclusion with its clause and source; its errors leave the numerator',
  security: TOKEN,
  request: { body: jsonBody(exclusionBody) },
  responses: answers(exclusionAnswer, 'Those in force now.'),
});
const withdraw = createRoute({
  method: 'delete',
  path: '/v1/exclusions/{id}',
  summary: 'Withdraws an exclusion; its errors count again',
  security: TOKEN,
  request: { params: exclusionParams, body: jsonBody(reasonBody) },
  responses: answers(exclusionAnswer, 'Those in force now.'),
});
const blame = createRoute({
  method: 'post',
  path: '/v1/blame',
  summary: 'Says whose fault it was that requests within a span never arrived',
  security: TOKEN,
  request: { body: jsonBody(blameBody) },
  responses: answers(blameAnswer, 'How many attempts it is about.'),
});
const importRoute = createRoute({
  method: 'post',
  path: '/v1/import',
  summary:
    'Imports a batch of calls recorded elsewhere, between the sidecar’s own writes; those that are known change nothing',
  security: TOKEN,
  request: { body: jsonBody(importBody) },
  responses: answers(importAnswer, 'How many were new.'),
});

/** Adds the routes of availability. */
export function addSlaRoutes(app: App, commands: ControlCommands): void {
  const { reader, sla } = commands;
  app.openapi(month, async (context) => {
    const question = sla.question(context.req.valid('param').month);
    return context.json(await reader.read(readMonth, question), 200);
  });
  app.openapi(windows, async (context) => {
    const question = sla.question(context.req.valid('param').month);
    return context.json({ windows: await reader.read(readWindows, question) }, 200);
  });
  app.openapi(calls, async (context) => {
    const span = calendarMonth(commands, context.req.valid('param').month);
    return context.json(await answerExport(commands, span, context.req.valid('query')), 200);
  });
  app.openapi(exclusions, async (context) => context.json(await answerExclusions(commands), 200));
  app.openapi(exclude, async (context) => {
    const { from, to, actor, ...rest } = signed(context, context.req.valid('json'));
    const { id } = await sla.exclude({ start: from, end: to, ...rest }, actor);
    return context.json({ id, ...(await answerExclusions(commands)) }, 200);
  });
  app.openapi(withdraw, async (context) => {
    const { id } = context.req.valid('param');
    await sla.withdraw(id, signed(context, context.req.valid('json')));
    return context.json({ id, ...(await answerExclusions(commands)) }, 200);
  });
  app.openapi(blame, async (context) => {
    const { from, to, actor, ...rest } = signed(context, context.req.valid('json'));
    return context.json(await sla.blame({ start: from, end: to, ...rest }, actor), 200);
  });
  app.openapi(importRoute, async (context) => {
    const body = signed(context, context.req.valid('json'));
    const { imported, earlierFiles } = await importLines(commands, body);
    const known = body.lines.length - imported;
    const before = earlierFiles.length === 0 ? {} : { earlierFiles: [...earlierFiles] };
    return context.json({ imported, known, ...before }, 200);
  });
}

/** Gives a calendar month in the agreement's zone, whatever terms cut out of it. */
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

async function answerExclusions({ reader }: ControlCommands): Promise<ExclusionsAnswer> {
  const inForce = await reader.read(listExclusions, {});
  return {
    exclusions: inForce.map(({ id, start, end, clause, source, actor, at }) => {
      return { id, from: iso(start), to: iso(end), clause, source, actor, at: iso(at) };
    }),
  };
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
