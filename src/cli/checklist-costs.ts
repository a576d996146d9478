/** The lines under "Cost Controls". */
import { dailyBudget, earlyThreshold, enforcingAll } from '../budget/budget-checks.ts';
import { heardOf } from './checklist-alerting.ts';
import { byDoctor } from './checklist-doctor.ts';
import type { Evidence } from './checklist-evidence.ts';
import { notOurs, passed, together, warned, type LineVerdict } from '../check.ts';
import { countText } from '../phrases.ts';

export const costLines = {
  daily_budget: dailyLine,
  budget_alert: budgetAlert,
  standard_mode: standardMode,
  poll_cap: pollCap,
  estimate,
};

function modeOf({ runs, status, config }: Evidence): 'protect' | 'observe' {
  return runs && status !== null ? status.mode : config.mode;
}

function dailyLine(evidence: Evidence): LineVerdict {
  return dailyBudget(modeOf(evidence), evidence.config.budgets);
}

function budgetAlert(evidence: Evidence): LineVerdict {
  const heard = heardOf(evidence, 'budget_threshold', 'a budget that is nearly used');
  return together([earlyThreshold(evidence.config.budgets), heard]);
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
  if (modeOf(evidence) === 'observe' || enforcingAll(evidence.config.budgets).length === 0) {
    return warned(`${how} But no budget refuses what is too much.`, 'See the line on the daily budget.');
  }
  return held === null ? passed(how) : together([passed(how), held]);
}
