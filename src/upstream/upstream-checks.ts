/** What `doctor` finds of Kling: which one it is, whether it can be reached and takes the credentials, and its clock. */
import { notOk, ok, type Check } from '../check.ts';
import { codeInfo, regionHint } from '../kling/codes.ts';
import { isLoopback } from '../listen.ts';
import { sentence } from '../phrases.ts';
import type { Ms } from '../units.ts';

const MINUTE_MS = 60_000;
const OFFSET_MS_WARN = MINUTE_MS;
/** Beyond it creates are refused. */
const OFFSET_MS_FAIL = 5 * MINUTE_MS;

/** What is known of Kling, with instants in ISO 8601. */
export interface UpstreamSeen {
  /** Its base URL. */
  upstream: string;
  /** Kling's clock less ours; null before the first answer. */
  clockOffsetMs: Ms | null;
  kling: {
    credentials: 'unknown' | 'accepted' | 'refused';
    refusal: { code: number; message: string; since: string } | null;
    unreachable: { errorClass: string; cause: string; since: string } | null;
  };
}

/** Checks that the upstream is no program of this machine. */
export function checkTarget(upstream: string): Check {
  const { hostname } = new URL(upstream);
  if (!isLoopback(hostname.replace(/[[\]]/g, ''))) return ok('upstream', `${upstream}.`);
  const finding = `${upstream} is this machine: this is no Kling.`;
  return notOk('note', 'upstream', finding, 'For Kling set upstream.baseUrl.');
}

/** Checks what Kling is, and how far its clock is from ours. */
export function checkKling(seen: UpstreamSeen, isRunning: boolean): Check[] {
  const { upstream, clockOffsetMs } = seen;
  return [
    checkTarget(upstream),
    checkClock(clockOffsetMs, isRunning),
    ...checkReach(seen),
    ...checkAccepted(seen, isRunning),
  ];
}

function checkReach({ kling: { unreachable } }: UpstreamSeen): Check[] {
  if (unreachable === null) return [];
  const finding = `Kling cannot be reached since ${unreachable.since}: ${unreachable.cause}`;
  return [notOk('fail', 'connection', sentence(finding), adviceOn(unreachable.errorClass))];
}

function adviceOn(errorClass: string): string {
  if (errorClass === 'dns') return 'See whether this machine’s name server works, and upstream.baseUrl.';
  if (errorClass === 'tls') return 'See upstream.caFile, and whether a proxy replaces certificates.';
  if (errorClass === 'proxy') return 'See upstream.proxy, and whether that proxy works.';
  return 'See whether there is a firewall or a proxy in between: upstream.proxy names one.';
}

function checkAccepted({ upstream, kling }: UpstreamSeen, isRunning: boolean): Check[] {
  const { credentials, refusal } = kling;
  if (refusal) {
    const finding = `Kling refuses the credentials since ${refusal.since}: code ${refusal.code} (${refusal.message}).`;
    const { host } = new URL(upstream);
    const advice =
      regionHint(refusal.code, host) ?? codeInfo(refusal.code)?.advice ?? 'Check the credentials.';
    return [notOk('fail', 'key', finding, advice)];
  }
  if (!isRunning) return [];
  if (credentials === 'accepted') return [ok('key', 'Kling takes the credentials.')];
  const finding =
    'Whether Kling takes the credentials is not known: it has answered nothing since the start.';
  return [notOk('note', 'key', finding, 'Run doctor after a call.')];
}

/** Checks how far Kling's clock is from ours. */
export function checkClock(offsetMs: Ms | null, isRunning: boolean): Check {
  if (offsetMs === null) {
    const why = isRunning ? 'Kling has not answered since the start' : 'no sidecar runs';
    return notOk(
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
    return notOk('fail', 'clock', `${finding} Creates are refused beyond 5 minutes.`, advice);
  }
  if (Math.abs(offsetMs) > OFFSET_MS_WARN) return notOk('warn', 'clock', finding, advice);
  return ok('clock', seconds === 0 ? 'Kling’s clock agrees with ours.' : finding);
}
