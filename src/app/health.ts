/** What is said in the log when Kling refuses our credentials or cannot be reached, once for each change; and in `status`. */
import type { LiveStatus } from '../control/commands.ts';
import { codeInfo, regionHint } from '../kling/codes.ts';
import type { Log } from '../telemetry/log.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import type { KlingHealth } from '../upstream/kling-health.ts';
import type { Upstream } from '../upstream/upstream.ts';

/** Logs each change of what is known of Kling, and counts the calls that it refused. */
export function reportHealth(upstream: Upstream, log: Log, telemetry: Telemetry): void {
  upstream.health.listener = {
    onRefusedCall: (code) => telemetry.credentialsRefused(code),
    onRefused({ code, message }) {
      log.error('Kling refuses the credentials: no call of any app can succeed', {
        event: 'credentials_refused',
        code,
        klingMessage: message,
        host: upstream.host,
        advice: regionHint(code, upstream.host) ?? codeInfo(code)?.advice,
      });
    },
    onAccepted: () => log.info('Kling takes the credentials again', { event: 'credentials_accepted' }),
    onUnreachable({ errorClass, cause }) {
      log.warn('Kling cannot be reached', {
        event: 'upstream_down',
        host: upstream.host,
        errorClass,
        cause,
      });
    },
    onReachable: () => log.info('Kling can be reached again', { event: 'upstream_up', host: upstream.host }),
  };
}

/** Gives what `status` shows of Kling. */
export function healthStatus(health: KlingHealth): LiveStatus['kling'] {
  const { credentials, unreachable, lastAnswer } = health;
  return typeof credentials === 'string'
    ? { credentials, refusal: null, unreachable, lastAnswer }
    : { credentials: 'refused', refusal: credentials, unreachable, lastAnswer };
}
