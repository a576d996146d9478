/**
 * Finds the row of the price list for a create: the most expensive row that fits all known parts.
 *
 * An open part (a model that is not in the list, an undocumented quality) fits every row. If no row has the
 * combination, parts are left open in turn. A model that Kling sells only on other routes has its own rate of those
 * routes; Kling may also use this route's default model instead, so the more expensive of the two counts.
 */
import type { Ask } from './ask-parts.ts';
import { rowsElsewhere, rowsOf } from './price-rows.ts';
import type { PriceRow } from './prices.ts';

export interface FoundRow {
  row: PriceRow;
  /** True if some part had to be left open. */
  isRelaxed: boolean;
  /** The model that the row was found for; null for one that is not in the list. */
  model: string | null;
}

/** Finds the row; null for an operation that has none. */
export function findRow(ask: Ask): FoundRow | null {
  const { operation, model, defaultModel, modelState } = ask;
  if (modelState !== 'elsewhere') {
    return bestOf(rowsOf(operation), ask, modelState === 'sold' ? model : null);
  }
  const own = bestOf(rowsElsewhere(operation, model ?? ''), ask, model);
  if (defaultModel === null) return own;
  const taken = bestOf(rowsOf(operation), ask, defaultModel);
  if (own === null || taken === null) return own ?? taken;
  return taken.row.credits > own.row.credits ? taken : own;
}

type Part = 'mode' | 'audio' | 'resolution' | 'input';
/** Parts left open in turn if no row has the combination: Kling ignores or refuses it then. */
const RELAXATIONS: readonly (readonly Part[])[] = [
  [],
  ['mode'],
  ['audio'],
  ['mode', 'audio'],
  ['resolution'],
  ['mode', 'audio', 'resolution', 'input'],
];

function bestOf(rows: readonly PriceRow[], ask: Ask, model: string | null): FoundRow | null {
  for (const open of RELAXATIONS) {
    let best: PriceRow | null = null;
    for (const row of rows) {
      if (!fits(row, { ask, model, open })) continue;
      if (best === null || row.credits > best.credits) best = row;
    }
    if (best !== null) return { row: best, isRelaxed: open.length > 0, model };
  }
  return null;
}

interface Wanted {
  ask: Ask;
  model: string | null;
  open: readonly Part[];
}

function fits(row: PriceRow, { ask, model, open }: Wanted): boolean {
  if (model === null && row.isOwnOnly) return false;
  if (model !== null && row.models !== null && !row.models.includes(model)) return false;
  // The qualities of a model that is not in the list are unknown.
  const isModeOpen = model === null && ask.modelState === 'unknown';
  if (
    !isModeOpen &&
    ask.mode !== null &&
    row.mode !== null &&
    row.mode !== ask.mode &&
    !open.includes('mode')
  )
    return false;
  if (row.audio !== null && row.audio !== ask.audio && !open.includes('audio')) return false;
  const isInputOpen = open.includes('input');
  if (row.videoInput !== null && row.videoInput !== ask.videoInput && !isInputOpen) return false;
  if (row.imageInput !== null && row.imageInput !== ask.imageInput && !isInputOpen) return false;
  if (row.resolution === null || ask.resolution === null || open.includes('resolution')) return true;
  return row.resolution === ask.resolution;
}
