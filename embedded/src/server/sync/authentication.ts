import { ANONYMOUS, type AuthServices, type Caller } from "../auth/auth.js";
import { HttpError } from "../http/http.js";
import { toActingIdentity } from "../auth/userIdentity.js";
import type { AuthenticateMessage } from "./messages.js";

/**
 * The user a client says it is. To check a user's token may take a request to its issuer; messages
 * of the client wait meanwhile.
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
