/** The lines under "Error Handling". */
import { CODES, RESIGN_CODES } from '../kling/codes.ts';
import { TRIES_MAX } from '../pacing/backoff.ts';
import { CONNECT_MS_MAX } from '../upstream/pool.ts';
import type { Evidence } from './checklist-evidence.ts';
import { notOurs, passed, together, warned, type LineVerdict } from '../check.ts';
import { countText } from '../phrases.ts';

/** The longest wait of careful clients. */
const TIMEOUT_MS_MAX = 30_000;

export const errorLines = {
  http_codes: httpCodes,
  backoff,
  retry_limit: retryLimit,
  status_message: statusMessage,
  timeout,
  duration,
};

function httpCodes(): LineVerdict {
  const waiting = CODES.filter(({ retry }) => retry === 'wait').map(({ code }) => code);
  return passed(
    `All ${CODES.length - 1} codes of Kling’s table are judged by code and not by status: of its 429s only ${waiting.join(' and ')} pass by waiting. ` +
      'An answer that is not understood leaves the hold in doubt. Kling has no 402.',
  );
}

function backoff({ config }: Evidence): LineVerdict {
  const { queueWaitMsMax } = config.limits;
  const wait =
    queueWaitMsMax > 0
      ? ` Where a limit is known (config, packs, tier, or Kling’s own refusals), creates wait here for a slot, up to ${queueWaitMsMax / 1000} s.`
      : '';
  if (config.creates.resend === 'never') {
    return notOurs(
      `The sidecar sends each create once; look-ups and polls wait longer each time.${wait}`,
      'Let the app back off with jitter on codes 1302 and 1303 alone, or set creates.resend to "auto".',
    );
  }
  return passed(
    `The sidecar sends a create again after 1302 and 1303, with full jitter and at most ${TRIES_MAX} tries; look-ups and polls wait longer each time.${wait}`,
  );
}

function retryLimit({ config }: Evidence): LineVerdict {
  const lookedUp =
    'What is in doubt is looked up. After 5000 and 5001 it is sent again with the same external task id, once two look-ups found no task.';
  if (config.creates.resend === 'never')
    return passed('A create is sent once. What is in doubt is looked up.');
  const again = [...RESIGN_CODES].join(' and ');
  return passed(
    `A create is sent at most ${TRIES_MAX} times, after ${again}, 1302, 1303 and failed connections, which prove that nothing was made. ${lookedUp}`,
  );
}

function statusMessage({ work }: Evidence): LineVerdict {
  const how =
    'Each task that ends is a line of the log (task_changed) with Kling’s message, and kling-sidecar tasks ID shows it.';
  const failed = work === null ? '' : ` ${countText(work.failed, 'task')} failed ${work.span}.`;
  return passed(`${how}${failed}`);
}

function timeout({ config }: Evidence): LineVerdict {
  const { timeoutMs } = config.upstream;
  const { deadlineMs } = config.creates;
  const said = `Connecting takes at most ${CONNECT_MS_MAX / 1000} s, Kling’s answer ${timeoutMs / 1000} s, a create with queue and look-ups ${deadlineMs / 1000} s.`;
  const verdicts: LineVerdict[] = [];
  if (timeoutMs > TIMEOUT_MS_MAX) verdicts.push(warned(said, 'Set upstream.timeoutMs to 30000 or less.'));
  if (deadlineMs > TIMEOUT_MS_MAX) {
    verdicts.push(
      warned(
        said,
        'Set creates.deadlineMs below 30000: a client that gives up at 30 s sends the create again.',
      ),
    );
  }
  return together([passed(said), ...verdicts]);
}

function duration(): LineVerdict {
  return notOurs(
    'A create’s bytes go to Kling as the app wrote them. The sidecar prices 5 and "5" alike.',
    'Send duration as a string ("5") below /v1, and as a number (5) on the paths without it.',
  );
}
