/** The messages of the floor's two threads: arrays, which cost less to copy than objects. */

/** A create's row without its end: the columns of `INSERTED` in floor-store.ts. */
export type HoldRow = readonly (string | number | null)[];
/** A create's end: the columns of `UPDATED`, and the row's number last. */
export type EndRow = readonly (string | number | null)[];

export type FloorOperation =
  readonly [kind: 'hold', credits: number, row: HoldRow] | readonly [kind: 'end', at: number, row: EndRow];

/** For a hold the credits left, below 0 where it does not fit; for an end 0. */
export type FloorAnswer = number;
