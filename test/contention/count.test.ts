/** The exact count of `doctor --deep` beside visitors: what goes on within visits neither waits for it nor hinders it. */
import { expect, test } from "vitest";
import { Random } from "../../embedded/test/support/random.js";
import { api, freshComponent, t } from "../convex/support/fresh.js";
import { call, setUpUsed, VISITORS, visitorCalls } from "./calls.js";
import { contention, observeAll } from "./pairs.js";

/** Calls that change no session's state. */
const WITHIN_VISITS = [
  "heartbeat",
  "heartbeat that writes",
  "heartbeat of a page that is left",
  "next visit, before a run came by",
  "action",
  "link to a user",
];

freshComponent();

test("only changes of a session's state meet an exact count, and all of them do", async () => {
  await setUpUsed();
  const visitors = await visitorCalls();
  const tallyId = await t.mutation(api.operator.tally.begin, {});
  const { page } = api.operator.tally;
  const ask = (number: number) => ({ tallyId, page: number, fix: false });
  await t.mutation(page, ask(0));
  const last = call("the last page", page, () => ask(1));
  const observed = await observeAll([...visitors, last], 1);
  const random = new Random(14);
  const conflicts = (loser: string, winner: string) =>
    contention(observed, loser, winner, { random, pairs: VISITORS })
      .perThousand;
  for (const { name } of visitors) {
    const isWithin = WITHIN_VISITS.includes(name);
    expect([name, conflicts(name, last.name)]).toEqual([
      name,
      isWithin ? 0 : 1_000,
    ]);
    // A link writes a session that the page may count.
    if (name === "link to a user" || name.startsWith("next visit")) continue;
    expect([name, conflicts(last.name, name)]).toEqual([
      name,
      isWithin ? 0 : 1_000,
    ]);
  }
}, 120_000);
