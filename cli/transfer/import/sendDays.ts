/** The figures of days, which are sent before all sessions: a visit that closes by the import adds to them. */
import type { Returns } from "../../deployment/api.js";
import type { ComponentClient } from "../../deployment/client.js";
import { CliError, messageOf } from "../../errors.js";
import type { Day } from "../../../convex/sessionTracker/shared/days.js";
import { MAX_IMPORT_DAYS } from "../../../convex/sessionTracker/shared/limits.js";

type DaysImported = Returns<"operator/importDays:batch">;

/** @throws the error of the deployment or the network; days sent again change nothing */
export async function sendDays(
  client: ComponentClient,
  days: readonly Day[],
  interrupted: AbortSignal,
): Promise<DaysImported> {
  const imported = { changed: 0, unchanged: 0 };
  try {
    for (let first = 0; first < days.length; first += MAX_IMPORT_DAYS) {
      interrupted.throwIfAborted();
      const done: DaysImported = await client.mutation(
        "operator/importDays:batch",
        { days: days.slice(first, first + MAX_IMPORT_DAYS) },
        { repeatable: true },
      );
      imported.changed += done.changed;
      imported.unchanged += done.unchanged;
    }
    return imported;
  } catch (error) {
    const again = "No session is imported yet. Repeat the command.";
    if (interrupted.aborted) {
      throw new CliError("cancelled", `Interrupted. ${again}`);
    }
    const code = error instanceof CliError ? error.code : "failure";
    throw new CliError(code, `${messageOf(error)}\n${again}`, { cause: error });
  }
}
