import { expect } from 'vitest';
import { ChannelError } from '../../../src/alerts/channel.ts';
import { SidecarError } from '../../../src/errors.ts';

/** Gives the error with which a message was not delivered. */
export async function failureOf(promise: Promise<unknown>): Promise<ChannelError> {
  const error = await promise.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ChannelError);
  return error as ChannelError;
}

/** Gives the words with which a channel refuses to open because of a secret. */
export function refusalOf(open: () => unknown): string {
  let error: unknown = null;
  try {
    open();
  } catch (caught) {
    error = caught;
  }
  expect(error).toBeInstanceOf(SidecarError);
  expect((error as SidecarError).code).toBe('secret_invalid');
  return (error as SidecarError).message;
}
