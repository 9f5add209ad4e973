import type { UserIdentity } from "convex/server";
import {
  createLocalJWKSet,
  createRemoteJWKSet,
  decodeJwt,
  errors,
  jwtVerify,
} from "jose";
import type { JSONWebKeySet, JWTPayload, JWTVerifyGetKey } from "jose";
import type { Clock } from "../../clock.js";
import {
  canonicalIssuer,
  type AuthProvider,
  type OidcProvider,
} from "./authProviders.js";
import { isJsonObject } from "../http/body.js";
import { HttpError } from "../http/http.js";
import { customIdentity, oidcIdentity } from "./userIdentity.js";

/** Convex's own tolerance for clocks that differ. */
const CLOCK_TOLERANCE_S = 5;
const PROVIDER_TIMEOUT_MS = 5_000;

/** Algorithms with a public key only: with a shared secret, or none, anyone could issue tokens. */
const OIDC_ALGORITHMS = ["RS256", "ES256", "EdDSA"];

/** Source of the running code's providers. */
export interface ProviderSource {
  readonly revision: { readonly auth: readonly AuthProvider[] };
}

/** The user a token speaks for, and until when. */
export interface VerifiedUser {
  readonly identity: UserIdentity;
  readonly authToken: string;
  /**
   * The token's expiry plus the tolerance for clocks that differ, so that a token just accepted is
   * not refused at once.
   */
  readonly expiresAtMs: number;
}

/** Limit for a token's length. HTTP headers hold less; over a WebSocket nothing else bounds it. */
const MAX_TOKEN_CHARACTERS = 64 * 1_024;

/** Verifies the tokens of users against the providers of auth.config. */
export class UserTokens {
  readonly #code: ProviderSource;
  readonly #clock: Clock;
  /**
   * Key set of each provider. `jose` keeps a set for ten minutes and asks again for a key it does
   * not know.
   */
  readonly #keys = new WeakMap<AuthProvider, Promise<JWTVerifyGetKey>>();

  constructor(code: ProviderSource, clock: Clock) {
    this.#code = code;
    this.#clock = clock;
  }

