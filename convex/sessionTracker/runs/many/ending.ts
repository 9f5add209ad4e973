/** Ending sessions in a page of a run: their visits under way, and with a block whether or not there is one. */
import type { MutationCtx } from "../../_generated/server.js";
import type { HookSession } from "../../shared/hooks.js";
import { countStates } from "../../rows/counters.js";
import { type ClosedVisit, countVisits } from "../../rows/days.js";
import { type Allowance, spendOn } from "../../rows/deletes.js";
import { changeOf, noteChanges, type StateChange } from "../../rows/tallies.js";
import { toHookSession } from "../../settings/hooks.js";
import { tellAllEnded } from "../../settings/hooksOfMany.js";
import { closeEnded } from "../../visitors/end.js";
import type { PageDone } from "../due.js";
import { lastActiveOf } from "./look.js";
import type { Looked, ManyPage, Taker } from "./terms.js";

/** The read intervals of a session with a lease: of the one that the walk did not read, of a write, of a delete. */
const COST_OF_A_VISIT = 3;

export function ending(
  ctx: MutationCtx,
  {
    hookUnable,
    isOfRun,
    ...how
  }: Pick<ManyPage, "blockedUntil" | "reason" | "hookUnable" | "isOfRun">,
  allowance: Allowance,
  done: PageDone,
): Taker {
  const { blockedUntil, reason } = how;
  const block = blockedUntil === undefined ? {} : { blockedUntil };
  const told = { ...(reason === undefined ? {} : { reason }), ...block };
  const withoutVisit = {
    state: "ended" as const,
    ...(reason === undefined ? {} : { endReason: reason }),
    ...block,
  };
  const counts = { active: 0, expired: 0, ended: 0 };
  const visits: ClosedVisit[] = [];
  const changed: StateChange[] = [];
  const ended: HookSession[] = [];

  async function take(looked: Looked): Promise<boolean> {
    const { session, lease } = looked;
    let lastActive = lastActiveOf(looked);
    if (lease === null) {
      spendOn(allowance, session, 1);
      await ctx.db.patch("sessions", session._id, withoutVisit);
    } else {
      if (allowance.deletes < COST_OF_A_VISIT) return false;
      spendOn(allowance, session, COST_OF_A_VISIT);
      const closed = await closeEnded(ctx, session, lease, how);
      visits.push(closed.visit);
      lastActive = closed.lastActive;
      done.leases += 1;
    }
    if (session.state !== "ended") {
      counts[session.state] -= 1;
      counts.ended += 1;
      changed.push(changeOf(session, "ended"));
    }
    ended.push({ ...toHookSession(session, lastActive), ...told });
    return true;
  }

  async function finish(): Promise<void> {
    const of = isOfRun ? "end" : undefined;
    await countStates(ctx, counts, of);
    await countVisits(ctx, visits, of);
    await noteChanges(ctx, changed, of);
    await tellAllEnded(ctx, ended, hookUnable);
  }

  return { take, finish };
}
