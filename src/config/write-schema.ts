/** Writes `schema.json`, for editors, and every default as a config, for people; `npm run schema` runs it. */
import { writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { configSchema } from './config-schema.ts';
import { schemaTree } from './schema-tree.ts';

/** Gives the shipped text of the JSON schema. */
export function schemaText(): string {
  return `${JSON.stringify({ title: 'kling-sidecar config', ...schemaTree() }, null, 2)}\n`;
}

/** Gives the shipped config of `docs/`, with every default. */
export function defaultsText(): string {
  return `${JSON.stringify({ ...configSchema.parse({}), $schema: '../schema.json' }, null, 2)}\n`;
}

const isRun = import.meta.url === pathToFileURL(process.argv[1] ?? '').href;
if (isRun) {
  writeFileSync(new URL('../../schema.json', import.meta.url), schemaText());
  writeFileSync(new URL('../../docs/sidecar.config.defaults.json', import.meta.url), defaultsText());
}
