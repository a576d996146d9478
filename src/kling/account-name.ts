/**
 * The name under which holds record the account that pays for them: it identifies the account and shows nothing of the key.
 *
 * Kling never says which account a key belongs to. So each key counts as an account of its own, until an operator names
 * the account (`auth.account`): then another key with the same name is the same account.
 */
import { fingerprintOf } from '../secret.ts';
import type { Credentials } from './token.ts';

export interface AccountName {
  /** An operator's own name for it, else the credentials' fingerprint. */
  account: string;
  /** The credentials' fingerprint: of the API key, or of the access key. */
  fingerprint: string;
}

/** Names the account of credentials; `label` is the operator's own name for it, or null. */
export function accountName(credentials: Credentials, label: string | null): AccountName {
  const fingerprint =
    credentials.kind === 'api_key'
      ? `key-${credentials.key.fingerprint('kling api key')}`
      : `ak-${fingerprintOf('kling access key', credentials.accessKey)}`;
  return { account: label === null ? fingerprint : `account-${label}`, fingerprint };
}
