/** The form of an error in messages between threads: a SidecarError keeps every field that callers use. */
import { SidecarError, type ErrorCode, type ErrorDetail } from '../../errors.ts';

/** An error as plain values. `code` is null for an error that is no {@link SidecarError}: a fault in our own code. */
export interface WireError {
  code: ErrorCode | null;
  message: string;
  detail: ErrorDetail;
  status: number;
  stack: string | null;
}

/** Converts any thrown value to plain values. */
export function toWireError(thrown: unknown): WireError {
  if (thrown instanceof SidecarError) {
    const { code, message, detail, status } = thrown;
    return { code, message, detail, status, stack: null };
  }
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  return { code: null, message: error.message, detail: {}, status: 500, stack: error.stack ?? null };
}

/** Makes the error again on the other side; the worker's stack becomes the cause of an error that is not ours. */
export function fromWireError(wire: WireError): Error {
  if (wire.code === null) return new Error(wire.message, wire.stack === null ? {} : { cause: wire.stack });
  return new SidecarError(wire.code, wire.message, { detail: wire.detail, status: wire.status });
}
