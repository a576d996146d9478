/** The result of a smoke test: a whole file, and what it cost. */
import { rm } from 'node:fs/promises';
import path from 'node:path';
import type { HoldsAnswer } from '../control/schemas.ts';
import type { TaskAnswer } from '../control/task-schemas.ts';
import type { TaskSighting } from '../tasks/task.ts';
import { toCredits, type Product } from '../units.ts';
import { ok, notOk } from '../check.ts';
import { download, keep, type Downloaded } from './smoke-download.ts';
import { DownloadFailed } from '../results/result-request.ts';
import { checkFile } from './smoke-file.ts';
import { StepFailed } from './smoke-step.ts';
import { creditsText, isHere, type SmokeRecord, type SmokeTools, type SmokeWish } from './smoke-tools.ts';
import { addressOf } from './smoke-wait.ts';
import type { Source } from './source.ts';

interface Ended {
  task: TaskAnswer;
  shown: TaskSighting;
  upstream: string;
}

/** Downloads the result, checks the file, and gives it its name. @throws StepFailed; no file is left then. */
export async function fetchResult(
  tools: SmokeTools,
  wish: SmokeWish,
  { task, shown, upstream }: Ended,
): Promise<NonNullable<SmokeRecord['file']>> {
  const { context, signal } = tools;
  const { proxy, caFile } = context.loaded().config.upstream;
  // Ids come from Kling: a name of a file takes no sign of theirs that a path would.
  const name = `smoke-${task.id.replaceAll(/[^A-Za-z0-9_-]/g, '_').slice(0, 64)}`;
  const part = `${wish.file ?? path.resolve(context.terminal.cwd, name)}.part`;
  tools.progress('the result is being downloaded');
  const rules = { mayUseLoopback: isHere(upstream), proxy, caFile };
  const got = await download(addressOf(shown) ?? '', part, {
    rules,
    clock: context.terminal.clock,
    signal,
  }).catch((error: unknown) => {
    if (!(error instanceof DownloadFailed) || signal.aborted) throw error;
    throw new StepFailed('download', error.message, `${error.advice} kling-sidecar smoke --task ${task.id}`);
  });
  tools.progress('');
  tools.report(ok('download', `${got.bytes} bytes, SHA-256 ${got.sha256}.`));
  return await keepChecked(tools, { got, part, product: task.product, file: wish.file });
}

interface Fetched {
  got: Downloaded;
  part: string;
  product: Product;
  file: string | null;
}

async function keepChecked(
  tools: SmokeTools,
  { got, part, product, file }: Fetched,
): Promise<NonNullable<SmokeRecord['file']>> {
  const { kind, fault } = await checkFile(part);
  const wrong =
    fault ??
    (kind?.product === product
      ? null
      : `is ${kind?.type}, and the task made ${product === 'video' ? 'a video' : 'an image'}`);
  if (kind === null || wrong !== null) {
    await rm(part, { force: true });
    const finding = `The file ${wrong} (the server calls it ${got.contentType ?? 'nothing'}).`;
    throw new StepFailed(
      'file',
      finding,
      'It was removed. Download the result once more, and show Kling what comes.',
    );
  }
  const target = file ?? part.replace(/\.part$/, `.${kind.extension}`);
  await keep(part, target);
  tools.report(ok('file', `${target} is ${kind.type}, whole.`));
  return { path: target, type: kind.type, bytes: got.bytes, sha256: got.sha256 };
}

interface Compared {
  source: Source;
  task: TaskAnswer;
  shown: TaskSighting;
}

/** Compares what was held with what Kling says that it deducted, and with what the ledger has. */
export async function compare(tools: SmokeTools, record: SmokeRecord, of: Compared): Promise<void> {
  const { source, task, shown } = of;
  const { settledCredits: settled } = (await source.get(
    `/v1/tasks/${encodeURIComponent(task.id)}`,
  )) as TaskAnswer;
  record.heldCredits ??= await heldFor(source, task.holdId);
  const held = record.heldCredits;
  if (shown.deduction === null) {
    record.deductedCredits = settled;
    const finding = `Kling does not say what it deducted; the ledger has ${creditsText(settled)}.`;
    tools.report(notOk('note', 'deduction', finding, 'Compare with the ledger in Kling’s console.'));
    return;
  }
  const deducted = toCredits(shown.deduction.credits);
  record.deductedCredits = deducted;
  if (held !== null && deducted > held) {
    throw new StepFailed(
      'deduction',
      `Held: ${creditsText(held)}; Kling deducted ${deducted}: budgets hold too little.`,
      'Name the price in pricing.overrides, and run the test again.',
    );
  }
  if (settled !== deducted) {
    throw new StepFailed(
      'deduction',
      `Kling deducted ${creditsText(deducted)}, and the ledger has ${settled}.`,
      'See kling-sidecar ledger verify, and the task’s holds.',
    );
  }
  tools.report(ok('deduction', `Kling deducted ${creditsText(deducted)}${asHeld(held, deducted)}.`));
}

function asHeld(held: number | null, deducted: number): string {
  if (held === null) return ', as the ledger has it';
  return held === deducted ? ', as held' : ` of ${held} held; the rest is free again`;
}

/** What was held for a task of an earlier test; null if its hold is not among the last thousand. */
async function heldFor(source: Source, holdId: string): Promise<number | null> {
  const { holds } = (await source.get('/v1/holds?limit=1000')) as HoldsAnswer;
  return holds.find(({ id }) => id === holdId)?.credits ?? null;
}
