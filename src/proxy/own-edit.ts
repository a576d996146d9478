/**
 * The fields of ours in one create's body: an external task id, and an address for callbacks.
 *
 * **Invariant**: the body with them and the body without some of them are both edits of the received body, and each is scanned
 * again as a whole. They share their memory: only the last one that was made is valid.
 */
import {
  injectInPlace,
  isSameButOwn,
  readCallbackUrl,
  readExternalId,
  undoInPlace,
  type EditedInPlace,
  type OwnField,
  type OwnFields,
} from '../kling/own-fields.ts';
import type { KlingRoute } from '../kling/routes.ts';
import { scanBody, type JsonObject } from '../kling/strict-json.ts';
import type { CallbackSettings } from './settings.ts';

/** A received body and its scan. */
export interface ReceivedBody {
  buffer: Buffer;
  start: number;
  end: number;
  body: JsonObject;
  route: KlingRoute;
}

/** The values to write, null for none; `externalTaskId` is the caller's own. */
export interface OwnValues {
  externalTaskId: string | null;
  id: string | null;
  url: string | null;
}

/** The bytes of a body, and the external task id in them. */
export interface OwnBody {
  bytes: Uint8Array;
  externalTaskId: string | null;
}

export class OwnEdit implements OwnBody {
  readonly #received: ReceivedBody;
  readonly #callersId: string | null;
  #fields: OwnFields;
  #edited: EditedInPlace;
  #scanned: JsonObject;

  /** Writes the values into the body. @throws SidecarError `body_refused` if `options` is no object. */
  constructor(received: ReceivedBody, { externalTaskId, id, url }: OwnValues) {
    this.#received = received;
    this.#callersId = externalTaskId;
    this.#fields = {
      ...(id !== null && { external_task_id: id }),
      ...(url !== null && { callback_url: url }),
    };
    ({ edited: this.#edited, scanned: this.#scanned } = this.#write());
  }

  get bytes(): Uint8Array {
    return this.#received.buffer.subarray(this.#edited.start, this.#edited.end);
  }

  get scanned(): JsonObject {
    return this.#scanned;
  }

  get externalTaskId(): string | null {
    return this.#fields.external_task_id ?? this.#callersId;
  }

  /** Whether all names and values but these fields are the received ones. */
  get isSameElse(): boolean {
    const { body, route } = this.#received;
    return isSameButOwn(body, this.#scanned, { route, fields: this.#fields, edited: this.#edited });
  }

  /** Whether every parser reads these fields as they were written. */
  get isAsWritten(): boolean {
    const { external_task_id: id, callback_url: url } = this.#fields;
    const { bytes } = this;
    const { route } = this.#received;
    return (
      (id === undefined || readExternalId(bytes, this.#scanned, route) === id) &&
      (url === undefined || readCallbackUrl(bytes, this.#scanned, route) === url)
    );
  }

  has(field: OwnField): boolean {
    return this.#fields[field] !== undefined;
  }

  /** Takes a field out of the body again: Kling refused it. What the caller had sent in its place is back. */
  without(field: OwnField): OwnBody {
    undoInPlace(this.#received.buffer, this.#edited);
    const { [field]: _, ...left } = this.#fields;
    this.#fields = left;
    ({ edited: this.#edited, scanned: this.#scanned } = this.#write());
    return { bytes: this.bytes, externalTaskId: this.externalTaskId };
  }

  #write(): { edited: EditedInPlace; scanned: JsonObject } {
    const { buffer } = this.#received;
    const edited = injectInPlace({ ...this.#received, fields: this.#fields });
    return { edited, scanned: scanBody(buffer.subarray(edited.start, edited.end), { trusted: true }) };
  }
}

/** That an address of ours is to be written, and the caller's own one that it replaces. */
export interface WantedCallback {
  relayTo: string | null;
}

/**
 * Returns whether a create gets an address for callbacks: without one of its own always, else only if we can call that one in
 * Kling's place; null if not.
 */
export function wantedCallback(
  { relayFault }: CallbackSettings,
  { bytes, body, route, notes }: { bytes: Buffer; body: JsonObject; route: KlingRoute; notes: string[] },
): WantedCallback | null {
  const own = readCallbackUrl(bytes, body, route);
  if (own === null) return { relayTo: null };
  if (relayFault === null) return null;
  const fault = relayFault(own);
  if (fault === null) return { relayTo: own };
  notes.push(`callback_url is left to Kling: ${fault}`);
  return null;
}
