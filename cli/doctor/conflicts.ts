import type { ComponentClient } from "../deployment/client.js";
import { countOf } from "../terminal/words.js";
import { formatTime } from "../time/time.js";
import { ok, warning, type Finding } from "./finding.js";

/** Findings on mutations that ran again; none where the deployment does not tell them. */
export async function checkConflicts(
  client: ComponentClient,
): Promise<Finding[]> {
  const conflicts = await client.conflicts();
  if (conflicts === null) return [];
  const { count, outOfTries, since, pairs } = conflicts;
  const started = `since ${formatTime(since)}`;
  if (count === 0) return [ok("conflicts", `none ${started}`)];
  if (outOfTries === 0) {
    return [
      ok(
        "conflicts",
        `mutations ran again ${countOf(count, "time")} ${started}, none as often as Convex lets them`,
      ),
    ];
  }
  const worst = pairs.find((pair) => pair.outOfTries > 0);
  const which =
    worst === undefined
      ? ""
      : `: ${worst.loser} after ${worst.winner} over ${worst.table}`;
  return [
    warning(
      "conflicts",
      `${started} ${countOf(outOfTries, "mutation")} lost as many tries as Convex makes before it fails them${which}`,
      "Let that mutation read less of what the other writes; `npx convex logs` shows each try.",
    ),
  ];
}
