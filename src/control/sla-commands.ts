/** The commands of the control plane about availability and claims; the app supplies them. */
import type { Claim } from '../claims/claim.ts';
import type { MarkArgs } from '../claims/claim-table.ts';
import type { ClaimDates } from '../claims/deadlines.ts';
import type { DraftResult } from '../claims/draft.ts';
import type { NewExclusion } from '../sla/exclusion-table.ts';
import type { ImportedCall } from '../imports/import.ts';
import type { ImportOptions } from '../imports/import-line.ts';
import type { StoredMonthQuestion } from '../sla/month-table.ts';
import type { Span } from '../sla/window.ts';
import type { Order } from './order.ts';

/** The source of an import's calls: for their identity, and for the audit. */
export interface ImportOrigin {
  /** One import: the batches of a file share it, so that the audit has one row at its beginning and one at its end. */
  run: string;
  /** Part of the identity of calls. */
  source: string;
  actor: string;
  /** The name of the imported file, for people. */
  file: string;
}

/** The result of a batch. */
export interface ImportedBatch {
  /** New calls. */
  imported: number;
  /** Files imported with the same source before this import began, the last ones first; at most 20. */
  earlierFiles: readonly string[];
}

export interface SlaCommands {
  /** Makes the question for a month from the config. @throws SidecarError `bad_usage` if it is no month. */
  question(month: string): StoredMonthQuestion;
  /** The present month. */
  currentMonth(): string;
  /** How lines of an import are read: their routes, our clock, the configured host if a line names none. */
  importOptions(source: string, host: string | null): ImportOptions;
  /**
   * Writes a batch of an import; gives the number of new calls, and the files imported before. `seq` is its place among the
   * batches of its run, from 0, by default the order of arrival: they are written in this order. `isLast` ends the import.
   * @throws SidecarError also if a batch before it failed.
   */
  importCalls(
    calls: ImportedCall[],
    origin: ImportOrigin,
    place: { isLast: boolean; seq?: number | undefined },
  ): Promise<ImportedBatch>;
  /** @throws SidecarError `bad_usage` if it cuts a window that the journal no longer holds. */
  exclude(exclusion: NewExclusion, actor: string): Promise<{ id: string }>;
  /** @throws SidecarError `not_found`. */
  withdraw(id: string, order: Order): Promise<void>;
  blame(
    correction: Span & { blame: 'upstream' | 'local'; source: string },
    actor: string,
  ): Promise<{ id: string; attempts: number }>;
}

export interface ClaimCommands {
  /** Today in the zone of the agreement, `YYYY-MM-DD`. */
  today(): string;
  /** When a month's claim may be filed, by the configured calendar. */
  dates(month: string): ClaimDates;
  /** @throws SidecarError `bad_usage` if the month is not over. */
  draft(month: string, order: Order): Promise<DraftResult>;
  /** @throws SidecarError `not_found`, `bad_usage` if the step is not allowed. */
  mark(mark: Omit<MarkArgs, 'at'>): Promise<Claim>;
}
