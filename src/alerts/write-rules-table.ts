/** Writes the table of rules into `docs/alerts.md`; `npm run docs:alerts` runs it. */
import { readFileSync, writeFileSync } from 'node:fs';
import { withRulesTable } from './rules-table.ts';

const page = new URL('../../docs/alerts.md', import.meta.url);
writeFileSync(page, withRulesTable(readFileSync(page, 'utf8')));
