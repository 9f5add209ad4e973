import {
  SESSION_STATES,
  type SessionState,
} from "../../../convex/sessionTracker/shared.js";
import type { Returns } from "../api.js";
import type { ComponentClient } from "../client.js";
import { countOf } from "../output.js";
import {
  fixed,
  ok,
  problem,
  skipped,
  warning,
  type Finding,
} from "./finding.js";

type Counts = Record<SessionState, number>;

/** What a count that differs is worth looking at again, while visitors come and go. */
const ATTEMPTS = 3;

/** Counts every session. Where the counters move meanwhile, nothing exact can be said. */
export async function checkCounters(
  client: ComponentClient,
  { deep, fix }: { deep: boolean; fix: boolean },
): Promise<Finding> {
  if (!deep) {
    return skipped("counters", "counts every session only with --deep");
  }
  let counted: Counts = { active: 0, expired: 0, ended: 0 };
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const before = await readCounters(client);
    counted = await countAll(client);
    const after = await readCounters(client);
    const missing = subtract(counted, after);
    const total = SESSION_STATES.reduce(
      (sum, state) => sum + counted[state],
      0,
    );
    if (isZero(missing)) {
      return ok(
        "counters",
        `agree with an exact count of ${countOf(total, "session")}`,
      );
    }
    if (isZero(subtract(after, before))) {
      return await wrong(client, missing, counted, fix);
    }
  }
  return warning(
    "counters",
    "changed while the sessions were counted, so that nothing exact can be said",
    "Repeat it when there is less traffic.",
  );
}

async function wrong(
  client: ComponentClient,
  missing: Counts,
  counted: Counts,
  fix: boolean,
): Promise<Finding> {
  const differences = SESSION_STATES.filter((state) => missing[state] !== 0)
    .map(
      (state) =>
        `${counted[state]} ${state} where the counter says ${counted[state] - missing[state]}`,
    )
    .join(", ");
  if (!fix) {
    return problem(
      "counters",
      `are wrong: ${differences}`,
      "`sessions-ops doctor --deep --fix` corrects them by the difference.",
    );
  }
  await client.mutation("health:correctCounters", missing);
  return fixed("counters", `corrected: ${differences}`);
}

async function readCounters(client: ComponentClient): Promise<Counts> {
  const { sessions } = await client.query("stats:status", {});
  const { active, expired, ended } = sessions;
  return { active, expired, ended };
}

async function countAll(client: ComponentClient): Promise<Counts> {
  const counts: Counts = { active: 0, expired: 0, ended: 0 };
  let cursor: string | null = null;
  do {
    const page: Returns<"health:count"> = await client.query("health:count", {
      cursor,
    });
    for (const state of SESSION_STATES) counts[state] += page[state];
    cursor = page.cursor;
  } while (cursor !== null);
  return counts;
}

function subtract(a: Counts, b: Counts): Counts {
  return {
    active: a.active - b.active,
    expired: a.expired - b.expired,
    ended: a.ended - b.ended,
  };
}

function isZero(counts: Counts): boolean {
  return SESSION_STATES.every((state) => counts[state] === 0);
}
