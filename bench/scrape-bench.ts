/**
 * How long a scrape holds up the event loop, which the data plane shares: the longest turn, with many series and many open tasks.
 *
 * Run by `node bench/scrape-bench.ts [open tasks] [series]`.
 */
import Database from 'better-sqlite3';
import { ROUTES } from '../src/kling/routes.ts';
import { startApp } from '../test/app/start-app.ts';
import { copyTask } from './copy-task.ts';
import { watchTurns } from './longest-turn.ts';
import { CREATE_BODY, CREATE_PATH } from './requests.ts';

const openTasks = Number(process.argv[2] ?? 10_000);
const seriesWanted = Number(process.argv[3] ?? 2_000);
const SCRAPES = 20;
const TASK_PATHS = [
  ...new Set(ROUTES.filter(({ template }) => !template.includes('{')).map(({ template }) => template)),
];

const app = await startApp({
  config: {
    tasks: { poll: false },
    budgets: [
      { name: 'day', credits: 1_000_000_000, window: 'day' },
      ...['hour', 'day', 'week', 'month', 'total'].map((window) => ({
        name: `tags-${window}`,
        credits: 1_000_000_000,
        window,
        per: 'tag',
      })),
    ],
  },
  emulator: {
    concurrency: { video: 1_000_000 },
    packs: [{ name: 'bench', product: 'video', units: 1_000_000_000 }],
  },
});

const create = async (tag: string): Promise<void> => {
  const headers = { 'content-type': 'application/json', 'x-kling-tag': tag };
  const answer = await fetch(app.dataUrl + CREATE_PATH, { method: 'POST', headers, body: CREATE_BODY });
  await answer.arrayBuffer();
  if (answer.status !== 200) throw new Error(`a create was answered with ${answer.status}`);
};
const scrape = async (): Promise<string> => (await fetch(`${app.controlUrl}/metrics`)).text();
const seriesOf = (text: string): number =>
  text.split('\n').filter((line) => line !== '' && !line.startsWith('#')).length;

// A budget for each tag makes series; tasks are made by copying rows, which a hundred thousand creates would take minutes for.
for (let tag = 0; seriesOf(await scrape()) < seriesWanted && tag < 400; tag += 10) {
  await Promise.all(Array.from({ length: 10 }, (_, index) => create(`tag-${tag + index}`)));
  await Promise.all(
    TASK_PATHS.map(async (path) => (await fetch(`${app.dataUrl}${path}/none-${tag}`)).arrayBuffer()),
  );
}
const db = new Database(`${app.folder}/data/sidecar.db`);
copyTask(db, openTasks);
db.close();

for (let round = 0; round < 5; round += 1) await scrape();
const text = await scrape();
const turns = watchTurns();
let slowestMs = 0;
for (let round = 0; round < SCRAPES; round += 1) {
  const from = performance.now();
  await scrape();
  slowestMs = Math.max(slowestMs, performance.now() - from);
}
const longestMs = turns.stop();
console.log(
  `${SCRAPES} scrapes of ${seriesOf(text)} series (${text.length} bytes) with ${openTasks} open tasks: longest turn ` +
    `${longestMs.toFixed(1)} ms of CPU, client included; ` +
    `answered within ${slowestMs.toFixed(0)} ms`,
);
await app.stop();
