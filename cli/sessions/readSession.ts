import type { SessionWithLease } from "../deployment/api.js";
import type { ComponentClient } from "../deployment/client.js";
import { CliError } from "../errors.js";

/** The kind of id that is meant; either, where neither is set. */
export interface IdOptions {
  readonly sessionId?: boolean;
  readonly anonymousId?: boolean;
}

/**
 * Reads the session with this sessionId or anonymousId. An id that is both is refused, until the kind
 * is said.
 */
export async function readSession(
  client: ComponentClient,
  id: string,
  options: IdOptions = {},
): Promise<SessionWithLease> {
  const kind = options.sessionId
    ? ("sessionId" as const)
    : options.anonymousId
      ? ("anonymousId" as const)
      : undefined;
  const found = await client.query("operator/show:get", {
    id,
    ...(kind === undefined ? {} : { kind }),
  });
  if (found !== null) return found;
  throw new CliError(
    "failure",
    `There is no session with the ${kind ?? "sessionId or anonymousId"} ${JSON.stringify(id)}. It may have been purged; \`sessions-ops list\` shows those there are.`,
  );
}

export function foundBy(id: string, { sessionId }: SessionWithLease): string {
  return `Found by its ${id === sessionId ? "sessionId" : "anonymousId"}.`;
}
