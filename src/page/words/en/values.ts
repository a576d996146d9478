/**
 * Words in English for the values of the API, a map for each kind: they are those values.
 *
 * **Invariant**: each map has every value of its kind, in every language. Filters and addresses have the API's values.
 */
import { RULE_WORDS } from '../../../alerts/rule-words.ts';
import type { KeptBack } from '../../../alerts/alert-rows.ts';
import type { Severity } from '../../../alerts/rule-words.ts';
import { ERROR_CLASSES } from '../../../calls/outcome.ts';
import { CLAIM_STATES } from '../../../claims/claim.ts';
import type { PacksAnswer } from '../../../control/pack-schemas.ts';
import type { StatusAnswer } from '../../../control/schemas.ts';
import type { TaskAnswer } from '../../../control/task-schemas.ts';
import type { PlaneWord } from '../../../control/problem.ts';
import { REFUSALS, type ErrorCode, type RefusalWord } from '../../../errors.ts';
import { READING_NAMES } from '../../../sla/reading.ts';
import { CHAIN_ENDS } from '../../../tasks/retry-table.ts';
import type { SightingSource } from '../../../tasks/task.ts';
import { FAILURE_REASONS } from '../../../kling/task-failures.ts';
import type { DownloadFault } from '../../../results/result-request.ts';
import type { NoRoom } from '../../../results/room.ts';
import { TIMELINE_STEPS } from '../../../store/timeline.ts';
import type { Product } from '../../../units.ts';
import { CALL_OUTCOMES, type HoldState } from '../../../words.ts';

type Pool = StatusAnswer['pools'][number];
type Result = TaskAnswer['results'][number];

/** Gives each value as its own word. */
function itself<Value extends string>(values: readonly Value[]): Readonly<Record<Value, string>> {
  return Object.fromEntries(values.map((value) => [value, value])) as unknown as Record<Value, string>;
}

export const VALUES = {
  values: {
    taskStates: itself<TaskAnswer['state']>(['submitted', 'processing', 'succeeded', 'failed', 'lost']),
    holdStates: itself<HoldState>(['held', 'settled', 'released', 'written_off']),
    outcomes: itself(CALL_OUTCOMES),
    errorClasses: itself(ERROR_CLASSES),
    claimStates: itself(CLAIM_STATES),
    severities: itself<Severity>(['page', 'ticket', 'info']),
    keptBack: itself<KeptBack>(['silence', 'inhibited']),
    products: itself<Product>(['video', 'image']),
    limitSources: itself<NonNullable<Pool['source']>>(['config', 'pack', 'tier', 'learned']),
    packStates: itself<PacksAnswer['packs'][number]['state']>(['upcoming', 'usable', 'ended']),
    steps: itself(TIMELINE_STEPS),
    resultKinds: itself<Result['kind']>(['video', 'image', 'audio', 'voice', 'element']),
    fileStates: itself<NonNullable<Result['file']>['state']>(['waiting', 'saved', 'expired', 'removed']),
    // In `observe` the sidecar also counts the creates that `protect` would have edited.
    refusals: itself<RefusalWord | 'external_task_id_added'>([
      ...(Object.keys(REFUSALS) as RefusalWord[]),
      'external_task_id_added',
    ]),
    rules: itself(RULE_WORDS),
    readings: itself(READING_NAMES),
    failureReasons: itself(FAILURE_REASONS),
    chainEnds: itself(CHAIN_ENDS),
    downloadFaults: itself<DownloadFault | NoRoom>([
      'host_not_allowed',
      'address_refused',
      'unreachable',
      'silent',
      'status',
      'cut',
      'too_large',
      'disk',
      'bucket',
      'stopped',
      'over_quota',
      'disk_low',
    ]),
    sightings: itself<SightingSource>(['create', 'poll', 'app_read', 'look_up']),
    callbackStates: itself(['submitted', 'processing', 'succeed', 'failed', 'malformed'] as const),
    relayStates: itself(['waiting', 'delivered', 'undelivered'] as const),
    checks: itself([
      'node',
      'config',
      'calendar',
      'control token',
      'credentials',
      'store',
      'disk',
      'folders',
      'ledger',
      'sidecar',
      'ready',
      'mode',
      'freeze',
      'doubts',
      'upstream',
      'budgets',
      'clock',
      'connection',
      'key',
      'account',
      'packs',
      'other spending',
      'adoption',
      'prices',
      'availability',
      'gaps',
      'claims',
      'claimant',
      'fees',
      'alerts',
      'callbacks',
      'results',
      'jobs',
      'backup',
    ] as const),
    receivers: itself([
      'Alertmanager',
      'DingTalk',
      'Discord',
      'Feishu',
      'PagerDuty',
      'Slack',
      'Microsoft Teams',
      'the webhook',
      'The mail server',
    ] as const),
    places: itself(['body', 'query', 'param'] as const),
    problems: itself<PlaneWord | Exclude<ErrorCode, RefusalWord>>([
      'bad_request',
      'token_required',
      'forbidden',
      'not_found',
      'method_not_allowed',
      'length_required',
      'body_too_large',
      'media_type_refused',
      'host_refused',
      'browser_refused',
      'busy',
      'unexpected',
      'config_invalid',
      'secret_invalid',
      'store_owned',
      'store_corrupt',
      'store_foreign',
      'store_missing',
      'store_newer',
      'store_unwritable',
      'daemon_required',
      'already_resolved',
      'already_running',
      'bad_usage',
    ]),
    labels: itself(['app', 'operation', 'model', 'mode', 'tag', 'product'] as const),
  },
};
