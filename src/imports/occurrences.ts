/**
 * Counts how often each hash came before, in 8 bytes a line.
 *
 * Two contents whose hashes share 53 bits would count as one. The second then gets a higher number than it needs, the
 * same number in every import of the file: no call is lost or doubled.
 */
export class OccurrenceCounter {
  #slots = new Float64Array(1 << 12);
  #filled = 0;
  readonly #repeats = new Map<number, number>();

  /** Gives the number of earlier calls with this hash. */
  count(digest: Uint8Array): number {
    const view = new DataView(digest.buffer, digest.byteOffset, 8);
    const key = view.getUint32(0) * 0x20_0000 + (view.getUint32(4) >>> 11) + 1;
    if (this.#add(key)) return 0;
    const before = (this.#repeats.get(key) ?? 0) + 1;
    this.#repeats.set(key, before);
    return before;
  }

  #add(key: number): boolean {
    if (this.#filled * 2 >= this.#slots.length) this.#grow();
    const isNew = place(this.#slots, key);
    if (isNew) this.#filled += 1;
    return isNew;
  }

  #grow(): void {
    const larger = new Float64Array(this.#slots.length * 2);
    for (const key of this.#slots) if (key !== 0) place(larger, key);
    this.#slots = larger;
  }
}

/** Puts a key into an open table whose size is a power of two; false if it is there already. */
function place(slots: Float64Array, key: number): boolean {
  const mask = slots.length - 1;
  for (let at = key % slots.length; ; at = (at + 1) & mask) {
    if (slots[at] === key) return false;
    if (slots[at] !== 0) continue;
    slots[at] = key;
    return true;
  }
}
