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

function downloads({ config }: Evidence): LineVerdict {
  const { keep, concurrency: atOnce } = config.results;
  if (keep) {
    return passed(
      `Results are downloaded in the background, ${atOnce} at a time (results.concurrency): each into a part file that goes on where it broke off.`,
    );
  }
  return notOurs(
    'results.keep is false: the sidecar downloads no results.',
    'Let the app download in the background, with a time limit, a part file and a check of its length.',
  );
}

function cdn({ config }: Evidence): LineVerdict {
  return notOurs(
    config.results.keep
      ? 'The control plane serves kept results on this network, and is no CDN.'
      : 'results.keep is false: the sidecar serves no results.',
    'Put the app’s own storage behind a CDN, and serve no address of Kling’s.',
  );
}
