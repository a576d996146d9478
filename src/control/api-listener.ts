/** The API as a listener's answers: Hono between Node's requests and the routes. The heaviest code of the control plane. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { answerError, createApi, type Api, type ApiOptions } from './api.ts';
import { ArchiveServer, askedArchive } from './claim-archive.ts';
import type { Clock } from '../clock.ts';
import type { Passed } from './guard.ts';

export interface ApiListener extends Pick<Api, 'owns' | 'fetch'> {
  /** Answers a request that the guard let through; without `passed` the caller is the operator. */
  answer(request: IncomingMessage, response: ServerResponse, passed?: Passed): Promise<void>;
}

/** Makes the API with all its routes. */
export function createApiListener(options: ApiOptions & { clock: Clock }): ApiListener {
  const api = createApi(options);
  const archives = new ArchiveServer({ ...options, reader: options.commands.reader });
  const accepted = new WeakMap<object, Passed>();
  const hono = getRequestListener((request, env) => api.fetch(request, accepted.get(env.incoming)), {
    overrideGlobalObjects: false,
    // Only the probes listener accepts requests without a Host.
    hostname: 'localhost',
    errorHandler: (error) => answerError(error, options.log),
  });
  return {
    owns: (path) => api.owns(path),
    fetch: (request, passed) => api.fetch(request, passed),
    answer(request, response, passed) {
      const archive = askedArchive(request);
      if (archive) return archives.answer({ request, response }, archive);
      if (passed) accepted.set(request, passed);
      return hono(request, response);
    },
  };
}
