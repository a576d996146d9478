/** The lines under "Cost Controls". */
import type { BudgetRule } from '../budget/budget-rule.ts';
import { toCredits } from '../units.ts';
import { heardOf } from './checklist-alerting.ts';
import { byDoctor } from './checklist-doctor.ts';
import type { Evidence } from './checklist-evidence.ts';
import { failed, notOurs, passed, together, warned, type LineVerdict } from '../check.ts';
import { countText } from '../phrases.ts';

const SHARE = 0.8;

export const costLines = {
  daily_budget: dailyBudget,
  budget_alert: budgetAlert,
  standard_mode: standardMode,
  poll_cap: pollCap,
  estimate,
};

function modeOf({ runs, status, config }: Evidence): 'protect' | 'observe' {
  return runs && status !== null ? status.mode : config.mode;
}

/** Budgets that refuse, for all creates together. */
function enforcing({ budgets }: Evidence['config']): readonly BudgetRule[] {
  return budgets.filter(
    ({ mode, per, match }) => mode === 'enforce' && per === null && Object.keys(match).length === 0,
  );
}

function dailyBudget(evidence: Evidence): LineVerdict {
  const verdicts: LineVerdict[] = [];
  if (modeOf(evidence) === 'observe') {
    verdicts.push(
      failed('The mode is observe: nothing is refused for money.', 'Set mode to protect, and reload.'),
    );
  }
  const whole = enforcing(evidence.config);
  const daily = whole.filter(({ window }) => window === 'day' || window === 'hour');
  if (whole.length === 0) {
    verdicts.push(
      failed(
        'No budget in mode enforce limits all creates together.',
        'Add one to budgets: { "name": "daily", "credits": 1000, "window": "day" }.',
      ),
    );
  } else if (daily.length === 0) {
    verdicts.push(
      warned(
        `What limits all creates together has no window of a day: ${whole.map(({ name, window }) => `${name} (${window})`).join(', ')}.`,
        'Add a budget with window day: a month can be gone in an hour.',
      ),
    );
  }
  if (verdicts.length > 0) return together(verdicts);
  const named = daily.map(({ name, limit, window }) => `${name}, ${toCredits(limit)} credits a ${window}`);
  return passed(`${named.join('; ')}: a create that would pass it is refused before it is sent.`);
}

function budgetAlert(evidence: Evidence): LineVerdict {
  const whole = enforcing(evidence.config);
  const early = whole.filter(({ alertAt }) => alertAt.some((share) => share <= SHARE));
  const verdicts: LineVerdict[] = [];
  if (early.length === 0) {
    const names = whole.map(({ name }) => name).join(', ');
    verdicts.push(
      whole.length === 0
        ? failed('There is no budget to tell of.', 'Add a budget, with "alertAt": [0.8].')
        : warned(`alertAt of ${names} has no share of ${SHARE} or less.`, 'Add 0.8 to its alertAt.'),
    );
  } else
    verdicts.push(
      passed(`${early.map(({ name }) => name).join(', ')}: alerts at ${SHARE * 100} %, once in each window.`),
    );
  return together([...verdicts, heardOf(evidence, 'budget_threshold', 'a budget that is nearly used')]);
}

function standardMode({ work }: Evidence): LineVerdict {
  const remedy =
    'Let the app send mode std (720p) for drafts; kling-sidecar estimate says what std would cost.';
  const rows = work?.byMode.filter(({ mode }) => mode !== null) ?? [];
  const total = rows.reduce((sum, { tasks }) => sum + tasks, 0);
  if (total === 0)
    return notOurs('The app chooses the mode of each create; none was made in the last 31 days.', remedy);
  const std = rows.find(({ mode }) => mode === 'std')?.tasks ?? 0;
  if (std === total)
    return passed(`Each of the ${countText(total, 'task')} of the last 31 days was made in mode std.`);
  const share = Math.round((std / total) * 100);
  return notOurs(
    `The app chooses the mode: ${share} % of the ${countText(total, 'task')} of the last 31 days were std.`,
    remedy,
  );
}

function pollCap({ config, status }: Evidence): LineVerdict {
  const { poll, pollIntervalMs } = config.tasks;
  if (!poll) {
    return warned(
      'tasks.poll is off: a task that the app no longer asks for is never settled.',
      'Set tasks.poll to true.',
    );
  }
  const open = status?.openTasks.reduce((sum, { tasks }) => sum + tasks, 0) ?? 0;
  return passed(
    `The sidecar asks for each open task until Kling says how it ended, since its credits are held till then: each ${pollIntervalMs / 1000} s at first and each minute at last, twenty in one request; ${countText(open, 'task')} ${open === 1 ? 'is' : 'are'} open. ` +
      'An app may ask the sidecar (GET /v1/tasks/ID) as often as it likes.',
  );
}

function estimate(evidence: Evidence): LineVerdict {
  const held = byDoctor(evidence, 'prices');
  const how =
    'kling-sidecar estimate FILE and POST /v1/estimate price a batch against the budgets, and every create is held before it is sent.';
  if (modeOf(evidence) === 'observe' || enforcing(evidence.config).length === 0) {
    return warned(`${how} But no budget refuses what is too much.`, 'See the line on the daily budget.');
  }
  return held === null ? passed(how) : together([passed(how), held]);
}
