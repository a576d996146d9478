/** A peer of the benchmark: its name, its start, and the reason if it is missing. */
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
  'limited',
] as const;
export type PeerName = (typeof PEER_NAMES)[number];

/** The credentials with which every peer replaces the caller's. */
export const BENCH_KEY = 'bench-key';

export interface Launch {
  command: Command;
  origin: string;
  /** Headers that callers of this peer must send beside the usual ones. */
  headers: Record<string, string>;
  /** Addresses that all answer 200 once the peer is ready, beside a task read through it. */
  readyUrls: string[];
  /** A create's body if it is not the usual one. */
  createBody?: string;
}

export interface Peer {
  name: PeerName;
  does: string;
  /** It is measured only with creates at 32 connections, as another form of the sidecar. */
  isVariant?: boolean;
  /** The reason why it cannot be measured here; null when it can. */
  missing(): string | null;
  /** Prepares the files in `folder` and gives the command that starts it; null for no process at all. */
  launch(folder: string, upstreamPort: number): Promise<Launch | null>;
}
