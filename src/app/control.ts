/** The control plane of the running app: gauges, commands and listeners put together. Loaded once the data plane listens. */
import { alertCommands } from './alert-commands.ts';
import type { AppAlerts } from './alerts.ts';
import { controlCommands, type CommandsDeps } from './commands.ts';
import { gaugeSource, type GaugeDeps } from './gauges.ts';
import { KeptChecklist, type Judge } from './kept-checklist.ts';
import { keptFiles } from './kept-files.ts';
import type { AppParts } from './parts.ts';
import { createControlPlane, type ControlPlane } from '../control/plane.ts';
import type { Jobs } from '../jobs/jobs.ts';
import { isLoopback } from '../listen.ts';
import type { Secret } from '../secret.ts';
import type { Log } from '../telemetry/log.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';

export interface AppControlDeps
  extends
    Pick<
      CommandsDeps,
      'clock' | 'config' | 'configInUse' | 'settings' | 'version' | 'startedTick' | 'host' | 'readiness'
    >,
    Pick<GaugeDeps, 'isStoreWritable'> {
  /** Judges the checklist; null if the sidecar is a part of another program. */
  judge: Judge | null;
  running: AppParts;
  jobs: Jobs;
  alerts: AppAlerts;
  /** The data plane's address. */
  dataUrl: string;
  token: Secret;
  telemetry: Telemetry;
  log: Log;
}

/** Makes the control plane, and names what gives the gauges; nothing listens before its start. */
export function createAppControl(deps: AppControlDeps): ControlPlane {
  const { running, alerts, telemetry, clock, config, log, version } = deps;
  const { isStoreWritable } = deps;
  telemetry.gaugeSource(
    gaugeSource({
      ...running,
      clock,
      config,
      isStoreWritable,
      datedAt: () => running.dated.now(),
      forecast: running.budgetForecast,
    }),
  );
  const { control, probes } = config();
  let controlUrl = '';
  const checklist = new KeptChecklist({ judge: deps.judge, controlUrl: () => controlUrl, clock });
  const plane = createControlPlane({
    hosts: control.hosts,
    dataUrl: deps.dataUrl,
    port: control.port,
    allowedHosts: control.allowedHosts,
    token: deps.token,
    requireTokenForReads: !control.hosts.every(isLoopback),
    commands: controlCommands({
      ...running,
      ...deps,
      checklist,
      metricsReadAt: () => telemetry.metricsReadAt,
      alerts: alertCommands({
        clock: running.dated,
        config,
        running: { store: running.store, alerting: alerts.alerting },
      }),
    }),
    telemetry,
    loadPages: async (fetchApi) => {
      const { Pages } = await import('../page/pages.ts');
      return new Pages({ fetchApi, version, clock, zone: () => config().jobs.timeZone });
    },
    results: keptFiles({ ...running, clock, config, log }),
    probes,
    version,
    log,
    clock,
  });
  return {
    async start() {
      const urls = await plane.start();
      controlUrl = urls.url;
      return urls;
    },
    async stop() {
      checklist.close();
      await plane.stop();
    },
  };
}
