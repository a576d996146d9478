/**
 * The production checklist, line by line, and the type of a line's verdict.
 *
 * **Invariant**: headings, lines and their order are those of the checklist that teams get (its copy is in
 * `test/cli/production-checklist.txt`); other checks of `doctor` follow under a heading of their own.
 */
import type { LineLevel } from '../check.ts';

export const CHECKLIST = [
  {
    heading: 'Authentication',
    lines: [
      ['secrets_manager', 'AK/SK stored in secrets manager (not .env in repo)'],
      ['jwt_refresh', 'JWT auto-refresh with 5-min buffer before 30-min expiry'],
      ['key_per_environment', 'Separate API keys per environment (dev/staging/prod)'],
      ['key_rotation', 'Key rotation schedule (quarterly minimum)'],
      ['bearer', 'Authorization: Bearer <token> format verified'],
    ],
  },
  {
    heading: 'Error Handling',
    lines: [
      ['http_codes', 'HTTP 400/401/402/403/429/5xx all handled'],
      ['backoff', 'Exponential backoff with jitter for 429/5xx retries'],
      ['retry_limit', 'Max retry limit set (3-5, not infinite)'],
      ['status_message', 'task_status: "failed" logs task_status_msg'],
      ['timeout', '30s timeout on all HTTP calls'],
      ['duration', 'duration sent as string "5" not integer 5'],
    ],
  },
  {
    heading: 'Cost Controls',
    lines: [
      ['daily_budget', 'Daily credit budget enforced in code'],
      ['budget_alert', 'Alert at 80% daily budget consumption'],
      ['standard_mode', 'standard mode used for non-final renders'],
      ['poll_cap', 'Max poll attempts cap (no infinite loops)'],
      ['estimate', 'Credit estimate before batch submission'],
    ],
  },
  {
    heading: 'Task Management',
    lines: [
      ['task_ids', 'All task_ids logged with timestamp'],
      ['stuck_tasks', 'Stuck task detection (>10 min in processing)'],
      ['callback', 'callback_url used instead of polling in production'],
      ['failed_tasks', 'Failed tasks queued for retry'],
      ['results', 'Video URLs downloaded promptly (Kling CDN URLs expire)'],
    ],
  },
  {
    heading: 'Content Safety',
    lines: [
      ['prompts_validated', 'Prompts validated before API submission'],
      ['prompts_sanitized', 'User-generated prompts sanitized'],
      ['negative_prompt', 'Default negative prompt includes safety terms'],
      ['moderation', 'Content moderation on user-facing apps'],
      ['policy_errors', 'Policy violation errors handled gracefully'],
    ],
  },
  {
    heading: 'Security',
    lines: [
      ['keys_not_logged', 'API keys never logged (redacted in debug output)'],
      ['urls_temporary', 'Video URLs treated as temporary (store on own CDN)'],
      ['webhook_https', 'Webhook endpoints HTTPS-only'],
      ['rate_limit', 'Rate limiting on your API layer'],
      ['prompt_data', 'No sensitive data in prompt strings'],
    ],
  },
  {
    heading: 'Monitoring',
    lines: [
      ['latency', 'API latency tracked per endpoint'],
      ['dashboard', 'Success/failure rate dashboard'],
      ['credit_metrics', 'Credit consumption metrics'],
      ['failure_alert', 'Alert on >5% failure rate'],
      ['json_logs', 'Structured JSON logs for all API calls'],
    ],
  },
  {
    heading: 'Performance',
    lines: [
      ['pooling', 'Connection pooling via requests.Session()'],
      ['concurrency', 'Concurrent tasks within API tier limit'],
      ['downloads', 'Video downloads async/background'],
      ['cdn', 'Generated videos CDN-cached'],
    ],
  },
  {
    heading: 'Pre-Launch Smoke Test',
    lines: [['smoke', 'One real video, made and downloaded: READY FOR PRODUCTION']],
  },
  {
    heading: 'Beyond the checklist',
    lines: [
      ['kling', 'Kling reached with these credentials, by free reads alone'],
      ['packs', 'Packs with units left, and not about to expire'],
      ['clock', 'Clock in step with Kling’s'],
      ['disk', 'Room on the disk for the ledger'],
      ['doctor', 'Everything else that doctor looks at'],
    ],
  },
] as const;

export type LineId = (typeof CHECKLIST)[number]['lines'][number][0];

/** A line with its verdict. */
export interface JudgedLine {
  id: LineId;
  heading: string;
  line: string;
  level: LineLevel;
  /** Whole sentences. */
  reason: string;
  /** The advice; null if the verdict is ok. */
  remedy: string | null;
}
