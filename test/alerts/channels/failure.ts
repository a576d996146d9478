import { expect } from 'vitest';
import { ChannelError } from '../../../src/alerts/channel.ts';

/** Gives the error with which a message was not delivered. */
export async function failureOf(promise: Promise<unknown>): Promise<ChannelError> {
  const error = await promise.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ChannelError);
  return error as ChannelError;
}
