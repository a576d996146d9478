/** A read or free write as it was received. */
import type { KlingRoute } from '../kling/routes.ts';
import type { CreateRequest } from './create-request.ts';

export interface ReadRequest extends Pick<
  CreateRequest,
  | 'request'
  | 'response'
  | 'requestId'
  | 'frame'
  | 'caller'
  | 'startedTick'
  | 'settings'
  | 'trace'
  | 'traceIds'
> {
  /** Null for an unknown path: it is a GET, so it costs nothing. */
  readonly route: KlingRoute | null;
  /** Path and query that are sent to Kling. */
  readonly target: string;
}
