/** Paths in the config: relative ones start at the config file's folder. */
import path from 'node:path';
import { withPaths } from '../alerts/channel-configs.ts';
import type { ConfigValues } from './config-schema.ts';

/** Gives the values with every path absolute. */
export function resolvePaths(values: ConfigValues, folder: string): ConfigValues {
  const absolute = (target: string): string => path.resolve(folder, target);
  const { listen, upstream, store, auth, apps, claims, jobs, alerts } = values;
  return {
    ...values,
    listen: {
      ...listen,
      tls: listen.tls && {
        ...listen.tls,
        certFile: absolute(listen.tls.certFile),
        keyFile: absolute(listen.tls.keyFile),
      },
    },
    upstream: { ...upstream, caFile: upstream.caFile === null ? null : absolute(upstream.caFile) },
    store: { ...store, path: absolute(store.path) },
    claims: {
      ...claims,
      directory: absolute(claims.directory),
      calendarFile: claims.calendarFile === null ? null : absolute(claims.calendarFile),
    },
    jobs: { ...jobs, backupDir: jobs.backupDir === null ? null : absolute(jobs.backupDir) },
    alerts: { ...alerts, channels: alerts.channels.map((channel) => withPaths(channel, absolute)) },
    auth: { ...auth, trustedDirectories: auth.trustedDirectories.map(absolute) },
    apps: apps.map((app) => ({
      ...app,
      ...(app.keyFile === undefined ? {} : { keyFile: absolute(app.keyFile) }),
      ...(app.secretKeyFile === undefined ? {} : { secretKeyFile: absolute(app.secretKeyFile) }),
    })),
  };
}
