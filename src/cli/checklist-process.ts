/**
 * Judges the checklist for a running sidecar: `doctor --checklist` in a process of its own.
 *
 * The ledger is verified row by row, which takes seconds over a large store. A second process keeps that from creates: it has a
 * low priority, reads the store beside the sidecar as any command does, and its memory is free again afterwards.
 *
 * **Invariant**: Kling is not asked. The process ends in five minutes, or with the sidecar. Where memory runs out, the system ends it
 * and not the sidecar.
 */
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs';
import { constants, setPriority } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Judge } from '../app/kept-checklist.ts';
import type { Environment } from '../config/config-environment.ts';
import { checklist, type Checklist } from '../control/checklist-schemas.ts';
import { SidecarError } from '../errors.ts';
import { plainText } from '../plain-text.ts';
import type { Ms } from '../units.ts';
import { NODE_FLAGS } from './init-files.ts';

/** A million creates take some seconds of a processor; on a machine without a free one that can be minutes. */
const JUDGE_MS_MAX: Ms = 300_000;
const OUTPUT_BYTES_MAX = 4 * 1024 * 1024;
const PROBLEM_CHARACTERS_MAX = 500;
const PROGRAM = fileURLToPath(new URL('../../bin/kling-sidecar.js', import.meta.url));
/** Linux: the first process that the system ends where memory runs out. */
const OOM_SCORE_MAX = '1000';

export interface ChecklistPlace {
  /** `--config`, if it was given. */
  configPath: string | undefined;
  /** With the secrets: their lines are judged too. */
  env: Environment;
  cwd: string;
}

/**
 * Judges the checklist as `doctor --checklist --without-kling --json` does in this place.
 * @throws SidecarError `ledger_unavailable` if it printed no verdicts in time; the message says what it reported.
 */
export async function judgeChecklist(
  { configPath, env, cwd }: ChecklistPlace,
  { controlUrl, signal }: Parameters<Judge>[0],
): Promise<Checklist> {
  const named = configPath === undefined ? [] : ['--config', configPath];
  const args = [PROGRAM, ...named, 'doctor', '--checklist', '--without-kling', '--json'];
  const { out, err, isLate } = await run([...NODE_FLAGS.split(' '), ...args], {
    env: { ...env, ...portOf(controlUrl) },
    cwd,
    signal,
  });
  const parsed = checklist.safeParse(parseJson(out));
  if (parsed.success) return parsed.data;
  const why = isLate
    ? `it did not end within ${JUDGE_MS_MAX / 1000} s`
    : plainText(err.trim()).slice(0, PROBLEM_CHARACTERS_MAX) || 'it printed no verdicts';
  throw new SidecarError(
    'ledger_unavailable',
    `The checklist could not be judged: ${why}. Run kling-sidecar doctor --checklist to see more.`,
  );
}

/** The port that the sidecar got, where the config lets the system choose it. */
function portOf(controlUrl: string): Environment {
  return { KLING_SIDECAR__CONTROL__PORT: new URL(controlUrl).port };
}

interface Output {
  out: string;
  err: string;
  isLate: boolean;
}

/** Runs Node; an exit code above 0 is no error, since a line that must be mended gives one. */
function run(
  args: readonly string[],
  { env, cwd, signal }: { env: Environment; cwd: string; signal: AbortSignal },
): Promise<Output> {
  const options = {
    env: { ...env },
    cwd,
    signal,
    timeout: JUDGE_MS_MAX,
    killSignal: 'SIGKILL' as const,
    maxBuffer: OUTPUT_BYTES_MAX,
    encoding: 'utf8' as const,
    windowsHide: true,
  };
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [...args], options, (error, out, err) => {
      resolve({ out, err, isLate: error?.killed === true && !signal.aborted });
    });
    child.stdin?.end();
    if (child.pid !== undefined) giveWay(child.pid);
  });
}

/** Some systems allow no change; then all go on as equals. */
function giveWay(pid: number): void {
  try {
    setPriority(pid, constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // Nothing depends on it but how quick the others are.
  }
  writeFile(`/proc/${pid}/oom_score_adj`, OOM_SCORE_MAX, () => undefined);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
