/** The web page as the control plane knows it. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Passed } from './guard.ts';

/** Answers a question of the API; the rights are those of `passed`. */
export type FetchApi = (request: Request, passed: Passed) => Response | Promise<Response>;

export interface WebPage {
  /** Answers a read of a page’s path that the guard let through. */
  answer(request: IncomingMessage, response: ServerResponse, passed: Passed): Promise<void>;
  /** Ends the pages that are live. */
  close(): void;
}
