/**
 * The value of `Authorization`: the API key itself, or a JWT made from access key and secret key.
 *
 * A JWT is made once and used until 5 minutes before it expires. Its times follow Kling's clock as far as it is
 * known ({@link TokenSource.setClockOffset}). Both the steady clock and the wall clock decide when to renew it: so no
 * expired token stays in use after a sleep of the machine or a step of its clock.
 *
 * **Invariant**: at most one token is made at a time; no secret and no token is part of an error.
 */
import { decodeJwt } from 'jose/jwt/decode';
import type { Clock } from '../clock.ts';
import type { Secret } from '../secret.ts';
import type { Ms } from '../units.ts';
import type { Generation } from './routes.ts';

/** Life of a token and back-dating of its start, as in Kling's own sample (authentication page, 2026-09-20). */
export const TOKEN_LIFE_MS = 1_800_000;
export const TOKEN_BACKDATED_MS = 5_000;
/** A token is renewed this long before it expires. */
export const RENEW_BEFORE_MS = 300_000;
/** Smaller differences are ignored: `Date` has whole seconds, and the start is back-dated by the same amount. */
export const OFFSET_IGNORED_MS = 5_000;
/** The most that a caller's clock may be wrong. */
export const APP_TOLERANCE_SECONDS = 30;

export type Credentials =
  { kind: 'api_key'; key: Secret } | { kind: 'ak_sk'; accessKey: string; secretKey: Secret };

export type RefreshReason = 'first' | 'renew' | 'resign';

export interface TokenSourceOptions {
  credentials: Credentials;
  clock: Clock;
  /** Called for every token that was made, and for every failure. */
  onRefresh?: (result: { ok: boolean; reason: RefreshReason }) => void;
}

export interface TokenSource {
  readonly kind: Credentials['kind'];
  /** Gives the header's value; a promise only while a token is being made. */
  authorization(): string | Promise<string>;
  /** Makes a new token, after Kling answered that the present one is early or expired (1003, 1004). */
  resign(): Promise<string>;
  /** Sets Kling's clock less ours; only a value above {@link OFFSET_IGNORED_MS} has an effect. */
  setClockOffset(offsetMs: Ms): void;
  /** Returns whether Kling accepts these credentials on a generation's paths (AK/SK are for the legacy one only). */
  supports(generation: Generation): boolean;
}

/** Makes the source of the header's value for the present credentials. */
export function createTokenSource(options: TokenSourceOptions): TokenSource {
  const { credentials } = options;
  if (credentials.kind === 'ak_sk') return new JwtSource(credentials, options);
  const { key } = credentials;
  return {
    kind: 'api_key',
    authorization: () => `Bearer ${key.reveal()}`,
    resign: () => Promise.resolve(`Bearer ${key.reveal()}`),
    setClockOffset: () => {},
    supports: () => true,
  };
}

interface Token {
  header: string;
  offsetMs: Ms;
  /** On the steady clock. */
  renewAtTick: Ms;
  /** On our wall clock, corrected. */
  madeAt: Ms;
}

class JwtSource implements TokenSource {
  readonly kind = 'ak_sk';
  readonly #accessKey: string;
  readonly #secretKey: Secret;
  readonly #clock: Clock;
  readonly #onRefresh: NonNullable<TokenSourceOptions['onRefresh']>;
  #token: Token | null = null;
  #pending: Promise<string> | null = null;
  #offsetMs: Ms = 0;

  constructor(credentials: Extract<Credentials, { kind: 'ak_sk' }>, options: TokenSourceOptions) {
    this.#accessKey = credentials.accessKey;
    this.#secretKey = credentials.secretKey;
    this.#clock = options.clock;
    this.#onRefresh = options.onRefresh ?? (() => {});
  }

  authorization(): string | Promise<string> {
    const token = this.#token;
    if (token !== null && this.#isFresh(token)) return token.header;
    return this.#make(token === null ? 'first' : 'renew');
  }

  resign(): Promise<string> {
    return this.#make('resign');
  }

  setClockOffset(offsetMs: Ms): void {
    this.#offsetMs = Math.abs(offsetMs) > OFFSET_IGNORED_MS ? offsetMs : 0;
  }

  supports(generation: Generation): boolean {
    return generation !== 'new';
  }

  #isFresh(token: Token): boolean {
    const age = this.#clock.now() + this.#offsetMs - token.madeAt;
    return (
      this.#clock.monotonic() < token.renewAtTick &&
      age < TOKEN_LIFE_MS - RENEW_BEFORE_MS &&
      age >= -TOKEN_BACKDATED_MS &&
      Math.abs(this.#offsetMs - token.offsetMs) <= OFFSET_IGNORED_MS
    );
  }

  #make(reason: RefreshReason): Promise<string> {
    this.#pending ??= this.#sign().then(
      (header) => {
        this.#pending = null;
        this.#onRefresh({ ok: true, reason });
        return header;
      },
      (error: unknown) => {
        this.#pending = null;
        this.#onRefresh({ ok: false, reason });
        throw error;
      },
    );
    return this.#pending;
  }

  async #sign(): Promise<string> {
    const offsetMs = this.#offsetMs;
    const madeAt = this.#clock.now() + offsetMs;
    const renewAtTick = this.#clock.monotonic() + TOKEN_LIFE_MS - RENEW_BEFORE_MS;
    // Loaded when it is needed: with an API key it never is.
    const { SignJWT } = await import('jose/jwt/sign');
    const jwt = await new SignJWT()
      .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
      .setIssuer(this.#accessKey)
      .setExpirationTime(Math.floor((madeAt + TOKEN_LIFE_MS) / 1000))
      .setNotBefore(Math.floor((madeAt - TOKEN_BACKDATED_MS) / 1000))
      .sign(this.#secretKey.key());
    const header = `Bearer ${jwt}`;
    this.#token = { header, offsetMs, renewAtTick, madeAt };
    return header;
  }
}

/** An app whose callers sign JWTs in the same way as for Kling. */
export interface AppKeys {
  accessKey: string;
  secretKey: Secret;
}

/** Gives the access key that a JWT names, unverified: it only selects the app; null for no JWT. */
export function claimedAccessKey(jwt: string): string | null {
  try {
    return decodeJwt(jwt).iss ?? null;
  } catch {
    return null;
  }
}

/** Returns whether a caller's JWT was signed with its app's secret key and is valid now, within 30 s. */
export async function verifyAppToken(jwt: string, app: AppKeys, clock: Clock): Promise<boolean> {
  const { jwtVerify } = await import('jose/jwt/verify');
  try {
    await jwtVerify(jwt, app.secretKey.key(), {
      algorithms: ['HS256'],
      issuer: app.accessKey,
      requiredClaims: ['iss', 'exp'],
      clockTolerance: APP_TOLERANCE_SECONDS,
      currentDate: new Date(clock.now()),
    });
    return true;
  } catch {
    return false;
  }
}
