/** What `/v1/status` says of callbacks and of files of results. */
import type { Store } from '../../store/store.ts';
import { callbackUse, keptFilesState } from '../../tasks/delivery-table.ts';
import type { LiveStatus } from '../commands.ts';
import type { StatusAnswer } from '../schemas.ts';
import { isoOrNull } from './shape.ts';

/** Reads what is known of both; where neither is configured, the store is not asked. */
export async function answerDelivery(
  reader: Pick<Store, 'read'>,
  { callbacks, results }: Pick<LiveStatus, 'callbacks' | 'results'>,
): Promise<Pick<StatusAnswer, 'callbacks' | 'results'>> {
  const [use, files] = await Promise.all([
    callbacks && reader.read(callbackUse, {}),
    results.keep ? reader.read(keptFilesState, {}) : null,
  ]);
  return {
    callbacks: callbacks && use && { ...callbacks, ...use, lastAt: isoOrNull(use.lastAt) },
    results: files && {
      ...results,
      ...files,
      firstExpiresAt: isoOrNull(files.firstExpiresAt),
      lastSavedAt: isoOrNull(files.lastSavedAt),
    },
  };
}
