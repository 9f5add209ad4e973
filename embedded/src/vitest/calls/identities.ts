import { generateKeyPairSync, sign, type KeyObject } from "node:crypto";
import type { UserIdentity } from "convex/server";
import {
  canonicalIssuer,
  type CustomJwtProvider,
} from "../../server/auth/authProviders.js";
import { TestDeploymentError } from "../errors.js";

/** The issuer of identities that name none, as `convex-test` has it. */
const ISSUER = "https://convex.test";
const KEY_ID = "test";
/** The end of a token, which a test's clock comes to only if it means to. */
const LIFETIME_S = 366 * 86_400;

/** An identity with all that a deployment requires. */
export interface TestIdentity {
  readonly issuer: string;
  readonly subject: string;
  /** What else the token says. */
  readonly claims: Readonly<Record<string, unknown>>;
}

/**
 * Signs the tokens of users. Its key is trusted for whatever issuer an identity names, beside those of the
 * app's auth.config.
 */
export class Issuer {
  readonly #key: KeyObject;
  readonly #jwks: string;
  readonly #providers: CustomJwtProvider[] = [];

  constructor() {
    const pair = generateKeyPairSync("ec", { namedCurve: "P-256" });
    this.#key = pair.privateKey;
    const key = pair.publicKey.export({ format: "jwk" });
    const keys = [{ ...key, kid: KEY_ID, alg: "ES256", use: "sig" }];
    this.#jwks = `data:application/json,${encodeURIComponent(JSON.stringify({ keys }))}`;
  }

  /** What the deployment is to trust; grows with each issuer that signs a token. */
  get providers(): readonly CustomJwtProvider[] {
    return this.#providers;
  }

  /** A JWT that the deployment takes from now on. */
  sign(
    { issuer, subject, claims }: TestIdentity,
    nowMs: number,
    lifetimeS = LIFETIME_S,
  ): string {
    this.#trust(issuer);
    const iat = Math.floor(nowMs / 1_000);
    const payload = {
      ...claims,
      ...{ iss: issuer, sub: subject, aud: "convex", iat },
      exp: iat + lifetimeS,
    };
    const header = { alg: "ES256", typ: "JWT", kid: KEY_ID };
    const content = [header, payload]
      .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
      .join(".");
    const signature = sign("sha256", Buffer.from(content), {
      key: this.#key,
      dsaEncoding: "ieee-p1363",
    });
    return `${content}.${signature.toString("base64url")}`;
  }

  #trust(named: string): void {
    const issuer = canonicalIssuer(named);
    if (this.#providers.some((provider) => provider.issuer === issuer)) return;
    this.#providers.push({
      type: "customJwt",
      issuer,
      jwks: this.#jwks,
      algorithm: "ES256",
      applicationID: null,
    });
  }
}

let unnamed = 0;

/**
 * The identity of some attributes, of which none is required.
 * @throws TestDeploymentError "invalidIdentity"
 */
export function toIdentity(attributes: Partial<UserIdentity>): TestIdentity {
  const { tokenIdentifier, subject, issuer, ...claims } = attributes;
  const [byToken = ISSUER, ...rest] = tokenIdentifier?.split("|") ?? [];
  const identity = {
    issuer: issuer ?? byToken,
    subject:
      subject ?? (rest.length > 0 ? rest.join("|") : `user-${(unnamed += 1)}`),
    claims,
  };
  const made = `${identity.issuer}|${identity.subject}`;
  if (tokenIdentifier === undefined || tokenIdentifier === made) {
    return identity;
  }
  throw new TestDeploymentError(
    "invalidIdentity",
    `The tokenIdentifier of an identity is its issuer and its subject with "|" between, here ${JSON.stringify(made)}, and not ${JSON.stringify(tokenIdentifier)}. Leave it out, or give it alone.`,
  );
}
