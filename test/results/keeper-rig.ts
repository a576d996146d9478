/** The keeper of results over a store in memory, a folder of its own, and a server on loopback that a test writes. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createManualClock, type ManualClock } from '../../src/clock.ts';
import type { Fact } from '../../src/facts.ts';
import { observeTasks } from '../../src/ledger/observe.ts';
import { openFolderStore } from '../../src/results/folder-store.ts';
import { KeptResults, type SaveTry } from '../../src/results/kept-results.ts';
import { resultsSection, type ResultsConfig } from '../../src/results/results-config.ts';
import { filesOfTask, type ResultFileRow } from '../../src/tasks/result-file-table.ts';
import { admitHold, close, newHold, NOON, sighting } from '../ledger/making.ts';
import { createMemoryStore, type MemoryStore } from '../ledger/memory-store.ts';

export interface KeeperRig {
  keeper: KeptResults;
  clock: ManualClock;
  store: MemoryStore;
  folder: string;
  tries: SaveTry[];
  facts: Fact[];
  /** Answers every request; a test may replace it. */
  answer: RequestListener;
  /** Changes the config that is in use. */
  configure(over: Partial<ResultsConfig>): void;
  /** A task of ours succeeds with files at the server. */
  succeed(n: number, files?: number): Promise<void>;
  rows(n: number): Promise<ResultFileRow[]>;
  /** The names of all files in the folder, parts too. */
  files(): Promise<string[]>;
  stop(): Promise<void>;
}

/** Makes a keeper that keeps; the caller stops it. */
export async function makeKeeper(over: Partial<ResultsConfig> = {}): Promise<KeeperRig> {
  const folder = await mkdtemp(path.join(tmpdir(), 'kling-results-'));
  const store = createMemoryStore();
  const clock = createManualClock(NOON);
  let config = { ...resultsSection.parse({}), keep: true, dir: folder, freeGiBMin: 0, ...over };
  const [tries, facts]: [SaveTry[], Fact[]] = [[], []];
  const server: Server = createServer((request, response) => rig.answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const run = store.run.bind(store);
  const keeper = new KeptResults({
    store: { read: run, write: run, background: (operation, take) => run(operation, take(false)) },
    ledger: {
      async run(operation, args) {
        const result = await store.run(operation, args);
        facts.push(...((result as { facts?: Fact[] }).facts ?? []));
        return result;
      },
    },
    clock,
    config: () => config,
    destination: openFolderStore({ dir: folder, freeBytesMin: () => 0 }),
    reach: () => ({ mayUseLoopback: true, proxy: null, caFile: null }),
    onTry: (one) => void tries.push(one),
    onError(message, error) {
      throw new Error(message, { cause: error });
    },
  });
  const rig: KeeperRig = {
    keeper,
    clock,
    store,
    folder,
    tries,
    facts,
    answer: (_, response) => void response.writeHead(404).end(),
    configure: (more) => void (config = { ...config, ...more }),
    async succeed(n, files = 1) {
      await admitHold(store, newHold(`h${n}`, { at: NOON }));
      await close(store, `h${n}`, { kind: 'task', sighting: sighting(`t${n}`) }, { at: NOON });
      const results = Array.from({ length: files }, (_, index) => ({
        kind: 'video' as const,
        id: null,
        url: `http://127.0.0.1:${port}/${n}-${index + 1}.mp4`,
        durationSeconds: null,
      }));
      const seen = sighting(`t${n}`, { state: 'succeeded', results });
      await store.run(observeTasks, { sightings: [seen], source: 'poll', at: clock.now() });
    },
    rows: (n) => store.run(filesOfTask, { taskId: `t${n}` }),
    async files() {
      const all = await readdir(folder, { recursive: true, withFileTypes: true });
      return all.filter((each) => each.isFile()).map(({ name }) => name);
    },
    async stop() {
      await keeper.stop();
      server.closeAllConnections();
      server.close();
      store.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
  await keeper.runDue();
  return rig;
}
