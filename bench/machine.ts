/**
 * Whether the machine was quiet enough for reliable figures.
 *
 * Two looks, since each misses what the other sees. *Waiting*: the share of a second in which some task of the machine waited for a
 * CPU (`/proc/pressure/cpu`), taken while the benchmark itself does nothing: before, between rounds and after. *Others*: the
 * share of all CPU time from start to end that was neither idle nor used by this run's processes, what the hypervisor took
 * included: one busy process beside two cores waits for nothing and lets nobody wait, but takes half of the machine.
 *
 * **Invariant**: a run on a busy machine passes no goal and misses none; its figures are printed and its goals are `not measured`.
 */
import { readFileSync } from 'node:fs';

/**
 * The most of each that a quiet machine has. A twentieth of the machine moves throughput and latency by about as much, which is below what
 * the same figure differs by from round to round on a quiet one (10 %), and far below what goals are apart (20 %).
 */
export const BUSY_SHARE = 0.05;
const LOOK_MS = 1000;

export interface MachineLoad {
  /** `some avg10` of /proc/pressure/cpu in percent, before and after; null if the kernel has none. */
  pressureBefore: number | null;
  pressureAfter: number | null;
  /** The largest share of a look in which some task waited for a CPU; null if the kernel does not say. */
  waitingShareMax: number | null;
  /** The share of the machine's CPU time that others used. */
  othersShare: number;
  isBusy: boolean;
}

export interface MachineWatch {
  /** Looks for a second; meanwhile all processes of the benchmark must be idle. */
  look(): Promise<void>;
  /** Looks once more and gives the verdict; every process of the run has ended. */
  stop(): Promise<MachineLoad>;
}

/** Gives `some avg10` in percent and `total` in microseconds out of the text of /proc/pressure/cpu; null for another text. */
export function readPressure(text: string): { avg10: number; totalUs: number } | null {
  const match = /^some avg10=([\d.]+) .*total=(\d+)/m.exec(text);
  return match === null ? null : { avg10: Number(match[1]), totalUs: Number(match[2]) };
}

export interface CpuTicks {
  total: number;
  /** User, nice, system and steal: interrupts are left out, since the network's are ours as likely as not. */
  used: number;
}

/** Sums the first line of /proc/stat. */
export function readCpuTicks(text: string): CpuTicks {
  // user nice system idle iowait irq softirq steal; guest time is part of user.
  const fields = (/^cpu +(.*)$/m.exec(text)?.[1] ?? '').split(' ').slice(0, 8).map(Number);
  const [user = 0, nice = 0, system = 0, , , , , steal = 0] = fields;
  return { total: fields.reduce((sum, ticks) => sum + ticks, 0), used: user + nice + system + steal };
}

/** Judges the two shares. */
export function isBusy(waitingShareMax: number | null, othersShare: number): boolean {
  return othersShare > BUSY_SHARE || (waitingShareMax ?? 0) > BUSY_SHARE;
}

/** Begins to watch the machine, with a first look. */
export async function watchMachine(): Promise<MachineWatch> {
  const waits: number[] = [];
  const look = async (): Promise<void> => {
    const [before, from] = [pressure(), performance.now()];
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    const [after, elapsedMs] = [pressure(), performance.now() - from];
    if (before !== null && after !== null) waits.push((after.totalUs - before.totalUs) / 1e3 / elapsedMs);
  };
  const pressureBefore = pressure()?.avg10 ?? null;
  const cpuBefore = readCpuTicks(readFileSync('/proc/stat', 'utf8'));
  const ownBefore = ownTicks();
  await look();
  return {
    look,
    async stop() {
      await look();
      const cpu = readCpuTicks(readFileSync('/proc/stat', 'utf8'));
      const used = cpu.used - cpuBefore.used - (ownTicks() - ownBefore);
      const othersShare = Math.max(0, used / (cpu.total - cpuBefore.total));
      const waitingShareMax = waits.length === 0 ? null : Math.max(...waits);
      const pressureAfter = pressure()?.avg10 ?? null;
      return {
        pressureBefore,
        pressureAfter,
        waitingShareMax,
        othersShare,
        isBusy: isBusy(waitingShareMax, othersShare),
      };
    },
  };
}

function pressure(): { avg10: number; totalUs: number } | null {
  try {
    return readPressure(readFileSync('/proc/pressure/cpu', 'utf8'));
  } catch {
    return null;
  }
}

/** Ticks of this process and of its children that have ended, with theirs. */
function ownTicks(): number {
  const text = readFileSync('/proc/self/stat', 'utf8');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return [11, 12, 13, 14].reduce((sum, index) => sum + Number(fields[index]), 0);
}
