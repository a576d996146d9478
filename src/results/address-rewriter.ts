/**
 * Puts our addresses of saved files in place of Kling's, in answers and callbacks that apps get (`results.rewriteUrls`).
 *
 * Kling may sign an address anew for each answer, so a saved file is recognised by the address that it was downloaded from, or by
 * that address's path where no other file and no other address of the same task has it. A file that is not recognised, or not
 * saved yet, keeps Kling's address.
 *
 * **Invariant**: bytes that cannot be edited, and any failure or slowness of the store, leave the answer as it came.
 */
import { within, type Clock } from '../clock.ts';
import { shownAddresses, withAddresses, type ShownAddress } from '../kling/answer-addresses.ts';
import type { Store } from '../store/store.ts';
import { filesOfTask, type ResultFileRow } from '../tasks/result-file-table.ts';
import type { Ms } from '../units.ts';
import { extensionOfType } from './media-type.ts';
import type { ResultLinks } from './result-links.ts';

/** How long an answer waits for the store before it is passed on unchanged. */
const STORE_MS_MAX: Ms = 500;
/** Tasks of one answer that are looked up; Kling's lists show at most 500. */
const TASKS_MAX = 500;

export interface RewriterOptions {
  reader: Pick<Store, 'read'>;
  links: Pick<ResultLinks, 'url'>;
  clock: Clock;
  /** Gets why an answer was passed on unchanged although it shows results. */
  onError: (message: string, error: unknown) => void;
}

/** An answer with some of our addresses. */
export interface Rewritten {
  bytes: Buffer;
  /** How many addresses are ours. */
  count: number;
}

type Edit = Pick<ShownAddress, 'start' | 'end' | 'url'>;

export class AddressRewriter {
  readonly #options: RewriterOptions;

  constructor(options: RewriterOptions) {
    this.#options = options;
  }

  /** Gives the bytes with our addresses; null where there is nothing to change. Never rejects. */
  async rewrite(bytes: Buffer): Promise<Rewritten | null> {
    const shown = bytes.includes('http') ? shownAddresses(bytes) : [];
    if (shown.length === 0) return null;
    try {
      const tasks = [...Map.groupBy(shown, ({ taskId }) => taskId)].slice(0, TASKS_MAX);
      const edits = await this.#edits(tasks);
      edits.sort((a, b) => a.start - b.start);
      return edits.length === 0 ? null : { bytes: withAddresses(bytes, edits), count: edits.length };
    } catch (error) {
      this.#options.onError('an answer was passed on with Kling’s own addresses', error);
      return null;
    }
  }

  /** Gives the changes for the tasks whose files the store names in time. */
  async #edits(tasks: readonly [taskId: string, shown: ShownAddress[]][]): Promise<Edit[]> {
    const { reader, clock } = this.#options;
    const edits: Edit[] = [];
    const now = clock.now();
    const reading = tasks.map(async ([taskId, shown]) => {
      const files = (await reader.read(filesOfTask, { taskId })).filter(({ state }) => state === 'saved');
      for (const address of shown) {
        const file = files.length === 0 ? null : fileAt(address, shown, files);
        if (file) edits.push({ ...address, url: this.#url(address, file, now) });
      }
    });
    await within(clock, STORE_MS_MAX, Promise.all(reading));
    return edits.slice();
  }

  #url({ taskId }: ShownAddress, { position, contentType }: ResultFileRow, now: Ms): string {
    return this.#options.links.url({ taskId, position }, { extension: extensionOfType(contentType), now });
  }
}

/** Gives the saved file that an address is of, by all addresses and saved files of its task. */
function fileAt(
  address: ShownAddress,
  shown: readonly ShownAddress[],
  files: readonly ResultFileRow[],
): ResultFileRow | null {
  const same = files.find(({ url }) => url === address.url);
  if (same) return same;
  const path = pathOf(address.url);
  const onPath = files.filter(({ url }) => pathOf(url) === path);
  const shownOnPath = shown.filter(({ url }) => pathOf(url) === path);
  return onPath.length === 1 && shownOnPath.length === 1 ? (onPath[0] ?? null) : null;
}

function pathOf(url: string): string | null {
  return URL.canParse(url) ? new URL(url).pathname : null;
}
