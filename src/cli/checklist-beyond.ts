/** The smoke test, and the checks of `doctor` that the checklist does not have. */
import { codeInfo, regionHint } from '../kling/codes.ts';
import { checkClock, checkTarget } from '../upstream/upstream-checks.ts';
import { checkPacks } from '../account/account-checks.ts';
import { upstreamOf } from './checklist-auth.ts';
import { byDoctor } from './checklist-doctor.ts';
import type { Evidence } from './checklist-evidence.ts';
import { failed, passed, together, warned, verdictOf, type LineVerdict } from '../check.ts';
import { countText, dayText, sentence } from '../phrases.ts';

export const beyondLines = {
  smoke,
  kling,
  packs,
  clock,
  disk,
  doctor,
};

const RUN = 'Run it: kling-sidecar smoke, then with --yes.';

function smoke({ work }: Evidence): LineVerdict {
  const at = work?.smokeAt ?? null;
  const span = work?.span ?? 'in the last 31 days';
  if (at === null) return warned(`No smoke test succeeded on this store ${span}.`, RUN);
  return passed(`The task of the last smoke test succeeded on ${dayText(at)}.`);
}

function kling(evidence: Evidence): LineVerdict {
  const { kling: seen } = evidence;
  const upstream = upstreamOf(evidence);
  const { host } = new URL(upstream);
  if (seen.kind === 'unknown') {
    const finding = sentence(seen.why);
    const remedy = 'See doctor, and whether this machine reaches Kling.';
    return seen.isFailure ? failed(finding, remedy) : warned(finding, remedy);
  }
  const way = seen.by === 'sidecar' ? 'through the sidecar' : 'with the credentials at hand';
  if (seen.code !== 0) {
    const info = codeInfo(seen.code);
    const finding = sentence(
      `${host} answered code ${seen.code} (${info?.meaning ?? 'unknown'}): ${seen.message}`,
    );
    return failed(finding, regionHint(seen.code, host) ?? info?.advice ?? 'See Kling’s table of codes.');
  }
  const taken = passed(
    `${host} takes the credentials, ${way}; it lists ${countText(seen.packs.length, 'pack')}.`,
  );
  const place = checkTarget(upstream);
  return place.level === 'ok' ? taken : together([taken, verdictOf(place)]);
}

function packs(evidence: Evidence): LineVerdict {
  const { kling: seen, now } = evidence;
  if (seen.kind === 'answered' && seen.code === 0) {
    return together(checkPacks(seen.packs, { readAt: now }, now).map(verdictOf));
  }
  return (
    byDoctor(evidence, 'packs') ??
    warned(
      'They are not known: there is no store, and Kling was not asked.',
      'Start the sidecar: it reads them each hour.',
    )
  );
}

function clock(evidence: Evidence): LineVerdict {
  const { kling: seen, runs } = evidence;
  const known = byDoctor(evidence, 'clock');
  if (known !== null && known.level !== 'warn') return known;
  const offsetMs = seen.kind === 'answered' ? seen.offsetMs : null;
  return offsetMs === null && known !== null ? known : verdictOf(checkClock(offsetMs, runs));
}

function disk(evidence: Evidence): LineVerdict {
  return byDoctor(evidence, 'disk', 'folders') ?? warned('It was not looked at.', 'Run doctor.');
}

/** Names of doctor's checks that have a line of their own. */
const TAKEN: ReadonlySet<string> = new Set([
  'credentials',
  'packs',
  'clock',
  'disk',
  'folders',
  'mode',
  'budgets',
  'key',
  'prices',
]);

/** Doctor's checks without a line of their own, with doctor's level; notes are left out. */
function doctor({ checks }: Evidence): LineVerdict {
  const rest = checks.filter(({ name }) => !TAKEN.has(name));
  const bad = rest.filter(({ level }) => level === 'fail' || level === 'warn');
  if (bad.length > 0)
    return together(
      bad.map((check) => ({ ...verdictOf(check), finding: `${check.name}: ${check.finding}` })),
    );
  return passed(`${countText(rest.length, 'check')} of doctor, none of which warns or fails.`);
}
