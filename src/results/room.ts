/**
 * How much may still be saved: by the quota, and by the room on the disk.
 *
 * A download reserves the bytes that it will write before it writes any, so that several at a time keep within both together.
 *
 * **Invariant**: saved bytes and reservations never exceed the quota, and no reservation is larger than the room that the disk
 * had when it was made, less what other downloads have reserved and not written yet.
 */

/** Why there is no room. */
export type NoRoom = 'over_quota' | 'disk_low';

export interface RoomDeps {
  quotaBytes: () => number;
  /** What the destination can take; null for no limit. */
  roomBytes: () => Promise<number | null>;
}

/** Bytes that a download may write. */
export interface Reservation {
  /** Notes bytes that were written. */
  wrote(bytes: number): void;
  /** Ends it; the bytes of a file that was saved count from now on. Idempotent. */
  end(savedBytes: number): void;
}

export class Room {
  readonly #deps: RoomDeps;
  #savedBytes = 0;
  #reservedBytes = 0;
  /** Reserved, and not written yet. */
  #pendingBytes = 0;

  constructor(deps: RoomDeps) {
    this.#deps = deps;
  }

  /** Takes over the sum of what is saved. */
  begin(savedBytes: number): void {
    this.#savedBytes = savedBytes;
  }

  get savedBytes(): number {
    return this.#savedBytes;
  }

  /** Notes a saved file that had no reservation. */
  added(bytes: number): void {
    this.#savedBytes += bytes;
  }

  /** Notes that a saved file was removed. */
  removed(bytes: number): void {
    this.#savedBytes = Math.max(0, this.#savedBytes - bytes);
  }

  /** Says what limits it now, for a file of any size; null if there is room for a byte. */
  async limit(): Promise<NoRoom | null> {
    return await this.#limitOf(1);
  }

  /** Reserves bytes; says what limits it if there is no room for them. */
  async reserve(bytes: number): Promise<Reservation | NoRoom> {
    const limit = await this.#limitOf(bytes);
    if (limit !== null) return limit;
    this.#reservedBytes += bytes;
    this.#pendingBytes += bytes;
    let pending = bytes;
    let isOver = false;
    const settle = (written: number): void => {
      const done = Math.min(written, pending);
      pending -= done;
      this.#pendingBytes -= done;
    };
    return {
      wrote: settle,
      end: (savedBytes) => {
        if (isOver) return;
        isOver = true;
        settle(pending);
        this.#reservedBytes -= bytes;
        this.#savedBytes += savedBytes;
      },
    };
  }

  async #limitOf(bytes: number): Promise<NoRoom | null> {
    const room = await this.#deps.roomBytes();
    // After the wait: what others have reserved meanwhile counts.
    if (this.#savedBytes + this.#reservedBytes + bytes > this.#deps.quotaBytes()) return 'over_quota';
    return room !== null && this.#pendingBytes + bytes > room ? 'disk_low' : null;
  }
}
