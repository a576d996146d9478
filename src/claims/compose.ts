/**
 * The operation that composes a claim.
 *
 * It is not in the documents' file, which is loaded with the first request for a claim: otherwise the store's workers
 * would load every letter at each start (60 ms in each of them, Node 24.21, 2026-11-21).
 */
import { defineRead } from '../store/operation.ts';
import type { ComposeArgs, Composed } from './documents.ts';

/** Composes a month's claim, or says why there is none. */
export const composeClaim = defineRead('claims.compose', async (tx, args: ComposeArgs): Promise<Composed> => {
  // Only the read-only connection waits for it, once.
  const { composeDocuments } = await import('./documents.ts');
  return composeDocuments(tx, args);
});
