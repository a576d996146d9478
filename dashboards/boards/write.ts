/** Writes the boards beside this folder: `npm run dashboards`. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { boardTexts } from './boards.ts';

for (const [name, text] of Object.entries(boardTexts())) {
  writeFileSync(join(import.meta.dirname, '..', name), text);
}
