import { createHmac, timingSafeEqual } from "node:crypto";

/** What a token is good for: the component whose file it may upload, or nothing any more. */
export type TokenVerdict =
  | { readonly kind: "valid"; readonly componentPath: string }
  | { readonly kind: "invalid" }
  | { readonly kind: "expired" };

/** How long an upload may begin after its URL was made. */
const VALIDITY_MS = 3_600_000;
/** No token is as long; a longer one is refused unread. */
const MAX_LENGTH = 4_096;

/** Signed tokens in upload URLs: each names a component and the time it was made. */
export class UploadTokens {
  readonly #secret: Buffer;

  /** @param secret - whoever knows it can make tokens; another one ends all that were made */
  constructor(secret: Buffer) {
    this.#secret = secret;
  }

  issue(componentPath: string, nowMs: number): string {
    const claims = JSON.stringify([componentPath, Math.floor(nowMs / 1_000)]);
    const body = Buffer.from(claims).toString("base64url");
    return `${body}.${this.#sign(body).toString("base64url")}`;
  }

  check(token: string, nowMs: number): TokenVerdict {
    const [body = "", signature = "", ...rest] =
      token.length > MAX_LENGTH ? [] : token.split(".");
    const given = Buffer.from(signature, "base64url");
    const expected = this.#sign(body);
    if (
      rest.length > 0 ||
      given.length !== expected.length ||
      !timingSafeEqual(given, expected)
    ) {
      return { kind: "invalid" };
    }
    const [componentPath, issuedS] = JSON.parse(
      Buffer.from(body, "base64url").toString("utf8"),
    ) as [string, number];
    return issuedS * 1_000 + VALIDITY_MS <= nowMs
      ? { kind: "expired" }
      : { kind: "valid", componentPath };
  }

  #sign(body: string): Buffer {
    return createHmac("sha256", this.#secret).update(body).digest();
  }
}
