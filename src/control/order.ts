/** Actor and reason of an order: the audit keeps both. */
export interface Order {
  actor: string;
  reason: string;
}
