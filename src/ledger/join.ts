/** Joins of equal creates (idempotency/join-table.ts), outside of an admission. */
import {
  dropJoin,
  joinedState,
  makeJoinable,
  takeFrom,
  takeJoinable,
  type Joined,
  type JoinRequest,
  type LostAnswer,
} from '../idempotency/join-table.ts';
import { defineRead, defineWrite, type Tx } from '../store/operation.ts';
import type { GuardState } from './ledger.ts';

/** Makes a create joinable by the next equal one of its app: its answer did not reach its caller. */
export const noteLostAnswer = defineWrite(
  'ledger.noteLostAnswer',
  (tx: Tx, lost: LostAnswer): Promise<void> => makeJoinable(tx, lost),
  { scope: 'own', isPlain: ({ answer }) => answer === null, priority: 'request' },
);

/** Lets a create join an earlier equal one, where something refuses or delays its admission; null if there is none. */
export const joinEarlier = defineWrite(
  'ledger.joinEarlier',
  (tx: Tx, request: JoinRequest): Promise<Joined | null> => takeJoinable(tx, request),
  { scope: 'own', isPlain: () => true, priority: 'request' },
);

/** Takes away that a create can be joined: a repeat of it gets its answer. `isTaken` is false if it could not be joined. */
export const takeJoined = defineWrite(
  'ledger.takeJoined',
  async (tx: Tx, { holdId }: { holdId: string }): Promise<{ isTaken: boolean }> => ({
    isTaken: await takeFrom(tx, holdId),
  }),
  { scope: 'own', isPlain: () => true, priority: 'request' },
);

/** Gives the state of a create that was joined. */
export const readJoined = defineRead(
  'ledger.readJoined',
  (tx: Tx, { holdId }: { holdId: string }): Promise<GuardState> => joinedState(tx, holdId),
  'request',
);

/** Removes the record of a join whose create is sent as a new one. */
export const leaveJoin = defineWrite(
  'ledger.leaveJoin',
  (tx: Tx, { holdId, joinId }: { holdId: string; joinId: string }): Promise<void> =>
    dropJoin(tx, holdId, joinId),
  { scope: 'own' },
);
