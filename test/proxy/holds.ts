/** The states of holds, from the control plane. */
import { expect } from 'vitest';
import { get, until } from '../app/calls.ts';
import type { StartedApp } from '../app/start-app.ts';

export interface HoldView {
  id: string;
  state: 'held' | 'settled' | 'released' | 'written_off';
  inDoubt: boolean;
  credits: number;
  externalTaskId: string | null;
  taskId: string | null;
  operation: string;
}

/** Gives every hold, newest first. */
export async function holdsOf({ controlUrl }: StartedApp): Promise<HoldView[]> {
  const { json } = await get(`${controlUrl}/v1/holds?limit=1000`);
  return (json as unknown as { holds: HoldView[] }).holds;
}

/** Gives the hold of an external task id. */
export async function holdOf(started: StartedApp, externalTaskId: string): Promise<HoldView> {
  const found = (await holdsOf(started)).find((hold) => hold.externalTaskId === externalTaskId);
  if (!found) throw new Error(`no hold for ${externalTaskId}`);
  return found;
}

/** Waits until a hold has the expected state; the failure shows its last state. */
export async function untilHold(
  started: StartedApp,
  externalTaskId: string,
  wanted: Partial<HoldView>,
): Promise<HoldView> {
  let last: HoldView | null = null;
  const stands = async (): Promise<HoldView | false> => {
    last = await holdOf(started, externalTaskId);
    return Object.entries(wanted).every(([key, value]) => last?.[key as keyof HoldView] === value) && last;
  };
  await until('the hold', stands).catch(() => expect(last).toMatchObject(wanted));
  return holdOf(started, externalTaskId);
}
