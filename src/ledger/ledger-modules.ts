/** Everything that the folders give to the store's workers: operations by name, and the steps of the schema. */
import { accountMigrations } from '../account/account-schema.ts';
import * as accountTable from '../account/account-table.ts';
import { packOutlook } from '../account/pack-outlook.ts';
import { countPiece } from '../budget/backfill.ts';
import { budgetMigrations } from '../budget/budget-schema.ts';
import { createMigrations } from '../budget/create-schema.ts';
import { budgetRoom } from '../budget/budget-room.ts';
import { budgetUse } from '../budget/budget-use.ts';
import { deductionEvidence } from '../budget/deduction-evidence.ts';
import { deductionSums } from '../budget/deduction-differences.ts';
import { adoptionMigrations } from '../budget/adopted.ts';
import { applyBudgets, listBudgets, raiseBudget } from '../budget/budget-table.ts';
import { priceRuleMigrations } from '../budget/price-rule-schema.ts';
import { limitHistory } from '../budget/limit-history.ts';
import { getHold, listHolds } from '../budget/hold-list.ts';
import {
  dropHoldTraces,
  holdTraceMigrations,
  insertHoldTraces,
  readHoldTraces,
} from '../budget/hold-trace-table.ts';
import { readOldDoubts } from '../budget/old-doubts.ts';
import { callMigrations } from '../calls/call-schema.ts';
import { listCalls } from '../calls/call-list.ts';
import { recordRefusals } from '../calls/call-table.ts';
import { listRefusals } from '../calls/refusal-list.ts';
import { sumRoutes } from '../calls/route-sums.ts';
import { sumRefusals } from '../calls/refusal-sums.ts';
import { moneyRefusals } from '../calls/money-refusals.ts';
import { noteQueueWait, queueWaitMigrations } from '../calls/queue-wait-table.ts';
import { readDroppedTo } from '../calls/retention.ts';
import { countWouldHave, noteMode, readWouldHave } from '../calls/would-have-table.ts';
import { claimMigrations } from '../claims/claim-schema.ts';
import * as claimTable from '../claims/claim-table.ts';
import * as claimCompose from '../claims/compose.ts';
import { neededCalls } from '../claims/needed-calls.ts';
import * as claimNotices from '../claims/notices.ts';
import { guardMigrations } from '../idempotency/guard-schema.ts';
import { joinMigrations } from '../idempotency/join-schema.ts';
import * as importExport from '../imports/export.ts';
import * as importTable from '../imports/import-table.ts';
import { outboxModule } from '../outbox/outbox-module.ts';
import * as slaBlame from '../sla/blame-table.ts';
import * as slaCounted from '../sla/counted-calls.ts';
import * as slaExclusion from '../sla/exclusion-table.ts';
import * as slaJournal from '../sla/journal.ts';
import * as slaMonth from '../sla/month-table.ts';
import * as slaProgress from '../sla/progress-table.ts';
import * as slaRun from '../sla/run-table.ts';
import { slaMigrations } from '../sla/sla-schema.ts';
import * as slaVerify from '../sla/verify.ts';
import { exportedOperations, type StoreModule } from '../store/registry.ts';
import { callbackMigrations } from '../tasks/callback-schema.ts';
import * as callbackTable from '../tasks/callback-table.ts';
import { contradictionMigrations, listContradictions } from '../tasks/contradiction-table.ts';
import { recentDurations } from '../tasks/duration-table.ts';
import * as relayTable from '../tasks/relay-table.ts';
import { countForeign } from '../tasks/foreign-table.ts';
import { listOldUnasked, lostMigrations, readLostTasks } from '../tasks/lost-table.ts';
import * as resultAskTable from '../tasks/result-ask-table.ts';
import { resultFileMigrations } from '../tasks/result-file-schema.ts';
import * as deliveryTable from '../tasks/delivery-table.ts';
import * as resultFileTable from '../tasks/result-file-table.ts';
import { retryMigrations } from '../tasks/retry-schema.ts';
import * as retryTable from '../tasks/retry-table.ts';
import { retryLinks } from '../tasks/retry-links.ts';
import { taskMigrations } from '../tasks/task-schema.ts';
import { listTasks } from '../tasks/task-list.ts';
import { getTask, listOpenTasks, openTasks } from '../tasks/task-table.ts';
import { readFailedTasks, readStuckTasks } from '../tasks/troubled-table.ts';
import { accountRefusals } from './account-refusals.ts';
import { admit } from './admit.ts';
import { adoptTasks } from './adopt-tasks.ts';
import { beginAdoption, noteAdoption, readAdoption } from './adoption.ts';
import { listAudit, listImportedFiles, recordOrder } from './audit.ts';
import { closeCreate } from './close.ts';
import { estimatedEndMigrations, noteLedgersAreRead } from './deduction-wait.ts';
import { freeze, freezeState, unfreeze } from './freeze.ts';
import { guardState } from './guard.ts';
import { joinEarlier, leaveJoin, noteLostAnswer, readJoined, takeJoined } from './join.ts';
import { dueLookUps, makeLookUpsDue, recordLookUps } from './look-up.ts';
import { loseTasks } from './lose-tasks.ts';
import { observeTasks } from './observe.ts';
import { dropExternalId } from './drop-external-id.ts';
import { openSlots } from './open-slots.ts';
import { openWork, openWorkInOrder } from './open-work.ts';
import { renewLease, startInstance, stopInstance } from './instance-table.ts';
import { purgeOld } from './purge.ts';
import { recoverHolds } from './recover.ts';
import { resolveHold } from './resolve.ts';
import { sendAgain } from './send-again.ts';
import { heldTasksBefore, settleEstimated, settleNewDeductions, settleWaiting } from './settle-deductions.ts';
import { spendingByTime } from './spending-by-time.ts';
import { firstSignOfLife, spendingElsewhere } from './spending-elsewhere.ts';
import { moneyStatus } from './status.ts';
import { taskMoney } from './task-money.ts';
import { acceptClock, keepAge, readTime, resetDates } from './time.ts';
import { lastHour } from './last-hour.ts';
import { listUsage } from './usage.ts';
import { sumUsageSlots, usageSlotMigrations } from './usage-slots.ts';
import { sumUsage } from './usage-sums.ts';
import { noteUsedKey, readUsedKeys, usedKeyMigrations } from './used-keys.ts';
import { useUpstream } from './use-upstream.ts';
import { lastVerification, noteVerification } from './verification-table.ts';
import { verifyLedger } from './verify.ts';

