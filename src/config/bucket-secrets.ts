/** The credentials of the bucket that results are kept in: `results.s3`. */
import type { BucketCredentials } from '../results/s3-bucket.ts';
import type { BucketConfig } from '../results/serving-config.ts';
import { invalid } from './secret-file.ts';
import {
  checkIsOne,
  findSecret,
  type FoundSecret,
  type SecretVariable,
  type VariableInput,
} from './secret-variable.ts';
import { readPublic } from './tls-files.ts';

const ID = 'KLING_SIDECAR_S3_ACCESS_KEY_ID';
const KEY = 'KLING_SIDECAR_S3_SECRET_ACCESS_KEY';
const TOKEN = 'KLING_SIDECAR_S3_SESSION_TOKEN';

/**
 * Reads the credentials of a bucket; null without one.
 * @throws SidecarError `secret_invalid` if one is missing or cannot be used, or `results.s3.caFile` cannot be read.
 */
export function readBucket(
  bucket: BucketConfig | null,
  input: VariableInput & { files: Set<string> },
): BucketCredentials | null {
  if (bucket === null) return null;
  if (bucket.caFile !== null) readPublic('results.s3.caFile', bucket.caFile);
  const find = (name: SecretVariable): FoundSecret | undefined => {
    const found = findSecret([name], input);
    if (found) checkIsOne(found.origin, found.secret.reveal());
    if (found?.file) input.files.add(found.file);
    return found;
  };
  const [id, key, token] = [find(ID), find(KEY), find(TOKEN)];
  if (!id || !key) {
    const missing = id ? KEY : ID;
    throw invalid(missing, 'is not set, and results.s3 needs it', `set ${missing} or ${missing}_FILE`);
  }
  return {
    accessKeyId: id.secret.reveal(),
    secretAccessKey: key.secret,
    sessionToken: token?.secret ?? null,
  };
}
