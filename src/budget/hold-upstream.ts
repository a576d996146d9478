/**
 * The upstream of a hold: the host of its create and the account of the credentials.
 *
 * **Invariant**: an answer of one upstream never ends a hold of another one, with one exception: an answer of the same host
 * that names the task by an external id of ours. Nobody can guess such an id, so the account is the same with another key.
 */

/** The columns of a hold's upstream; both null for holds that ended in 0.1.0. */
export interface UpstreamColumns {
  upstream_host: string | null;
  upstream_account: string | null;
}

/** The upstream that was asked: its host and the account of the credentials. */
export interface UpstreamAsked {
  host: string;
  /** The account's name: the operator's own, else the fingerprint. */
  account: string;
  fingerprint: string;
}

const OWN_ID = /^ks_[0-9a-z]{26}$/;

/** Returns whether a hold is of an upstream. Undefined: the caller guarantees that it is. */
export function isOfUpstream(hold: UpstreamColumns, asked: UpstreamAsked | undefined): boolean {
  if (asked === undefined) return true;
  if (hold.upstream_host === null && hold.upstream_account === null) return true;
  const isAccount = hold.upstream_account === asked.account || hold.upstream_account === asked.fingerprint;
  return hold.upstream_host === asked.host && isAccount;
}

/** Does the same as {@link isOfUpstream} for a task in an answer, with the exception of the invariant. */
export function isShownBy(
  hold: UpstreamColumns & { external_task_id: string | null },
  asked: UpstreamAsked | undefined,
  shownExternalId: string | null,
): boolean {
  if (isOfUpstream(hold, asked)) return true;
  const id = hold.external_task_id;
  return hold.upstream_host === asked?.host && id !== null && id === shownExternalId && OWN_ID.test(id);
}

/** Writes an upstream for people. */
export function upstreamText({ upstream_host, upstream_account }: UpstreamColumns): string {
  return `${upstream_host ?? 'an unknown host'} ${upstream_account ?? 'with unknown credentials'}`;
}
