/** To which slice a row of the view `calls` belongs, in SQL: the same as `sliceOf` and `classOf` say of a call. */
import { classSql } from '../calls/outcome.ts';
import { PROBE_TAG } from './counts.ts';

/** The class of a call. An attempt without recorded blame counts as unknown. */
export const CLASS_SQL = classSql(
  'calls',
  "COALESCE((SELECT u.blame FROM sla_unreachable u WHERE u.call_id = calls.id), 'unknown')",
);

/** Who made the attempt: `app`, `sidecar` or `probe`. */
export const ORIGIN_SQL = `CASE WHEN calls.origin = 'sidecar' AND calls.tag = '${PROBE_TAG}' THEN 'probe' ELSE calls.origin END`;

/** 1 for second and later attempts of a request. */
export const RETRY_SQL = 'CASE WHEN calls.attempt > 1 THEN 1 ELSE 0 END';

/** 1 for an attempt that an exclusion in force covers. */
export const EXCLUDED_SQL = `CASE WHEN EXISTS (SELECT 1 FROM sla_exclusions x
  WHERE x.withdrawn_at IS NULL AND x.from_at <= calls.at AND x.to_at > calls.at) THEN 1 ELSE 0 END`;