/** The operations and migrations of the outbox, budget, calls, tasks, idempotency, availability, claims and ledger. */
export const ledgerModules: readonly StoreModule[] = [
  outboxModule,
  {
    migrations: [
      ...budgetMigrations,
      ...holdTraceMigrations,
      ...createMigrations,
      ...adoptionMigrations,
      ...priceRuleMigrations,
    ],
    operations: [
      applyBudgets,
      countPiece,
      raiseBudget,
      listBudgets,
      budgetRoom,
      budgetUse,
      deductionSums,
      deductionEvidence,
      listHolds,
      limitHistory,
      getHold,
      insertHoldTraces,
      readOldDoubts,
      readHoldTraces,
      dropHoldTraces,
    ],
  },
  {
    migrations: [...callMigrations, ...queueWaitMigrations],
    operations: [
      recordRefusals,
      listCalls,
      listRefusals,
      sumRefusals,
      sumRoutes,
      purgeOld,
      readDroppedTo,
      countWouldHave,
      noteMode,
      readWouldHave,
      moneyRefusals,
      noteQueueWait,
    ],
  },
  {
    migrations: [...taskMigrations, ...lostMigrations, ...contradictionMigrations, ...retryMigrations],
    operations: [
      ...exportedOperations(retryTable),
      retryLinks,
      openTasks,
      listOpenTasks,
      listTasks,
      getTask,
      readStuckTasks,
      readFailedTasks,
      readLostTasks,
      recentDurations,
      listContradictions,
      listOldUnasked,
      countForeign,
    ],
  },
  { migrations: resultFileMigrations, operations: exportedOperations(resultFileTable, resultAskTable) },
  {
    migrations: callbackMigrations,
    operations: exportedOperations(callbackTable, relayTable, deliveryTable),
  },
  { migrations: [...guardMigrations, ...joinMigrations], operations: [] },
  {
    migrations: slaMigrations,
    operations: exportedOperations(
      slaBlame,
      slaCounted,
      slaExclusion,
      slaJournal,
      slaMonth,
      slaProgress,
      slaRun,
      slaVerify,
    ),
  },
  { migrations: [], operations: exportedOperations(importExport, importTable) },
  { migrations: accountMigrations, operations: [...exportedOperations(accountTable), packOutlook] },
  {
    migrations: [...claimMigrations, ...claimNotices.noticeMigrations],
    operations: [...exportedOperations(claimTable, claimCompose, claimNotices), neededCalls],
  },
  {
    migrations: [...usedKeyMigrations, ...estimatedEndMigrations, ...usageSlotMigrations],
    operations: [
      readAdoption,
      beginAdoption,
      noteAdoption,
      adoptTasks,
      admit,
      closeCreate,
      observeTasks,
      loseTasks,
      dueLookUps,
      recordLookUps,
      makeLookUpsDue,
      resolveHold,
      sendAgain,
      freeze,
      unfreeze,
      freezeState,
      guardState,
      noteLostAnswer,
      joinEarlier,
      takeJoined,
      readJoined,
      leaveJoin,
      recoverHolds,
      startInstance,
      stopInstance,
      renewLease,
      verifyLedger,
      lastVerification,
      noteVerification,
      listUsage,
      sumUsage,
      taskMoney,
      sumUsageSlots,
      listAudit,
      recordOrder,
      listImportedFiles,
      openSlots,
      openWork,
      openWorkInOrder,
      dropExternalId,
      moneyStatus,
      lastHour,
      readTime,
      keepAge,
      acceptClock,
      resetDates,
      useUpstream,
      noteUsedKey,
      readUsedKeys,
      noteLedgersAreRead,
      heldTasksBefore,
      settleNewDeductions,
      settleEstimated,
      settleWaiting,
      spendingElsewhere,
      spendingByTime,
      firstSignOfLife,
      accountRefusals,
    ],
  },
];
