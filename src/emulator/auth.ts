/**
 * The check of callers: an API key on every path, or a JWT that is signed with the secret key on legacy and account paths.
 *
 * **Invariant**: a token's times are checked by the emulator's wall clock, without leeway. Codes and the two texts
 * of 1002 follow kling-api.md, section 2 (live observations of 2026-09-20).
 */
import { errors, jwtVerify } from 'jose';
import { Secret } from '../secret.ts';
import type { Ms } from '../units.ts';
import { KlingRefusal } from './replies.ts';
import { takesJwt } from './routes.ts';

export interface Credentials {
  apiKey: string;
  accessKey: string;
  secretKey: string;
}

/** Gives the caller's name for the ledger; refuses with 401 and 1000 to 1004. */
export type Authenticate = (authorization: string | undefined, path: string, nowMs: Ms) => Promise<string>;

/** Makes the check for one account's credentials. */
export function createAuthenticate({ apiKey, accessKey, secretKey }: Credentials): Authenticate {
  const key = new Secret(apiKey);
  const signingKey = new Secret(secretKey).key();
  return async (authorization, path, nowMs) => {
    if (authorization === undefined || authorization.trim() === '') throw new KlingRefusal(1001);
    const token = /^Bearer (\S+)$/.exec(authorization)?.[1];
    if (token !== undefined && key.matches(token)) return 'emulator';
    if (!takesJwt(path)) {
      throw new KlingRefusal(
        1002,
        'AccessKey/SecretKey authentication is not supported by this API, create an API Key',
      );
    }
    const parts = token === undefined || !token.includes('.') ? 0 : token.split('.').length;
    if (token === undefined || parts !== 3) {
      throw new KlingRefusal(1002, `Authorization is invalid: token should have 3 parts, but got ${parts}`);
    }
    await verify(token);
    return 'access-key';

    async function verify(jwt: string): Promise<void> {
      try {
        const { payload } = await jwtVerify(jwt, signingKey, {
          algorithms: ['HS256'],
          currentDate: new Date(nowMs),
        });
        if (payload.iss !== accessKey)
          throw new KlingRefusal(1002, 'Authorization is invalid: unknown access key');
        if (payload.exp === undefined)
          throw new KlingRefusal(1000, 'Authentication failed: the token has no exp');
      } catch (cause) {
        throw refusalFor(cause);
      }
    }
  };
}

function refusalFor(cause: unknown): unknown {
  if (cause instanceof errors.JWTExpired) return new KlingRefusal(1004);
  if (
    cause instanceof errors.JWTClaimValidationFailed &&
    cause.claim === 'nbf' &&
    cause.reason === 'check_failed'
  ) {
    return new KlingRefusal(1003);
  }
  return cause instanceof errors.JOSEError
    ? new KlingRefusal(1002, `Authorization is invalid: ${cause.code}`)
    : cause;
}
