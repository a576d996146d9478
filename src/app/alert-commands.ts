/** What the control plane may order and ask of alerts, behind its interface. */
import type { Alerting } from '../alerts/alerting.ts';
import { endSilence, silenceRule } from '../alerts/silence-table.ts';
import type { Clock } from '../clock.ts';
import type { Config } from '../config/config.ts';
import type { AlertCommands, ChannelTest } from '../control/alert-commands.ts';
import { SidecarError } from '../errors.ts';
import { recordOrder } from '../ledger/audit.ts';
import type { Store } from '../store/store.ts';

export interface AlertCommandsDeps {
  clock: Clock;
  config: () => Config;
  /** Null if no sidecar runs: then nothing can be ordered. */
  running: { store: Pick<Store, 'write'>; alerting: Pick<Alerting, 'test'> } | null;
}

/** Makes the commands. */
export function alertCommands({ clock, config, running }: AlertCommandsDeps): AlertCommands {
  const { alerts } = { alerts: () => config().alerts };
  const needed = (): NonNullable<typeof running> => {
    if (running) return running;
    throw new SidecarError('daemon_required', 'This needs a running sidecar: kling-sidecar start.');
  };
  return {
    now: () => clock.now(),
    settings: () => alerts().settings,
    types: () => new Map(alerts().channels.map(({ name, type }) => [name, type])),
    async test(channel, order) {
      const { store, alerting } = needed();
      checkChannel(channel, alerts().settings.channels);
      const results = await alerting.test(channel);
      const after = results.map(outcomeText).join('; ');
      const subject = channel ?? 'all channels';
      const at = clock.now();
      await store.write(recordOrder, { at, ...order, action: 'alert.test', subject, before: null, after });
      return results;
    },
    async silence(silence, order) {
      await needed().store.write(silenceRule, { ...silence, ...order, at: clock.now() });
    },
    async endSilence(rule, order) {
      const { wasSilenced } = await needed().store.write(endSilence, { rule, ...order, at: clock.now() });
      if (!wasSilenced) throw new SidecarError('not_found', `The rule ${rule} is not silenced.`);
    },
  };
}

function outcomeText({ channel, ok }: ChannelTest): string {
  return `${channel}: ${ok ? 'took it' : 'did not take it'}`;
}

/** @throws SidecarError `bad_usage`, `not_found`. */
function checkChannel(channel: string | null, names: readonly string[]): void {
  if (names.length === 0) {
    throw new SidecarError(
      'bad_usage',
      'No channel is configured: add one to alerts.channels (docs/alerts.md says how) and reload.',
    );
  }
  if (channel === null || names.includes(channel)) return;
  const known = names.join(', ');
  throw new SidecarError('not_found', `There is no channel "${channel}": alerts.channels has ${known}.`);
}