  /**
   * The user a JWT speaks for.
   *
   * @throws HttpError 401 with a sentence that says what is wrong with the token; 503 when the
   * provider's keys cannot be had.
   */
  async authenticate(token: string): Promise<VerifiedUser> {
    if (token.length > MAX_TOKEN_CHARACTERS) {
      throw unauthenticated(
        "InvalidAuthHeader",
        `The token has ${token.length} characters; at most ${MAX_TOKEN_CHARACTERS} are looked at.`,
      );
    }
    const provider = this.#findProvider(decode(token));
    const isCustom = "type" in provider;
    const keys = await this.#keysOf(provider);
    try {
      const { payload } = await jwtVerify(token, keys, {
        algorithms: isCustom ? [provider.algorithm] : OIDC_ALGORITHMS,
        ...(provider.applicationID === null
          ? {}
          : { audience: provider.applicationID }),
        requiredClaims: ["iss", "sub", "exp"],
        clockTolerance: CLOCK_TOLERANCE_S,
        currentDate: new Date(this.#clock.now()),
      });
      return {
        identity: isCustom ? customIdentity(payload) : oidcIdentity(payload),
        authToken: token,
        expiresAtMs: (payload.exp! + CLOCK_TOLERANCE_S) * 1_000,
      };
    } catch (cause) {
      if (cause instanceof HttpError) throw cause;
      throw unauthenticated(
        "Unauthenticated",
        `Could not verify the token: ${explain(cause)}.`,
        cause,
      );
    }
  }

  /** @throws HttpError 401 once a user's token has expired. */
  checkStillValid({ expiresAtMs }: VerifiedUser): void {
    if (this.#clock.now() < expiresAtMs) return;
    const expired = new Date(expiresAtMs - CLOCK_TOLERANCE_S * 1_000);
    throw unauthenticated(
      "TokenExpired",
      `The token of this connection expired at ${expired.toISOString()}.`,
    );
  }

  #findProvider({ iss, aud }: JWTPayload): AuthProvider {
    if (iss === undefined) {
      throw unauthenticated("InvalidAuthHeader", "The token has no issuer.");
    }
    // Until the signature is verified, a claim is whatever its sender wrote.
    if (typeof iss !== "string" || !isAudience(aud)) {
      throw unauthenticated(
        "InvalidAuthHeader",
        "The token's iss must be a string, and its aud, if there is one, a string or an array of strings.",
      );
    }
    const { auth } = this.#code.revision;
    const audiences = [aud ?? []].flat();
    const found = auth.find(
      (provider) =>
        issuerOf(provider) === canonicalIssuer(iss) &&
        (provider.applicationID === null ||
          audiences.includes(provider.applicationID)),
    );
    if (found !== undefined) return found;
    const known = auth.map(
      (provider) =>
        `${issuerOf(provider)} (applicationID ${provider.applicationID ?? "any"})`,
    );
    throw unauthenticated(
      "NoAuthProvider",
      `No auth provider is configured for a token of issuer ${JSON.stringify(iss)} and audience ${JSON.stringify(aud ?? null)}. ${
        known.length === 0
          ? "convex/auth.config.ts configures none"
          : `convex/auth.config.ts has ${known.join(", ")}`
      }.`,
    );
  }

  #keysOf(provider: AuthProvider): Promise<JWTVerifyGetKey> {
    const known = this.#keys.get(provider);
    if (known !== undefined) return known;
    const loading = loadKeys(provider);
    this.#keys.set(provider, loading);
    // A failure is not cached: the next token loads the keys again.
    loading.catch(() => this.#keys.delete(provider));
    return loading;
  }
}

function isAudience(aud: unknown): boolean {
  return [aud ?? []].flat().every((name) => typeof name === "string");
}

function issuerOf(provider: AuthProvider): string {
  return "type" in provider ? provider.issuer : provider.domain;
}

async function loadKeys(provider: AuthProvider): Promise<JWTVerifyGetKey> {
  const url = "type" in provider ? provider.jwks : await discover(provider);
  const keySet = url.startsWith("data:")
    ? includedKeys(provider, url)
    : createRemoteJWKSet(new URL(url), {
        timeoutDuration: PROVIDER_TIMEOUT_MS,
      });
  return async (header, token) => {
    try {
      return await keySet(header, token);
    } catch (error) {
      if (isAboutToken(error)) throw error;
      throw providerFailed(provider, error);
    }
  };
}

/** The keys in a `data:` URI. */
function includedKeys(provider: AuthProvider, url: string) {
  const [, base64, data = ""] = /^data:[^,]*?(;base64)?,(.*)$/s.exec(url) ?? [];
  try {
    const text =
      base64 === undefined
        ? decodeURIComponent(data)
        : Buffer.from(data, "base64").toString();
    return createLocalJWKSet(JSON.parse(text) as JSONWebKeySet);
  } catch (error) {
    throw providerFailed(provider, error);
  }
}

/**
 * Whether an error is about the token, which names the key that signed it; any other error is the
 * provider's.
 */
function isAboutToken(error: unknown): boolean {
  return (
    error instanceof errors.JWKSNoMatchingKey ||
    error instanceof errors.JWKSMultipleMatchingKeys ||
    error instanceof errors.JOSENotSupported
  );
}

/** The address of a provider's keys, from its discovery document. */
async function discover(provider: OidcProvider): Promise<string> {
  try {
    const response = await fetch(
      `${provider.domain}/.well-known/openid-configuration`,
      { signal: AbortSignal.timeout(PROVIDER_TIMEOUT_MS) },
    );
    if (!response.ok) throw new Error(`it answered ${response.status}`);
    const document: unknown = await response.json();
    const { issuer, jwks_uri: keys } = isJsonObject(document) ? document : {};
    if (
      typeof issuer !== "string" ||
      canonicalIssuer(issuer) !== provider.domain
    ) {
      throw new Error(`it calls itself ${JSON.stringify(issuer)}`);
    }
    if (typeof keys !== "string") throw new Error("it names no jwks_uri");
    return keys;
  } catch (error) {
    throw providerFailed(provider, error);
  }
}

function decode(token: string): JWTPayload {
  try {
    return decodeJwt(token);
  } catch (cause) {
    throw unauthenticated(
      "InvalidAuthHeader",
      "The token is not a JWT: three base64url parts with dots between, the middle one a JSON object.",
      cause,
    );
  }
}

function explain(error: unknown): string {
  if (error instanceof errors.JWTExpired) {
    const { exp } = error.payload;
    return exp === undefined
      ? "it is expired"
      : `it expired at ${new Date(exp * 1_000).toISOString()}`;
  }
  if (error instanceof errors.JOSEAlgNotAllowed) {
    return "its provider signs with another algorithm";
  }
  return error instanceof Error ? error.message : String(error);
}

function unauthenticated(
  wireCode: string,
  message: string,
  cause?: unknown,
): HttpError {
  return new HttpError(401, wireCode, message, { cause });
}

function providerFailed(provider: AuthProvider, cause: unknown): HttpError {
  return new HttpError(
    503,
    "AuthProviderDiscoveryFailed",
    `The keys of the auth provider ${issuerOf(provider)} could not be loaded: ${cause instanceof Error ? cause.message : String(cause)}.`,
    { cause },
  );
}
