import { parseJsonObject } from "./body.js";
import type { AdminKey } from "./adminKey.js";
import { HttpError, type ApiRequest } from "./http.js";

/**
 * Who a request comes from. `actingUser` is an administrator who asks to be
 * treated as a user (`convex run --identity`): then only what users may call.
 */
export type Caller = "anonymous" | "admin" | "actingUser";

/** Reads the `Authorization` header; a wrong key is refused, never ignored. */
export function authenticate(request: ApiRequest, key: AdminKey): Caller {
  const header = request.header("authorization");
  if (header === undefined) return "anonymous";
  const [, scheme = "", token = ""] = /^(\S+) +(.*)$/.exec(header) ?? [];
  switch (scheme.toLowerCase()) {
    case "convex":
      return authenticateAdmin(token, key);
    case "bearer":
      throw new HttpError(
        401,
        "UnsupportedAuth",
        "The embedded deployment does not verify user tokens. Call without `Authorization: Bearer`, or use the admin key.",
      );
    default:
      throw new HttpError(
        401,
        "InvalidAuthHeader",
        "The Authorization header must be `Convex <admin key>`.",
      );
  }
}

/** Refuses everyone but an administrator. */
export function requireAdmin(request: ApiRequest, key: AdminKey): Caller {
  const caller = authenticate(request, key);
  if (caller !== "anonymous") return caller;
  throw new HttpError(
    401,
    "Unauthenticated",
    "This needs the admin key: send `Authorization: Convex <admin key>`. The key is in the deployment's data directory, in the file admin-key.",
  );
}

/** Checks the key that a push carries in its body. */
export function requireAdminKey(candidate: unknown, key: AdminKey): void {
  if (typeof candidate !== "string" || !key.matches(candidate)) {
    throw badAdminKey();
  }
}

function authenticateAdmin(token: string, key: AdminKey): Caller {
  const colon = token.indexOf(":");
  if (!key.matches(colon === -1 ? token : token.slice(0, colon))) {
    throw badAdminKey();
  }
  if (colon === -1) return "admin";
  parseJsonObject(Buffer.from(token.slice(colon + 1), "base64").toString());
  return "actingUser";
}

function badAdminKey(): HttpError {
  return new HttpError(
    403,
    "BadAdminKey",
    "The admin key is not the one of this deployment. It is in the deployment's data directory, in the file admin-key.",
  );
}
