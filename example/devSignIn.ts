import type { IncomingMessage, ServerResponse } from "node:http";
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey } from "jose";
import type { Plugin } from "vite";

const PATH = "/sign-in";
const KEY_ID = "example";
const ALGORITHM = "ES256";
/** Tokens live for a short time, and the page asks for the next one as long as it is open. */
const LIFETIME = "10 minutes";

/** Signs tokens with a key of its own, made anew at each start. The key is on no disk. */
export class DevSigner {
  readonly #key: CryptoKey;
  /** The public part, for EXAMPLE_JWKS in `convex/auth.config.ts`. */
  readonly jwks: string;

  private constructor(key: CryptoKey, jwks: string) {
    this.#key = key;
    this.jwks = jwks;
  }

  static async create(): Promise<DevSigner> {
    const { privateKey, publicKey } = await generateKeyPair(ALGORITHM);
    const key = { ...(await exportJWK(publicKey)), kid: KEY_ID, use: "sig" };
    const keys = JSON.stringify({ keys: [{ ...key, alg: ALGORITHM }] });
    return new DevSigner(
      privateKey,
      `data:application/json,${encodeURIComponent(keys)}`,
    );
  }

  /** A token of this user; that of `admin` says that they are an administrator. */
  sign(user: string): Promise<string> {
    return new SignJWT(user === "admin" ? { role: "admin" } : {})
      .setProtectedHeader({ alg: ALGORITHM, kid: KEY_ID })
      .setIssuer("https://sessions-ops.example")
      .setAudience("example")
      .setSubject(user)
      .setIssuedAt()
      .setExpirationTime(LIFETIME)
      .sign(this.#key);
  }
}

/**
 * Lets whoever opens the page sign in as whoever they say, administrators included, without a password. The plugin is for a
 * server that only this machine reaches; it is in no build.
 */
export function devSignIn(signer: DevSigner): Plugin {
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    if (request.method !== "POST") {
      response.writeHead(405, { Allow: "POST" }).end();
      return;
    }
    const { searchParams } = new URL(request.url ?? "", "http://localhost");
    signer.sign(searchParams.get("user") ?? "admin").then(
      (token) =>
        response
          .writeHead(200, {
            "Content-Type": "application/json",
            "Cache-Control": "no-store",
          })
          .end(JSON.stringify({ token })),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  };
  return {
    name: "dev-sign-in",
    configureServer: ({ middlewares }) => void middlewares.use(PATH, answer),
    configurePreviewServer: ({ middlewares }) =>
      void middlewares.use(PATH, answer),
  };
}
