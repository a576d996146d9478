/** Writes `schema.json` beside the committed config, for editors; `npm run schema` runs it. */
import { writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { schemaTree } from './schema-tree.ts';

/** Gives the JSON schema's text as it is shipped. */
export function schemaText(): string {
  return `${JSON.stringify({ title: 'kling-sidecar config', ...schemaTree() }, null, 2)}\n`;
}

const isRun = import.meta.url === pathToFileURL(process.argv[1] ?? '').href;
if (isRun) writeFileSync(new URL('../../schema.json', import.meta.url), schemaText());
