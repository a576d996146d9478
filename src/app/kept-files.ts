/** Kept results as the control plane serves them: the row says what a file is, and where it is says who gives its bytes. */
import path from 'node:path';
import type { KeptFiles } from '../control/result-files.ts';
import type { Config } from '../config/config.ts';
import type { Clock } from '../clock.ts';
import { extensionOfType } from '../results/media-type.ts';
import type { Store } from '../store/store.ts';
import { fileOfTask } from '../tasks/result-file-table.ts';
import type { Log } from '../telemetry/log.ts';
import type { ResultServing } from './result-serving.ts';

export interface KeptFilesDeps extends Pick<ResultServing, 'links' | 'placeOf'> {
  store: Pick<Store, 'read'>;
  clock: Clock;
  config: () => Config;
  log: Log;
}

/** Makes what the control plane serves files from. */
export function keptFiles({ store, links, placeOf, config, log }: KeptFilesDeps): KeptFiles {
  return {
    read: (target, now) => links.read(target, now),
    publicHost() {
      const { publicUrl } = config().results;
      return publicUrl === null ? null : new URL(publicUrl).host;
    },
    async find({ taskId, position }) {
      const row = await store.read(fileOfTask, { taskId, position });
      if (row === null || row.state !== 'saved') return row && row.state;
      const { bytes, sha256, contentType, savedAt, name } = row;
      if (bytes === null || sha256 === null || savedAt === null) return null;
      const stem = path.basename(name, path.extname(name));
      return {
        bytes,
        sha256,
        mediaType: contentType ?? 'application/octet-stream',
        name: `${stem}.${extensionOfType(contentType)}`,
        savedAt,
      };
    },
    async open({ taskId, position }, span) {
      const row = await store.read(fileOfTask, { taskId, position });
      if (row === null || row.place === null) return null;
      const place = placeOf(row.place);
      if (place === null) throw new Error('it is in a bucket, and results.s3 is not set');
      return await place.open(row.name, span);
    },
    onUnreadable({ taskId, position }, error) {
      const message = `the saved result ${position} of task ${taskId} could not be read`;
      log.error(message, { event: 'background_failed', error });
    },
  };
}
