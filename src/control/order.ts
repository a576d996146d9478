/** Who orders a change, and why: both are kept in the audit. */
export interface Order {
  actor: string;
  reason: string;
}
