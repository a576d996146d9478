/** The rules about the store: its files, its disk, its ledger. */
import type { Rule } from '../rule.ts';
import { diskLow, walLarge } from './disk-low.ts';
import { storeTrouble } from './store-trouble.ts';

export const storeRules: readonly Rule[] = [storeTrouble, diskLow, walLarge];
