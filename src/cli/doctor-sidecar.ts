/** What `doctor` finds of the sidecar itself: whether it runs and is ready, its mode, its money, Kling's clock. */
import type { Config } from '../config/config.ts';
import { codeInfo, regionHint } from '../kling/codes.ts';
import { isLoopback } from '../listen.ts';
import type { StatusAnswer } from '../control/schemas.ts';
import { realStorePath } from '../store/sqlite/store-file.ts';
import { askDaemon, controlAddress, packageVersion } from './control-client.ts';
import type { Context } from './context.ts';
import { klingOf } from './kling-status.ts';
import { counted, durationText, ok, sentence, tell, type Check } from './doctor-check.ts';

const MINUTE_MS = 60_000;
const OFFSET_MS_WARN = MINUTE_MS;
/** Beyond it creates are refused. */
const OFFSET_MS_FAIL = 5 * MINUTE_MS;

/** Checks that what runs is this version, on this store, before this Kling, and ready. */
export async function checkRunning(context: Context, status: StatusAnswer): Promise<Check[]> {
  const { config } = context.loaded();
  const { host, port } = controlAddress(config.control);
  const at = `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
  const own = packageVersion();
  const since = durationText(status.uptimeSeconds * 1000);
  const checks = [
    status.version === own
      ? ok('sidecar', `Version ${own} runs at ${at}, for ${since}.`)
      : tell(
          'warn',
          'sidecar',
          `Version ${status.version} runs at ${at}, and this command is ${own}.`,
          'Restart the sidecar from this checkout, or run the command of its own.',
        ),
    await checkReady(context),
  ];
  if (realStorePath(config.store.path) !== status.store.path) {
    const finding = `It writes to ${status.store.path}, and the config here names ${config.store.path}.`;
    checks.push(tell('warn', 'sidecar', finding, 'Run doctor with the config the sidecar was started with.'));
  }
  if (status.upstream !== config.upstream.baseUrl) {
    const finding = `It forwards to ${status.upstream}, and the config here says ${config.upstream.baseUrl}.`;
    checks.push(tell('warn', 'sidecar', finding, 'Reload it (SIGHUP), or run doctor with its own config.'));
  }
  return checks;
}

async function checkReady(context: Context): Promise<Check> {
  const reply = await askDaemon(context, { method: 'GET', path: '/readyz' });
  const { ready, reasons = [] } = (reply?.body ?? {}) as { ready?: boolean; reasons?: string[] };
  if (reply?.status === 200 && ready === true) return ok('ready', 'It can do its work.');
  const why = reasons.join('; ') || 'no reason given';
  return tell('fail', 'ready', sentence(`It is not: ${why}`), 'Look at the log, and at the disk.');
}

/** Tells that no sidecar runs. */
export function notRunning({ config }: { config: Config }): Check {
  const { host, port } = controlAddress(config.control);
  const finding = `None answers at ${host}:${port}: nothing is signed, held or recorded now.`;
  return tell('warn', 'sidecar', finding, 'Start it: kling-sidecar start.');
}

/** Checks mode, freeze, doubts, holds of other upstreams, and budgets. */
export function checkMoney(config: Config, status: StatusAnswer, now: number): Check[] {
  return [
    checkMode(status),
    checkFreeze(status),
    checkDoubts(status, now),
    ...status.heldElsewhere.map(checkElsewhere),
    checkBudgets(config),
  ];
}

function checkMode({ mode }: StatusAnswer): Check {
  if (mode === 'protect') return ok('mode', 'protect: what passes a budget is refused.');
  const advice = 'When status --would-have shows what you expect, set mode to protect.';
  return tell('note', 'mode', 'observe: nothing is refused for money.', advice);
}

function checkFreeze({ freeze }: StatusAnswer): Check {
  if (freeze === null) return ok('freeze', 'Spending is not frozen.');
  const finding = `Spending is frozen since ${freeze.since} by ${freeze.actor}: ${freeze.reason}`;
  return tell('warn', 'freeze', sentence(finding), 'When its reason is gone: unfreeze --reason TEXT.');
}

function checkDoubts({ inDoubtHolds, inDoubtCredits, oldestDoubtSince }: StatusAnswer, now: number): Check {
  if (inDoubtHolds === 0) return ok('doubts', 'No hold is in doubt.');
  const age =
    oldestDoubtSince === null ? '' : `, the oldest for ${durationText(now - Date.parse(oldestDoubtSince))}`;
  return tell(
    'warn',
    'doubts',
    `${counted(inDoubtHolds, 'hold')} of ${inDoubtCredits} credits: nobody knows whether Kling took the create${age}.`,
    'They are looked up while a sidecar runs; holds list --in-doubt shows those that wait for holds release or write-off.',
  );
}

function checkElsewhere({ upstream, holds, credits }: StatusAnswer['heldElsewhere'][number]): Check {
  return tell(
    'warn',
    'upstream',
    `${counted(holds, 'open hold')} of ${credits} credits ${holds === 1 ? 'belongs' : 'belong'} to ${upstream}, which is not ` +
      'in use: nobody asks there for what became of them.',
    'Put that upstream or key back, or look into its console: then holds release or write-off. Where only the key of the ' +
      'same account changed, put the old one back, name the account in auth.account, reload, and change the key again.',
  );
}

function checkBudgets({ budgets }: Config): Check {
  const enforcing = budgets.filter(({ mode }) => mode === 'enforce');
  if (enforcing.length === 0) {
    const advice = 'Add one to budgets with mode enforce, and reload.';
    return tell('warn', 'budgets', 'Nothing limits spending: no budget is in mode enforce.', advice);
  }
  const names = enforcing.map(({ name }) => name).join(', ');
  const isWhole = enforcing.some(({ match, per }) => per === null && Object.keys(match).length === 0);
  if (isWhole) return ok('budgets', `${counted(enforcing.length, 'budget')} in mode enforce: ${names}.`);
  return tell(
    'note',
    'budgets',
    `Every budget in mode enforce is for a part of the creates (${names}): nothing limits their sum.`,
    'Add a budget without match and per.',
  );
}

/** Checks that the upstream is no program of this machine. */
export function checkTarget(upstream: string): Check {
  const { hostname } = new URL(upstream);
  if (!isLoopback(hostname.replace(/[[\]]/g, ''))) return ok('upstream', `${upstream}.`);
  const finding = `${upstream} is this machine: this is no Kling.`;
  return tell('note', 'upstream', finding, 'For Kling set upstream.baseUrl.');
}

/** Checks what Kling is, and how far its clock is from ours. */
export function checkKling(status: StatusAnswer, isRunning: boolean): Check[] {
  const { upstream, clockOffsetMs } = status;
  return [
    checkTarget(upstream),
    checkClock(clockOffsetMs, isRunning),
    ...checkReach(status),
    ...checkAccepted(status, isRunning),
  ];
}

function checkReach(status: StatusAnswer): Check[] {
  const { unreachable } = klingOf(status);
  if (unreachable === null) return [];
  const finding = `Kling cannot be reached since ${unreachable.since}: ${unreachable.cause}`;
  return [tell('fail', 'connection', sentence(finding), adviceOn(unreachable.errorClass))];
}

function adviceOn(errorClass: string): string {
  if (errorClass === 'dns') return 'See whether this machine’s name server works, and upstream.baseUrl.';
  if (errorClass === 'tls') return 'See upstream.caFile, and whether a proxy replaces certificates.';
  if (errorClass === 'proxy') return 'See upstream.proxy, and whether that proxy works.';
  return 'See whether a firewall or a proxy stands between: upstream.proxy names one.';
}

function checkAccepted(status: StatusAnswer, isRunning: boolean): Check[] {
  const { credentials, refusal } = klingOf(status);
  if (refusal) {
    const finding = `Kling refuses the credentials since ${refusal.since}: code ${refusal.code} (${refusal.message}).`;
    const { host } = new URL(status.upstream);
    const advice =
      regionHint(refusal.code, host) ?? codeInfo(refusal.code)?.advice ?? 'Check the credentials.';
    return [tell('fail', 'key', finding, advice)];
  }
  if (!isRunning) return [];
  if (credentials === 'accepted') return [ok('key', 'Kling takes the credentials.')];
  const finding =
    'Whether Kling takes the credentials is not known: it has answered nothing since the start.';
  return [tell('note', 'key', finding, 'Run doctor after a call.')];
}

/** Checks how far Kling's clock is from ours. */
export function checkClock(offsetMs: number | null, isRunning: boolean): Check {
  if (offsetMs === null) {
    const why = isRunning ? 'Kling has not answered since the start' : 'no sidecar runs';
    return tell(
      'note',
      'clock',
      `The difference to Kling’s clock is not known: ${why}.`,
      'Run doctor after a call.',
    );
  }
  const seconds = Math.round(Math.abs(offsetMs) / 1000);
  const finding = `Kling’s clock is ${seconds} s ${offsetMs < 0 ? 'behind' : 'ahead of'} ours.`;
  const advice = 'Set this machine’s clock right, and keep it so with NTP.';
  if (Math.abs(offsetMs) > OFFSET_MS_FAIL) {
    return tell('fail', 'clock', `${finding} Creates are refused beyond 5 minutes.`, advice);
  }
  if (Math.abs(offsetMs) > OFFSET_MS_WARN) return tell('warn', 'clock', finding, advice);
  return ok('clock', seconds === 0 ? 'Kling’s clock agrees with ours.' : finding);
}
