/** What a peer is to the benchmark: a name, how it is started, and why it may be missing. */
import type { Command } from './processes.ts';

export const PEER_NAMES = [
  'direct',
  'nginx',
  'caddy',
  'bare',
  'portkey',
  'floor',
  'sidecar',
  'guards',
  'full',
  'traced',
] as const;
export type PeerName = (typeof PEER_NAMES)[number];

/** What every peer puts in place of the caller's credentials. */
export const BENCH_KEY = 'bench-key';

export interface Launch {
  command: Command;
  origin: string;
  /** Headers that callers of this peer must send beside the usual ones. */
  headers: Record<string, string>;
  /** Addresses that all answer 200 once the peer is ready, beside a task read through it. */
  readyUrls: string[];
  /** A create's body where it is not the usual one. */
  createBody?: string;
}

export interface Peer {
  name: PeerName;
  does: string;
  /** It is measured with creates at 32 connections alone, as another form of the sidecar. */
  isVariant?: boolean;
  /** The reason why it cannot be measured here; null when it can. */
  missing(): string | null;
  /** Prepares the files in `folder` and gives the command that starts it; null for no process at all. */
  launch(folder: string, upstreamPort: number): Promise<Launch | null>;
}
