import type { Returns } from "../deployment/api.js";
import type { ComponentClient } from "../deployment/client.js";
import { countOf } from "../terminal/words.js";
import { fixed, ok, problem, skipped, type Finding } from "./finding.js";
import {
  SESSION_STATES,
  type SessionState,
} from "../../convex/sessionTracker/shared/sessions.js";

/** Counts every session, exactly, also while visitors come and go: see the component's `tallies`. */
export async function checkCounters(
  client: ComponentClient,
  { deep, fix }: { deep: boolean; fix: boolean },
): Promise<Finding> {
  if (!deep) {
    return skipped("counters", "counts every session only with --deep");
  }
  const { counted, missing, fixed: isFixed } = await countAll(client, fix);
  const wrong = SESSION_STATES.filter((state) => missing[state] !== 0);
  if (wrong.length === 0) {
    const total = SESSION_STATES.reduce((sum, one) => sum + counted[one], 0);
    return ok(
      "counters",
      `agree with an exact count of ${countOf(total, "session")}`,
    );
  }
  const differences = wrong
    .map((state: SessionState) => {
      const counter = counted[state] - missing[state];
      return `${counted[state]} ${state} where the counter says ${counter}`;
    })
    .join(", ");
  if (isFixed) return fixed("counters", `corrected: ${differences}`);
  return problem(
    "counters",
    `are wrong: ${differences}`,
    "`sessions-ops doctor --deep --fix` corrects them by the difference.",
  );
}

type Done = NonNullable<Returns<"operator/tally:page">>;

async function countAll(client: ComponentClient, fix: boolean): Promise<Done> {
  const again = { repeatable: true };
  const tallyId = await client.mutation("operator/tally:begin", {}, again);
  let done: Returns<"operator/tally:page"> = null;
  for (let page = 0; done === null; page += 1) {
    done = await client.mutation(
      "operator/tally:page",
      { tallyId, page, fix },
      again,
    );
  }
  return done;
}
