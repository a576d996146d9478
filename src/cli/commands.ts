/** Every command by its name, loaded when it is named: a start, or a check of health, reads nothing of the other commands. */
import type { Command } from 'commander';
import type { Context } from './context.ts';

/** Adds one command, or a few that belong together, to the program. */
export type AddCommand = (program: Command, context: () => Context) => void;

type Load = () => Promise<AddCommand>;

const freeze: Load = async () => (await import('./freeze.ts')).addFreeze;
const backup: Load = async () => (await import('./backup.ts')).addBackup;

/** In the order of the help; commands that one file adds together share their loader. */
const COMMANDS: Readonly<Record<string, Load>> = {
  start: async () => (await import('./start-command.ts')).addStart,
  reload: async () => (await import('./reload.ts')).addReload,
  stop: async () => (await import('./stop.ts')).addStop,
  init: async () => (await import('./init.ts')).addInit,
  demo: async () => (await import('./demo-command.ts')).addDemo,
  emulate: async () => (await import('./emulate.ts')).addEmulate,
  config: async () => (await import('./config.ts')).addConfig,
  estimate: async () => (await import('./estimate.ts')).addEstimate,
  status: async () => (await import('./status.ts')).addStatus,
  queue: async () => (await import('./queue.ts')).addQueue,
  tasks: async () => (await import('./tasks.ts')).addTasks,
  usage: async () => (await import('./usage.ts')).addUsage,
  budget: async () => (await import('./budget.ts')).addBudget,
  holds: async () => (await import('./holds.ts')).addHolds,
  ledger: async () => (await import('./ledger.ts')).addLedger,
  pricing: async () => (await import('./pricing.ts')).addPricing,
  packs: async () => (await import('./packs.ts')).addPacks,
  reconcile: async () => (await import('./reconcile.ts')).addReconcile,
  calls: async () => (await import('./calls.ts')).addCalls,
  import: async () => (await import('./import.ts')).addImport,
  sla: async () => (await import('./sla.ts')).addSla,
  claim: async () => (await import('./claim.ts')).addClaim,
  alert: async () => (await import('./alert.ts')).addAlert,
  audit: async () => (await import('./audit.ts')).addAudit,
  jobs: async () => (await import('./jobs.ts')).addJobs,
  clock: async () => (await import('./clock.ts')).addClock,
  freeze,
  unfreeze: freeze,
  backup,
  restore: backup,
  export: async () => (await import('./export.ts')).addExport,
  health: async () => (await import('./health.ts')).addHealth,
  doctor: async () => (await import('./doctor.ts')).addDoctor,
  smoke: async () => (await import('./smoke.ts')).addSmoke,
  // Completion lists every command of the program that it is added to: see `loadCommands`.
};

/** Loads the command that a word names; all of them where it names none, for help and for what lists them. */
export async function loadCommands(word: string | null): Promise<AddCommand[]> {
  if (word !== null && Object.hasOwn(COMMANDS, word)) return [await (COMMANDS[word] as Load)()];
  const loaders = [...new Set(Object.values(COMMANDS))];
  const { addCompletion } = await import('./completion.ts');
  return [...(await Promise.all(loaders.map((load) => load()))), addCompletion];
}
