/** The sentences of the API in Chinese. */
import type { Phrase } from '../../phrase-book.ts';

export const PHRASES: readonly Phrase[] = [];
