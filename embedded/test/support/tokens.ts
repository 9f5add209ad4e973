import { SignJWT, exportJWK, generateKeyPair, type CryptoKey } from "jose";

const KEY_ID = "test-key";

/** Contents of a token; the defaults make one that is good for an hour. */
export interface TokenOptions {
  issuer?: string;
  audience?: string | string[];
  subject?: string;
  /** More claims, or others in place of those above. */
  claims?: Record<string, unknown>;
  /** Seconds until the token expires; null leaves the claim out. */
  expiresInS?: number | null;
  notBeforeInS?: number;
}

/** An identity provider of a test's own: a key pair and the tokens it signs. */
export class TestIssuer {
  readonly #key: CryptoKey;

  private constructor(
    key: CryptoKey,
    readonly issuer: string,
    readonly audience: string,
    readonly keySet: { keys: object[] },
  ) {
    this.#key = key;
  }

  static async create(
    issuer = "https://issuer.example",
    audience = "app",
  ): Promise<TestIssuer> {
    const { privateKey, publicKey } = await generateKeyPair("RS256");
    const key = await exportJWK(publicKey);
    return new TestIssuer(privateKey, issuer, audience, {
      keys: [{ ...key, kid: KEY_ID, alg: "RS256", use: "sig" }],
    });
  }

  /** The public keys in a `data:` URI, so that no network is used. */
  get jwks(): string {
    return `data:application/json,${encodeURIComponent(JSON.stringify(this.keySet))}`;
  }

  /** The source of an auth.config that trusts this issuer. */
  get authConfig(): string {
    const { issuer, audience: applicationID, jwks } = this;
    const provider = {
      type: "customJwt",
      issuer,
      applicationID,
      jwks,
      algorithm: "RS256",
    };
    return `export default { providers: [${JSON.stringify(provider)}] };`;
  }

  sign(options: TokenOptions = {}): Promise<string> {
    const nowS = Math.floor(Date.now() / 1_000);
    const token = new SignJWT(options.claims ?? {})
      .setProtectedHeader({ alg: "RS256", kid: KEY_ID })
      .setIssuer(options.issuer ?? this.issuer)
      .setAudience(options.audience ?? this.audience)
      .setSubject(options.subject ?? "user-1")
      .setIssuedAt(nowS);
    const { expiresInS = 3_600 } = options;
    if (expiresInS !== null) token.setExpirationTime(nowS + expiresInS);
    if (options.notBeforeInS !== undefined) {
      token.setNotBefore(nowS + options.notBeforeInS);
    }
    return token.sign(this.#key);
  }
}
