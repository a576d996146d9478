/** A refusal of ours as a row of `refusals`: how it is written and how it is read. */
import type { SqlValue } from '../store/operation.ts';
import type { Ms } from '../units.ts';
import type { RefusalRecord } from './call.ts';

/** A refusal as it is stored. */
export interface RefusalRow {
  id: string;
  request_id: string;
  at: Ms;
  app: string;
  tag: string | null;
  method: string;
  route: string;
  status: number;
  word: string;
  message: string;
  credits: number | null;
  budget: string | null;
  would_only: number;
}

/** Writes a refusal; {@link refusalValues} gives the values. */
export const INSERT_REFUSAL = `INSERT INTO refusals (id, request_id, at, app, tag, method, route, status, word, message,
  credits, budget, would_only)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;

/** Gives the values of {@link INSERT_REFUSAL}. */
export function refusalValues(refusal: RefusalRecord): SqlValue[] {
  return [
    refusal.id,
    refusal.requestId,
    refusal.at,
    refusal.app,
    refusal.tag,
    refusal.method,
    refusal.route,
    refusal.status,
    refusal.word,
    refusal.message,
    refusal.credits,
    refusal.budget,
    refusal.wouldOnly ? 1 : 0,
  ];
}

/** Converts a stored row back to its record. */
export function toRefusal(row: RefusalRow): RefusalRecord {
  return {
    id: row.id,
    requestId: row.request_id,
    at: row.at,
    app: row.app,
    tag: row.tag,
    method: row.method,
    route: row.route,
    status: row.status,
    word: row.word,
    message: row.message,
    credits: row.credits,
    budget: row.budget,
    wouldOnly: row.would_only === 1,
  };
}
