/** A read or free write as it was received. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { KlingRoute } from '../kling/routes.ts';
import type { CreateRequest } from './create-request.ts';

export interface ReadRequest extends Pick<
  CreateRequest,
  'requestId' | 'frame' | 'caller' | 'startedTick' | 'settings' | 'trace' | 'traceIds'
> {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Null for an unknown path: it is a GET, so it costs nothing. */
  readonly route: KlingRoute | null;
  /** Path and query that are sent to Kling. */
  readonly target: string;
}
