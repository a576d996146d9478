/**
 * The destination of kept results: a folder, or a bucket.
 *
 * A file is written as a part and becomes visible under its name in one step, after its content is durable. A part may be
 * gone on with after a failure or a restart: it carries the validator (ETag) of the content that it is of.
 *
 * **Invariant**: what has a file's name is whole. A part is of one content only: where the content has changed, it is begun anew.
 */
import type { Readable } from 'node:stream';
import type { ResultPlace } from '../tasks/result-file-table.ts';

/** A part that is being written. One at a time for each name. */
export interface ResultPart {
  /** Bytes that it has: those of earlier tries are hashed already. */
  readonly bytes: number;
  /** Adds bytes; resolves when the next ones may come. Rejects with the system's error if they cannot be written. */
  append(piece: Uint8Array): Promise<void>;
  /** Gives the hash of the bytes so far, in hexadecimal digits. */
  digest(): string;
  /** Makes the content durable and gives it its name. Nothing else may be called afterwards. */
  commit(contentType: string): Promise<SavedFile>;
  /** Ends the work and keeps what is there for a later try, where it can be gone on with. Never rejects. */
  leave(): Promise<void>;
  /** Removes it. Never rejects. */
  drop(): Promise<void>;
}

/** A file under its name. */
export interface SavedFile {
  bytes: number;
  /** Of the content, in hexadecimal digits. */
  sha256: string;
}

/** A part of an earlier try. */
export interface KeptPart {
  bytes: number;
  /** The ETag of its content. */
  validator: string;
}

/** A range of bytes; both inclusive, `last` below the file's length. */
export interface ByteRange {
  first: number;
  last: number;
}

export interface ResultStore {
  readonly place: ResultPlace;
  /** Gives the part that an earlier try left of a file; null without one that can be gone on with. */
  kept(name: string): Promise<KeptPart | null>;
  /**
   * Begins a part anew, in place of one that is there. `validator` is the strong ETag of its content; null: it cannot be gone on
   * with after {@link ResultPart.leave}.
   */
  begin(name: string, validator: string | null): Promise<ResultPart>;
  /** Goes on with the part that {@link kept} gave, after its bytes were read and hashed; `onEarlier` gets them in pieces. */
  resume(name: string, onEarlier?: (piece: Uint8Array) => void): Promise<ResultPart>;
  /** Gives a file that has its name already, as after a kill between the name and its row; null if there is none. */
  find(name: string): Promise<SavedFile | null>;
  /** Removes the parts of files that nobody waits for. Gives their number. */
  dropParts(isWanted: (name: string) => Promise<boolean>): Promise<number>;
  /**
   * Opens a saved file for reading, whole or a range of it; null if it is gone. The stream reads no faster than it is read.
   */
  open(name: string, range?: ByteRange): Promise<Readable | null>;
  /** Removes a saved file; one that is gone already is no error. */
  remove(name: string): Promise<void>;
  /** The bytes that may still be written before the disk has too little room; null where there is no such limit. */
  roomBytes(): Promise<number | null>;
  /** Ends connections and open files. Idempotent. */
  close(): Promise<void>;
}
