/**
 * Serves a claim's folder as a zip archive: `GET|HEAD /v1/claims/YYYY-MM/folder.zip`. It is written without Hono, no faster
 * than its reader takes it.
 *
 * **Invariant**: at most {@link TRANSFERS_MAX} archives are sent at once, each no faster than it is read.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import { revisionOf, type Claim } from '../claims/claim.ts';
import { listClaims } from '../claims/claim-table.ts';
import type { Clock } from '../clock.ts';
import type { Store } from '../store/store.ts';
import type { Log } from '../telemetry/log.ts';
import { revisionQuery } from './claim-schemas.ts';
import { copyStream, ReaderGone } from './copy-stream.ts';
import { PlaneRefusal } from './problem.ts';

/** Archives that are sent at once. */
const TRANSFERS_MAX = 4;
const PATH = /^\/v1\/claims\/(\d{4}-\d{2})\/folder\.zip(?:\?(.*))?$/;

/** The claim whose folder is asked for. */
export interface AskedArchive {
  month: string;
  query: URLSearchParams;
}

/** Gives what a request asks for; null if it is for no archive. */
export function askedArchive({ method, url = '' }: IncomingMessage): AskedArchive | null {
  const [, month, query = ''] = method === 'GET' || method === 'HEAD' ? (PATH.exec(url) ?? []) : [];
  return month === undefined ? null : { month, query: new URLSearchParams(query) };
}

export interface ArchiveServerDeps {
  reader: Pick<Store, 'read'>;
  log: Log;
  clock: Clock;
}

/** Serves archives; one for each plane, since it counts what is being sent. */
export class ArchiveServer {
  readonly #deps: ArchiveServerDeps;
  #transfers = 0;

  constructor(deps: ArchiveServerDeps) {
    this.#deps = deps;
  }

  /**
   * Answers a request that the guard let through.
   * @throws SidecarError `not_found`; PlaneRefusal `bad_request`, `busy`.
   */
  async answer(
    { request, response }: { request: IncomingMessage; response: ServerResponse },
    asked: AskedArchive,
  ): Promise<void> {
    const claim = await this.#claim(asked);
    // Its code is loaded when somebody wants an archive.
    const { archiveName, zipFolder } = await import('../claims/folder-zip.ts');
    const archive = await zipFolder(claim);
    try {
      response.setHeader('content-type', 'application/zip');
      response.setHeader('content-disposition', `attachment; filename="${archiveName(claim)}.zip"`);
      if (request.method === 'HEAD') response.end();
      else await this.#send(archive, response);
    } finally {
      archive.destroy();
    }
  }

  async #claim({ month, query }: AskedArchive): Promise<Claim> {
    const asked = revisionQuery.safeParse(Object.fromEntries(query));
    if (!asked.success) {
      throw new PlaneRefusal(
        'bad_request',
        'The query is not as expected: only revision, a whole number from 1.',
      );
    }
    const claims = await this.#deps.reader.read(listClaims, { month });
    return revisionOf(claims, { month, revision: asked.data.revision ?? null });
  }

  async #send(archive: Readable, response: ServerResponse): Promise<void> {
    if (this.#transfers >= TRANSFERS_MAX) {
      response.setHeader('retry-after', '5');
      throw new PlaneRefusal('busy', `${TRANSFERS_MAX} archives are being sent; try again later.`);
    }
    this.#transfers += 1;
    try {
      await copyStream(archive, response, this.#deps.clock);
      response.end();
    } catch (error) {
      const { log } = this.#deps;
      if (!(error instanceof ReaderGone))
        log.error('the control plane failed to answer', { event: 'control_failed', error });
      response.destroy();
    } finally {
      this.#transfers -= 1;
    }
  }
}
