/** The lines under "Performance", and the concurrency that the account's packs allow. */
import { limitSettings } from '../app/pacing.ts';
import { concurrencyVerdict } from '../pacing/slot-checks.ts';
import type { Evidence } from './checklist-evidence.ts';
import { notOurs, passed, type LineVerdict } from '../check.ts';

export const performanceLines = {
  pooling,
  concurrency,
  downloads,
  cdn,
};

function pooling({ config }: Evidence): LineVerdict {
  const { connections } = config.upstream;
  return passed(
    `Connections to Kling are kept and used again: up to ${connections} for creates and as many for reads (upstream.connections).`,
  );
}

function concurrency({ config, packs, now }: Evidence): LineVerdict {
  return concurrencyVerdict(limitSettings(config), packs, now);
}

function downloads(): LineVerdict {
  return notOurs(
    'The sidecar downloads no results in this version.',
    'Let the app download in the background, with a time limit, a part file and a check of its length.',
  );
}

function cdn(): LineVerdict {
  return notOurs(
    'The sidecar serves no results.',
    'Put the app’s own storage behind a CDN, and serve no address of Kling’s.',
  );
}
