import type { UserIdentity } from "convex/server";
import type { AdminKey } from "./adminKey.js";
import { parseJsonObject } from "../http/body.js";
import { HttpError, type ApiRequest } from "../http/http.js";
import { toActingIdentity } from "./userIdentity.js";
import type { UserTokens, VerifiedUser } from "./userTokens.js";

/**
 * Who sent a request. `actingUser` is an administrator who asks to be treated as a user (`convex
 * run --identity`) and may then call only what users may.
 */
export type Caller =
  | { readonly role: "anonymous" | "admin"; readonly identity: null }
  | { readonly role: "actingUser"; readonly identity: UserIdentity }
  | ({ readonly role: "user" } & VerifiedUser);

/** Parts of the deployment that tell callers apart. */
export interface AuthServices {
  readonly adminKey: AdminKey;
  readonly tokens: UserTokens;
}

/** The caller of a request without credentials. */
export const ANONYMOUS: Caller = { role: "anonymous", identity: null };
const ADMIN: Caller = { role: "admin", identity: null };

/**
 * The caller that the `Authorization` header names; a wrong key or token is refused, never ignored.
 */
export async function authenticate(
  request: ApiRequest,
  { adminKey, tokens }: AuthServices,
): Promise<Caller> {
  const header = request.header("authorization");
  if (header === undefined) return ANONYMOUS;
  const { scheme, token } = parseHeader(header);
  switch (scheme) {
    case "convex":
      return authenticateAdmin(token, adminKey);
    case "bearer":
      return { role: "user", ...(await tokens.authenticate(token)) };
    default:
      throw new HttpError(
        401,
        "InvalidAuthHeader",
        "The Authorization header must be `Bearer <token>` or `Convex <admin key>`.",
      );
  }
}

/** Refuses everyone but an administrator. */
export function requireAdmin(request: ApiRequest, key: AdminKey): Caller {
  const { scheme, token } = parseHeader(request.header("authorization") ?? "");
  if (scheme === "convex") return authenticateAdmin(token, key);
  throw new HttpError(
    401,
    "Unauthenticated",
    "This needs the admin key: send `Authorization: Convex <admin key>`. The key is in the deployment's data directory, in the file admin-key.",
  );
}

function parseHeader(header: string): { scheme: string; token: string } {
  const [, scheme = "", token = ""] = /^(\S+) +(.*)$/.exec(header) ?? [];
  return { scheme: scheme.toLowerCase(), token };
}

export function authenticateAdmin(token: string, key: AdminKey): Caller {
  const colon = token.indexOf(":");
  if (!key.matches(colon === -1 ? token : token.slice(0, colon))) {
    throw badAdminKey();
  }
  if (colon === -1) return ADMIN;
  const attributes = Buffer.from(token.slice(colon + 1), "base64").toString();
  return {
    role: "actingUser",
    identity: toActingIdentity(parseJsonObject(attributes)),
  };
}

function badAdminKey(): HttpError {
  return new HttpError(
    403,
    "BadAdminKey",
    "The admin key is not the one of this deployment. It is in the deployment's data directory, in the file admin-key.",
  );
}
