import { ANONYMOUS, type AuthServices, type Caller } from "../auth/auth.js";
import { HttpError } from "../http/http.js";
import { toActingIdentity } from "../auth/userIdentity.js";
import type { AuthenticateMessage } from "./messages.js";

/**
 * Who a client says it is. A user's token may take a request to its issuer; what the
 * client sends meanwhile waits.
 *
 * @throws HttpError for a token that is refused
 */
export async function authenticateSession(
  { tokenType, value = "", impersonating }: AuthenticateMessage,
  { adminKey, tokens }: AuthServices,
): Promise<Caller> {
  switch (tokenType) {
    case "None":
      return ANONYMOUS;
    case "User":
      return { role: "user", ...(await tokens.authenticate(value)) };
    case "Admin":
      if (!adminKey.matches(value)) {
        throw new HttpError(
          403,
          "BadAdminKey",
          "The admin key is not the one of this deployment.",
        );
      }
      return impersonating
        ? { role: "actingUser", identity: toActingIdentity(impersonating) }
        : { role: "admin", identity: null };
    default:
      return tokenType satisfies never;
  }
}
